"""scipy and numpy on the work of `invitro-bench inference`: prints {task: milliseconds} as JSON.

n = 83 rows, 10,000 resamples, independent rows (scipy knows no clusters). Looping over all pairs
of 50 systems is measured on every 49th pair and multiplied (scipy, and numpy with each row left
out); all else is run in full.
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


def fisher(r):
    return np.arctanh(r)


def three_of(sx, sxx, sxy, see, m, my, vy):
    """Fisher's z of PCC and CCC and ln RMSE from sums over m rows; vy and my belong to these rows."""
    mx = sx / m
    vx, c = sxx / m - mx * mx, sxy / m - mx * my
    return fisher(c / np.sqrt(vx * vy)), fisher(2 * c / (vx + vy + (mx - my) ** 2)), 0.5 * np.log(see / m)


def numpy_delete_one(i, j, w):
    """The studentised swap test of one pair by its definition: each row left out of each permutation."""
    y = gold - gold.mean()
    my, vy = -y / (n - 1), ((y * y).sum() - y * y) / (n - 1) - (y / (n - 1)) ** 2
    p = []
    columns = [[(x - x.mean()) / x.std() for x in (systems[i], systems[j])],
               [x - gold.mean() for x in (systems[i], systems[j])]]
    for which, (u, v) in ((0, columns[0]), (1, columns[1]), (2, columns[1])):
        whole, left = [], []
        for x in (np.where(w, v, u), np.where(w, u, v)):
            rows = (x, x * x, x * y, (x - y) ** 2)
            total = [r.sum(1, keepdims=True) for r in rows]
            whole.append(three_of(*[s[:, 0] for s in total], n, 0.0, (y * y).mean())[which])
            left.append(three_of(*[s - r for s, r in zip(total, rows)], n - 1, my, vy)[which])
        apart = left[0] - left[1]
        error = np.sqrt(((apart - apart.mean(1, keepdims=True)) ** 2).sum(1))
        ratio = np.abs(whole[0] - whole[1]) / error
        p.append(((ratio[1:] >= ratio[0]).sum() + 1) / (R + 1))
    return p


def numpy_products(i, j, w):
    """The same by sums that are linear in the indicators: one product for metrics and errors."""
    y = gold - gold.mean()
    shared = np.stack([np.ones(n), y, y * y])
    vy, p = (y * y).sum(), []
    for which, f in ((0, lambda x: (x - x.mean()) / x.std()), (1, lambda x: x - gold.mean())):
        A, B = [np.stack([x, x * x, x * y]) for x in (f(systems[i]), f(systems[j]))]
        D = B - A
        mixed = [(k, l) for k in range(3) for l in range(k, 3)]
        own = lambda X: np.concatenate([X, (shared[:, None] * X).reshape(9, n), [X[k] * X[l] for k, l in mixed]])
        FA, FB = own(A), own(B)
        E = np.stack([B[k] * A[l] - A[k] * B[l] for k, l in ((0, 1), (0, 2), (1, 2))])
        moved = w @ np.concatenate([FB - FA, E]).T
        u, v = (FA.sum(1) + moved[:, :18]).T, (FB.sum(1) - moved[:, :18]).T
        g = []
        for s in (u, v):
            m = s[0] / n
            spread = s[1] - s[0] * m
            if which == 0:
                scale = np.sqrt(spread * vy)
                r = s[2] / scale
                k = 1 / (1 - r * r)
                aa, ay = -0.5 * k * r / spread, k / scale
                g.append((r, [m * m * aa, -m * ay, -0.5 * k * r / vy], [-2 * m * aa, aa, ay]))
            else:
                total = spread + vy + s[0] * m
                r = 2 * s[2] / total
                k = 1 / ((1 - r * r) * total)
                g.append((r, [0 * m, 2 * m * k * (r - 1), -r * k], [0 * m, -r * k, 2 * k]))
        h = [a - b for a, b in zip(g[0][1], g[1][1])]
        variance = sum(h[k] * h[l] * (shared[k] * shared[l]).sum() for k in range(3) for l in range(3))
        for sign, (r, _, d), s in ((1, g[0], u), (-1, g[1], v)):
            variance = variance + 2 * sign * sum(h[k] * d[l] * s[3 + 3 * k + l] for k in range(3) for l in range(3))
            variance = variance + sum((1 if k == l else 2) * d[k] * d[l] * s[12 + q] for q, (k, l) in enumerate(mixed))
        for k in range(3):
            variance = variance - 2 * g[0][2][k] * g[1][2][k] * (A[k] * B[k]).sum()
        for q, (k, l) in enumerate(((0, 1), (0, 2), (1, 2))):
            kl = (A[k] * B[l]).sum() + moved[:, 18 + q]
            lk = (A[k] * B[l]).sum() + (B[k] * A[l]).sum() - kl
            variance = variance - 2 * (g[0][2][k] * g[1][2][l] * kl + g[0][2][l] * g[1][2][k] * lk)
        ratio = np.abs(fisher(g[0][0]) - fisher(g[1][0])) / np.sqrt(variance)
        p.append(((ratio[1:] >= ratio[0] * (1 - 1e-9)).sum() + 1) / (R + 1))
    e, f = [(x - gold) ** 2 for x in (systems[i], systems[j])]
    moved = w @ np.stack([f - e, f * f - e * e]).T
    a1, b1, a2, b2 = e.sum() + moved[:, 0], f.sum() - moved[:, 0], (e * e).sum() + moved[:, 1], (f * f).sum() - moved[:, 1]
    ratio = np.abs(np.log(a1 / b1)) / np.sqrt(a2 / a1**2 + b2 / b1**2 - 2 * (e * f).sum() / (a1 * b1))
    return p + [((ratio[1:] >= ratio[0] * (1 - 1e-9)).sum() + 1) / (R + 1)]


def swaps():
    """R rows of swaps after one of none."""
    return np.concatenate([np.zeros((1, n)), (np.random.default_rng(1).random((R, n)) < 0.5)])


pairs = [(i, j) for i in range(S) for j in range(i)]
some = pairs[::49]


def scipy_pairs():
    for i, j in some:
        for f in METRICS:
            scipy_perm(systems[i], systems[j], f)


def loop(test, chosen, dtype):
    w = swaps().astype(dtype)
    for i, j in chosen:
        test(i, j, w)


for warm in (scipy_boot, scipy_perm, numpy_counts):
    warm()
a_pair = [numpy_delete_one(1, 0, swaps().astype(bool)), numpy_products(1, 0, swaps())]
# The jackknife and its infinitesimal form differ by little at 83 rows.
assert all(abs(x - y) < 0.02 for x, y in zip(*a_pair)), a_pair
print(json.dumps({
    "scipy_boot": best(scipy_boot, 5), "scipy_perm": best(scipy_perm, 5),
    "numpy_counts": best(numpy_counts, 5),
    "numpy_delete_one": best(lambda: loop(numpy_delete_one, some, bool), 1) * len(pairs) / len(some),
    "numpy_products": best(lambda: loop(numpy_products, pairs, float), 1),
    "scipy_pairs": best(scipy_pairs, 1) * len(pairs) / len(some),
}))
