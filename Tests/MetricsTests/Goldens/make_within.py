"""Goldens of agreement within persons: python3 make_within.py > within.json

numpy, scipy and statsmodels; the data are simulated here, seed 20260301: 24 persons of 1 to 9 rows,
labels and two systems whose person effects are large and correlate with the labels' or do not.

- "within": the correlation of residuals of labels and predictions on a dummy for each person (Frisch
  and Waugh), its jackknife over persons on Fisher's z with t on G_eff - 1 degrees of freedom, and that of the
  difference of the two systems on its own scale. Persons of one row are left out.
- "calibrated": predictions on the line of least squares through all other persons' rows, their CCC
  with population moments, and Lin's C_b of the raw ones.
- "one_way": REML of the one-way model by statsmodels' MixedLM, its best linear predictions, and the
  same of labels without differences between persons, where the estimate is 0.
"""
import json
import warnings

import numpy as np
import scipy
import statsmodels
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM

warnings.simplefilter("ignore")
rng = np.random.default_rng(20260301)
sizes = [1, 2, 3, 9, 4, 2, 1, 5, 6, 3, 2, 7, 4, 4, 2, 3, 8, 1, 2, 5, 3, 2, 4, 6]
person = np.repeat(np.arange(len(sizes)), sizes)
order = rng.permutation(len(person))
person = person[order]
n = len(person)
u = rng.normal(0, 1.2, len(sizes))[person]
signal = rng.normal(0, 1, n)
gold = np.round(np.clip(4 + u + 0.8 * signal + rng.normal(0, 0.7, n), 1, 7), 3)
a = np.round(4.2 - 0.5 * u + 0.6 * signal + rng.normal(0, 0.6, n), 4)
b = np.round(3.1 + 0.4 * u + 0.2 * signal + rng.normal(0, 0.3, n), 4)


def within(x, y, p):
    dummies = (p[:, None] == np.unique(p)[None, :]).astype(float)
    rx = x - dummies @ np.linalg.lstsq(dummies, x, rcond=None)[0]
    ry = y - dummies @ np.linalg.lstsq(dummies, y, rcond=None)[0]
    return float((rx * ry).sum() / np.sqrt((rx * rx).sum() * (ry * ry).sum()))


counts = np.bincount(person)
kept = counts[person] > 1
names = np.unique(person[kept])
effective = counts[names].sum() ** 2 / (counts[names] ** 2).sum()
t = stats.t.ppf(0.975, effective - 1)


def without_each(f):
    return np.array([f(kept & (person != g)) for g in names])


def error(values):
    g = len(values)
    return float(np.sqrt((g - 1) / g * ((values - values.mean()) ** 2).sum()))


figures = {}
for name, x in (("a", a), ("b", b)):
    r = within(x[kept], gold[kept], person[kept])
    se = error(np.arctanh(without_each(lambda rows: within(x[rows], gold[rows], person[rows]))))
    figures[name] = [r, float(np.tanh(np.arctanh(r) - t * se)), float(np.tanh(np.arctanh(r) + t * se))]
gap = figures["a"][0] - figures["b"][0]
se = error(without_each(lambda rows: within(a[rows], gold[rows], person[rows])
                        - within(b[rows], gold[rows], person[rows])))
figures["difference"] = [gap, gap - t * se, gap + t * se]


def calibrated(x):
    out = np.empty(n)
    for g in np.unique(person):
        rest = person != g
        slope, intercept = np.polyfit(x[rest], gold[rest], 1)
        out[~rest] = intercept + slope * x[~rest]
    return out


def ccc(x):
    return float(2 * np.cov(x, gold, ddof=0)[0, 1] / (x.var() + gold.var() + (x.mean() - gold.mean()) ** 2))


calibration = {name: {"predictions": calibrated(x).tolist(), "ccc": ccc(calibrated(x)),
                      "bias_factor": ccc(x) / float(np.corrcoef(x, gold)[0, 1])} for name, x in (("a", a), ("b", b))}


def one_way(y):
    fit = MixedLM(y, np.ones((n, 1)), groups=person).fit(reml=True, method=["powell", "bfgs"], gtol=1e-10)
    effects = [float(np.ravel(fit.random_effects[g])[0]) for g in range(len(sizes))]
    return {"mean": float(fit.fe_params[0]), "between": float(np.ravel(fit.cov_re)[0]), "within": float(fit.scale),
            "effects": effects}


flat = np.round(4 + rng.normal(0, 1, n), 3)
for g in range(len(sizes)):  # persons' means nearly equal: REML has no variance to give them
    flat[person == g] = np.round(flat[person == g] - flat[person == g].mean() + 4, 3)
print(json.dumps({
    "source": f"numpy {np.__version__}, scipy {scipy.__version__}, statsmodels {statsmodels.__version__}",
    "seed": 20260301, "person": person.tolist(), "gold": gold.tolist(), "a": a.tolist(), "b": b.tolist(),
    "within": figures, "effective": float(effective), "calibrated": calibration,
    "one_way": one_way(gold), "flat": flat.tolist(),
}))
