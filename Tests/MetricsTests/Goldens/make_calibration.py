"""Writes calibration.json beside this script: figures of predicted normal distributions, by scipy.

    pip install numpy scipy && python make_calibration.py
"""

import json
import os

import numpy
import scipy
from scipy.stats import norm

HERE = os.path.dirname(os.path.abspath(__file__))


def case(name, means, sds, labels):
    inside = [
        numpy.mean((labels >= norm.ppf((1 - p) / 2, means, sds)) & (labels <= norm.ppf((1 + p) / 2, means, sds)))
        for p in numpy.arange(1, 20) / 20
    ]
    low, high = norm.interval(0.95, means, sds)
    return {
        "name": name, "means": means.tolist(), "sds": sds.tolist(), "labels": labels.tolist(),
        "negativeLogLikelihood": -norm.logpdf(labels, means, sds).mean(),
        "calibrationError": numpy.abs(inside - numpy.arange(1, 20) / 20).mean(),
        "coverage": numpy.mean((labels >= low) & (labels <= high)), "meanSD": sds.mean(),
    }


def main():
    random = numpy.random.default_rng(5)

    def draw(rows):
        means, sds = random.uniform(1, 7, rows).round(3), random.uniform(0.4, 2.5, rows).round(3)
        return means, sds, (means + sds * random.standard_normal(rows)).round(3)

    means, sds, labels = draw(60)
    document = {
        "script": "make_calibration.py", "scipy": scipy.__version__, "numpy": numpy.__version__, "seed": 5,
        "cases": [
            case("calibrated", means, sds, labels),
            case("too sure", means, sds / 3, labels),
            case("too unsure", means, sds * 4, labels),
            case("biased", means + 1, sds, labels),
            case("one row", means[:1], sds[:1], labels[:1]),
        ],
    }
    with open(os.path.join(HERE, "calibration.json"), "w", encoding="utf-8") as f:
        json.dump(document, f, separators=(",", ":"))
        f.write("\n")


if __name__ == "__main__":
    main()
