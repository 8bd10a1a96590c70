"""scipy and numpy on the work of `invitro-bench inference`: prints {task: milliseconds} as JSON.

n = 83 rows, 10,000 resamples, independent rows (scipy knows no clusters). Looping over all pairs
of 50 systems is measured on every 49th pair and multiplied; all else is run in full.
"""
import json
import time

import numpy as np
from scipy import stats

n, R, S = 83, 10_000, 50
g = np.random.default_rng(0)
gold = np.clip(g.normal(4, 1.7, n), 1, 7)
systems = [np.clip(gold * 0.4 + g.normal(2.4, 1.2, n), 1, 7) for _ in range(S)]
a, b = systems[:2]


def pcc(x, y, axis=-1):
    x = x - x.mean(axis=axis, keepdims=True)
    y = y - y.mean(axis=axis, keepdims=True)
    return (x * y).sum(axis) / np.sqrt((x * x).sum(axis) * (y * y).sum(axis))


def ccc(x, y, axis=-1):
    mx, my = x.mean(axis=axis, keepdims=True), y.mean(axis=axis, keepdims=True)
    dx, dy = x - mx, y - my
    return 2 * (dx * dy).mean(axis) / ((dx * dx).mean(axis) + (dy * dy).mean(axis) + ((mx - my) ** 2)[..., 0])


def rmse(x, y, axis=-1):
    return np.sqrt(((x - y) ** 2).mean(axis))


METRICS = (pcc, ccc, rmse)


def best(f, runs):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        f()
        times.append(time.perf_counter() - start)
    return min(times) * 1e3


def scipy_boot():
    for f in METRICS:
        stats.bootstrap((a, gold), f, paired=True, vectorized=True, n_resamples=R,
                        method="percentile", rng=np.random.default_rng(1))


def scipy_perm(x=a, y=b, f=pcc):
    return stats.permutation_test(
        (x, y), lambda u, v, axis=-1: f(u, gold, axis) - f(v, gold, axis),
        permutation_type="samples", vectorized=True, n_resamples=R, axis=-1,
        rng=np.random.default_rng(1)).pvalue


def counts(rng):
    i = rng.integers(0, n, (R, n))
    return np.bincount((i + np.arange(R)[:, None] * n).ravel(), minlength=R * n).reshape(R, n).astype(float)


def from_sums(m, x):
    """PCC, CCC, RMSE of replicates from means of x, y, xx, yy, xy, ee (columns of m)."""
    vx, vy, c = m[:, 2] - m[:, 0] ** 2, m[:, 3] - m[:, 1] ** 2, m[:, 4] - m[:, 0] * m[:, 1]
    d = m[:, 0] + x.mean() - m[:, 1] - gold.mean()
    return c / np.sqrt(vx * vy), 2 * c / (vx + vy + d * d), np.sqrt(m[:, 5])


def numpy_counts():
    w = counts(np.random.default_rng(1))
    xc, yc = a - a.mean(), gold - gold.mean()
    m = w @ np.c_[xc, yc, xc * xc, yc * yc, xc * yc, (a - gold) ** 2] / n
    return [np.percentile(v, [2.5, 97.5]) for v in from_sums(m, a)]


def numpy_shared():
    """One shared resample, metrics of each system once, percentile intervals of all differences."""
    w = counts(np.random.default_rng(1))
    yc = gold - gold.mean()
    values = []
    for x in systems:
        xc = x - x.mean()
        m = w @ np.c_[xc, yc, xc * xc, yc * yc, xc * yc, (x - gold) ** 2] / n
        values.append(from_sums(m, x))
    return [np.percentile(values[p][k] - values[q][k], [2.5, 97.5])
            for p in range(S) for q in range(p) for k in range(3)]


def numpy_swaps():
    """One shared matrix of swaps; sums of each system once, three p-values of every pair."""
    w = (np.random.default_rng(1).random((R, n)) < 0.5).astype(float)
    yc = gold - gold.mean()
    vy = (yc * yc).sum()
    z = [(x - x.mean()) / x.std() for x in systems]
    raw = [x - gold.mean() for x in systems]
    sums = [np.c_[u, u * u, u * yc, v * v, v * yc] for u, v in zip(z, raw)]
    swapped = [w @ s for s in sums]
    total = [s.sum(0) for s in sums]

    def three(s):
        return (s[..., 2] / np.sqrt((s[..., 1] - s[..., 0] ** 2 / n) * vy),
                2 * s[..., 4] / (s[..., 3] + vy), np.sqrt((s[..., 3] - 2 * s[..., 4] + vy) / n))

    p = []
    for i in range(S):
        for j in range(i):
            d = swapped[j] - swapped[i]
            observed = [u - v for u, v in zip(three(total[i]), three(total[j]))]
            apart = [u - v for u, v in zip(three(total[i] + d), three(total[j] - d))]
            p += [((np.abs(u) >= abs(o) - 1e-12).sum() + 1) / (R + 1) for u, o in zip(apart, observed)]
    return p


pairs = [(i, j) for i in range(S) for j in range(i)]
some = pairs[::49]


def scipy_pairs():
    for i, j in some:
        for f in METRICS:
            scipy_perm(systems[i], systems[j], f)


for warm in (scipy_boot, scipy_perm, numpy_counts):
    warm()
print(json.dumps({
    "scipy_boot": best(scipy_boot, 5), "scipy_perm": best(scipy_perm, 5),
    "numpy_counts": best(numpy_counts, 5), "numpy_shared": best(numpy_shared, 2),
    "numpy_swaps": best(numpy_swaps, 2),
    "scipy_pairs": best(scipy_pairs, 1) * len(pairs) / len(some),
}))
