"""Goldens of what a model's labels may replace: python3 make_substitution.py > substitution.json

- means: ppi_py 0.2.3 (ppi-python on PyPI), ppi_mean_pointestimate, ppi_mean_ci and classical_mean_ci.
- annotators: the alternative annotator test (Calderon, Reichart and Dror 2025, sections 3 and appendix) written
  out with numpy and scipy.stats.ttest_1samp; with clusters, the sandwich error written out.
- ceilings: one-way analysis of variance and triple collocation by numpy, intervals by deleting a person.
Seeded; ratings are quarters, so that ties are exact.
"""
import json

import numpy as np
from ppi_py import classical_mean_ci, ppi_mean_ci, ppi_mean_pointestimate
from scipy import stats

rng = np.random.default_rng(20)


def numbers(values):
    return [float(v) for v in np.ravel(values)]


def mean(n, others, slope, noise):
    truth = rng.normal(4, 1, n + others)
    y = np.round(truth[:n] + rng.normal(0, 0.5, n), 3)
    f = np.round(1 + slope * truth + rng.normal(0, noise, n + others), 3)
    low, high = ppi_mean_ci(y, f[:n], f[n:], alpha=0.05)
    plain = classical_mean_ci(y, alpha=0.05)
    return {"labels": numbers(y), "predictions": numbers(f[:n]), "others": numbers(f[n:]),
            "estimate": numbers(ppi_mean_pointestimate(y, f[:n], f[n:]))[0],
            "low": numbers(low)[0], "high": numbers(high)[0],
            "classical_low": numbers(plain[0])[0], "classical_high": numbers(plain[1])[0]}


def score(value, others):
    return -np.sqrt(np.mean((value - others) ** 2))


def alt_test(ratings, model, person, epsilon, q=0.05):
    """ratings: (items, annotators) with NaN where one has not rated; person: (items,) or None."""
    rows = []
    for j in range(ratings.shape[1]):
        f, h, of = [], [], []
        for i in range(ratings.shape[0]):
            rest = np.delete(ratings[i], j)
            rest = rest[~np.isnan(rest)]
            if np.isnan(ratings[i, j]) or len(rest) == 0:
                continue
            a, b = score(model[i], rest), score(ratings[i, j], rest)
            f.append(float(a >= b))
            h.append(float(b >= a))
            of.append(i if person is None else person[i])
        if len(f) < 30:
            rows.append(None)
            continue
        d = np.array(h) - np.array(f)
        if person is None:
            p = stats.ttest_1samp(d, epsilon, alternative="less").pvalue
        else:
            _, inverse, sizes = np.unique(of, return_inverse=True, return_counts=True)
            sums = np.bincount(inverse, d - d.mean())
            g = len(sizes)
            error = np.sqrt((sums ** 2).sum() / len(d) ** 2 * g / (g - 1))
            p = stats.t.cdf((d.mean() - epsilon) / error, sizes.sum() ** 2 / (sizes ** 2).sum() - 1)
        rows.append({"items": len(f), "model": float(np.mean(f)), "human": float(np.mean(h)), "p": float(p)})
    kept = [r for r in rows if r]
    order = np.argsort([r["p"] for r in kept])
    m = len(kept)
    harmonic = sum(1 / (k + 1) for k in range(m))
    last = max([k for k in range(m) if kept[order[k]]["p"] <= (k + 1) / m * q / harmonic], default=-1)
    for place, index in enumerate(order):
        kept[index]["won"] = bool(place <= last)
    return {"annotators": rows, "winning_rate": float(np.mean([r["won"] for r in kept])),
            "advantage": float(np.mean([r["model"] for r in kept]))}


def annotators(items, people, noise, model_noise, epsilon, missing=0.0, writers=None):
    person = None if writers is None else rng.integers(0, writers, items)
    truth = rng.normal(4, 1, items)
    if person is not None:
        truth = truth + rng.normal(0, 1, writers)[person]
    def quarters(x):
        return np.clip(np.round(x * 4) / 4, 1, 7)
    ratings = np.column_stack([quarters(truth + rng.normal(0, s, items)) for s in noise])
    ratings[rng.random(ratings.shape) < missing] = np.nan
    model = quarters(truth + rng.normal(0, model_noise, items))
    return {"epsilon": epsilon, "ratings": [[None if np.isnan(v) else v for v in row] for row in ratings.tolist()],
            "model": model.tolist(), "person": None if person is None else person.tolist(),
            **alt_test(ratings, model, person, epsilon)}


def jackknife(persons, square):
    names, inverse = np.unique(persons, return_inverse=True)
    point = square(np.ones(len(persons), bool))
    without = np.log([square(inverse != g) for g in range(len(names))])
    g = len(names)
    error = np.sqrt((g - 1) / g * ((without - without.mean()) ** 2).sum())
    sizes = np.bincount(inverse)
    half = stats.t.ppf(0.975, sizes.sum() ** 2 / (sizes ** 2).sum() - 1) * error
    return {"value": float(np.sqrt(point)), "low": float(np.exp((np.log(point) - half) / 2)),
            "high": float(np.exp((np.log(point) + half) / 2))}


def ceiling(persons):
    sizes = rng.integers(1, 7, persons)
    person = np.repeat(np.arange(persons), sizes)
    truth = rng.normal(0, 1, len(person)) + rng.normal(0, 0.6, persons)[person]
    a = np.round(4 + truth + rng.normal(0, 1, persons)[person] + rng.normal(0, 0.7, len(person)), 3)
    b = np.round(3 + 0.6 * truth + rng.normal(0, 0.5, len(person)), 3)
    c = np.round(4 + 0.4 * truth + rng.normal(0, 0.4, len(person)), 3)

    def icc(mask):
        y, who = a[mask], person[mask]
        _, inverse = np.unique(who, return_inverse=True)
        n = np.bincount(inverse)
        means = np.bincount(inverse, y) / n
        k, total = len(n), len(y)
        msb = (n * (means - y.mean()) ** 2).sum() / (k - 1)
        msw = ((y - means[inverse]) ** 2).sum() / (total - k)
        n0 = (total - (n ** 2).sum() / total) / (k - 1)
        return msw / (max(0, msb - msw) / n0 + msw)

    def columns(within):
        if not within:
            return np.array([a, b, c])
        n = np.bincount(person)
        return np.array([v - (np.bincount(person, v) / n)[person] for v in (a, b, c)])

    def reliability(within):
        data = columns(within)
        def square(mask):
            s = np.cov(data[:, mask])
            return s[0, 1] * s[0, 2] / s[1, 2] / s[0, 0]
        return square

    def disattenuated(mask):
        s = np.cov(columns(False)[:, mask])
        return s[0, 1] * s[1, 2] / s[0, 2] / s[1, 1]

    # Persons of one row have no differences within.
    several = np.bincount(person)[person] > 1
    within = jackknife(person[several], lambda mask: reliability(True)(np.flatnonzero(several)[mask]))
    return {"person": person.tolist(), "a": numbers(a), "b": numbers(b), "c": numbers(c),
            "without_persons": jackknife(person, icc), "all": jackknife(person, reliability(False)),
            "within": within, "disattenuated": jackknife(person, disattenuated)}


print(json.dumps({
    "source": "ppi_py 0.2.3, scipy 1.17.1, numpy 2.4.6", "seed": 20,
    "means": [mean(30, 80, 0.8, 0.3), mean(25, 60, -0.5, 0.3), mean(40, 50, 0.1, 0.02), mean(12, 200, 0.5, 0.6)],
    "annotators": [annotators(60, 3, (0.8, 0.9, 1.0), 0.5, 0.1), annotators(70, 4, (0.5, 0.6, 0.9, 1.2), 0.7, 0.2, 0.2),
                   annotators(80, 3, (0.6, 0.9, 1.1), 0.7, 0.15, 0.1, 20)],
    "ceilings": [ceiling(40)],
}))
