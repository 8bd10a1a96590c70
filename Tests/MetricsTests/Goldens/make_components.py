#!/usr/bin/env python3
"""Variance components by ways that share nothing with ours; `python3 make_components.py > components.json`.

- two_raters: the model z = mu + u + w by direct maximisation of the dense (restricted) likelihood,
  with scipy's BFGS and Nelder-Mead over the Cholesky factors of B and W; true scores by the dense
  formula cov(t, z) V^-1 (z - mu).
- crossed: y = mu + person + article + rest by statsmodels' MixedLM (one group, crossed variance
  components), REML.
"""
import json
import warnings

import numpy as np
import pandas as pd
import scipy
import scipy.optimize
import statsmodels
import statsmodels.formula.api as smf


def rounded(a, digits=3):
    return [round(float(v), digits) for v in a]


def two_raters(seed, sizes, b, w):
    rng = np.random.default_rng(seed)
    persons = np.repeat(np.arange(len(sizes)), sizes)
    u = rng.multivariate_normal([0, 0], b, len(sizes))
    z = np.round([4.0, 3.5] + u[persons] + rng.multivariate_normal([0, 0], w, len(persons)), 3)
    n = len(persons)
    same = (persons[:, None] == persons[None, :]).astype(float)
    stacked = z.T.ravel()  # labels, then ratings
    x = np.kron(np.eye(2), np.ones((n, 1)))

    def parts(theta):
        lb = np.array([[theta[0], 0], [theta[1], theta[2]]])
        lw = np.array([[theta[3], 0], [theta[4], theta[5]]])
        return lb @ lb.T, lw @ lw.T

    def likelihood(theta, restricted):
        between, within = parts(theta)
        v = np.kron(between, same) + np.kron(within, np.eye(n))
        solved = np.linalg.solve(v, np.column_stack([x, stacked]))
        information = x.T @ solved[:, :2]
        mu = np.linalg.solve(information, x.T @ solved[:, 2])
        r = stacked - x @ mu
        out = np.linalg.slogdet(v)[1] + r @ np.linalg.solve(v, r)
        out += (2 * n - (2 if restricted else 0)) * np.log(2 * np.pi)
        if restricted:
            out += np.linalg.slogdet(information)[1]
        return -out / 2, mu, v

    found = {}
    for name, restricted in [("reml", True), ("ml", False)]:
        theta = np.array([1, 0.3, 0.8, 1, 0.3, 0.8])
        options = {"xatol": 1e-10, "fatol": 1e-12, "maxiter": 20000, "maxfev": 20000}
        for method, settings in [("BFGS", {}), ("Nelder-Mead", options), ("Nelder-Mead", options)]:
            theta = scipy.optimize.minimize(
                lambda t: -likelihood(t, restricted)[0], theta, method=method, options=settings).x
        value, mu, v = likelihood(theta, restricted)
        between, within = parts(theta)
        sigma, tau = within[0, 1], max(0, between[0, 1])
        residual = np.linalg.solve(v, stacked - x @ mu)
        # cov(t, (y, l)): the true score varies by tau between and by sigma within persons.
        shared = tau * same + sigma * np.eye(n)
        scores = mu[0] + np.hstack([shared, shared]) @ residual
        effects = np.kron(between, same) @ residual
        first = [int(np.argmax(persons == p)) for p in range(len(sizes))]
        found[name] = {
            "mean": mu.tolist(), "between": between[[0, 0, 1], [0, 1, 1]].tolist(),
            "within": within[[0, 0, 1], [0, 1, 1]].tolist(), "logLikelihood": value,
            "trueScores": scores.tolist(),
            "effects": [[effects[i], effects[n + i]] for i in first],
        }
    return {
        "persons": persons.tolist(), "labels": rounded(z[:, 0]), "ratings": rounded(z[:, 1])
    } | found


def crossed(seed, persons, articles, rows, sd):
    rng = np.random.default_rng(seed)
    p = np.concatenate([np.arange(persons), rng.integers(0, persons, rows - persons)])
    a = rng.integers(0, articles, rows)
    y = 4 + sd[0] * rng.normal(size=persons)[p] + sd[1] * rng.normal(size=articles)[a]
    y = np.round(y + sd[2] * rng.normal(size=rows), 3)
    data = pd.DataFrame({"y": y, "p": p, "a": a, "one": 1})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = smf.mixedlm(
            "y ~ 1", data, groups="one", re_formula="0", vc_formula={"a": "0 + C(a)", "p": "0 + C(p)"})
        fit = model.fit(reml=True, method=["bfgs", "powell", "bfgs"], gtol=1e-9, maxiter=2000)
    by_name = dict(zip(model.exog_vc.names, fit.vcomp))
    return {
        "persons": p.tolist(), "articles": a.tolist(), "values": rounded(y),
        "person": by_name["p"], "article": by_name["a"], "rest": fit.scale,
        "mean": float(fit.fe_params.iloc[0]), "logLikelihood": fit.llf,
    }


print(json.dumps({
    "source": f"numpy {np.__version__}, scipy {scipy.__version__}, statsmodels {statsmodels.__version__}",
    "two_raters": [
        two_raters(1, [1 + i % 5 for i in range(15)], [[1.5, 0.6], [0.6, 0.9]], [[1.2, 0.5], [0.5, 1]]),
        two_raters(2, [3] * 10, [[1, -0.4], [-0.4, 1]], [[1, 0.2], [0.2, 0.5]]),
    ],
    "crossed": [
        crossed(3, 25, 30, 100, (1.2, 0.7, 1.0)),
        crossed(4, 30, 8, 90, (1.0, 0.8, 1.3)),
        crossed(5, 8, 25, 80, (0.5, 1.0, 1.0)),
    ],
}, indent=None, separators=(",", ":")))
