"""Scores a prediction file against a gold file as a Python user does: pandas.read_csv, scipy.

usage: score_peer.py PREDICTIONS GOLD [--ranks]     prints a line of JSON with in-process times
       score_peer.py --make PREDICTIONS GOLD [ROWS]     writes two files of two columns
"""
import json
import sys
import time


def make(predictions, gold, rows):
    import numpy as np

    random = np.random.default_rng(3)
    labels = np.round(random.uniform(1, 7, (rows, 2)), 3)
    guesses = np.round(0.5 * labels + random.normal(2, 1, (rows, 2)), 6)
    np.savetxt(gold, labels, delimiter="\t", fmt="%.3f")
    np.savetxt(predictions, guesses, delimiter="\t", fmt="%.6f")


def score(predictions, gold, ranks):
    start = time.perf_counter()
    import numpy as np
    import pandas as pd
    from scipy import stats

    imported = time.perf_counter()
    x = pd.read_csv(predictions, sep="\t", header=None)
    y = pd.read_csv(gold, sep="\t", header=None)
    read = time.perf_counter()
    out = {}
    for column in (0, 1):
        p, g = x[column].to_numpy(), y[column].to_numpy()
        pcc = stats.pearsonr(p, g).statistic
        covariance = np.mean((p - p.mean()) * (g - g.mean()))
        ccc = 2 * covariance / (p.var() + g.var() + (p.mean() - g.mean()) ** 2)
        rmse = np.sqrt(np.mean((p - g) ** 2))
        if ranks:
            stats.spearmanr(p, g)
            stats.kendalltau(p, g)
        out[column] = (float(pcc), float(ccc), float(rmse))
    done = time.perf_counter()
    print(json.dumps({
        "import_ms": round((imported - start) * 1e3, 1), "read_ms": round((read - imported) * 1e3, 1),
        "metrics_ms": round((done - read) * 1e3, 1), "pcc": out[0][0], "ccc": out[0][1],
        "rmse": out[0][2]}))


if sys.argv[1] == "--make":
    make(sys.argv[2], sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 1_000_000)
else:
    score(sys.argv[1], sys.argv[2], "--ranks" in sys.argv)
