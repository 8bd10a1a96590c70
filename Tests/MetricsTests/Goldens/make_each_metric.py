#!/usr/bin/env python3
"""One figure of every metric on one pair of columns, by its definition in exact fractions.

A new metric adds a function to METRICS; then `python3 make_each_metric.py > each_metric.json`.
"""
import json
import math
from fractions import Fraction

X = [4.5, 2.0, 6.25, 3.0, 5.5, 1.75, 6.25, 4.0, 2.0, 5.0, 3.5, 4.5]
Y = [4.0, 1.5, 7.0, 3.5, 4.5, 2.5, 6.0, 5.0, 1.5, 3.5, 3.0, 6.0]


def mean(a):
    return sum(a) / len(a)


def products(a, b):
    return sum((p - mean(a)) * (q - mean(b)) for p, q in zip(a, b))


def pcc(x, y):
    return float(products(x, y)) / math.sqrt(products(x, x) * products(y, y))


def ccc(x, y):
    return float(2 * products(x, y) / (
        products(x, x) + products(y, y) + len(x) * (mean(x) - mean(y)) ** 2))


def rmse(x, y):
    return math.sqrt(mean([(p - q) ** 2 for p, q in zip(x, y)]))


def mae(x, y):
    return float(mean([abs(p - q) for p, q in zip(x, y)]))


def ranks(a):
    return [Fraction(sum(q < p for q in a) + sum(q <= p for q in a) + 1, 2) for p in a]


def spearman(x, y):
    return pcc(ranks(x), ranks(y))


def sign(a):
    return (a > 0) - (a < 0)


def kendall(x, y):
    pairs = [(i, j) for j in range(len(x)) for i in range(j)]
    s = [(sign(x[i] - x[j]), sign(y[i] - y[j])) for i, j in pairs]
    return sum(a * b for a, b in s) / math.sqrt(
        sum(a != 0 for a, _ in s) * sum(b != 0 for _, b in s))


def alpha(x, y):
    """Krippendorff's: 1 - observed over expected disagreement of all pairs of values."""
    values = x + y
    n = len(values)
    observed = sum((p - q) ** 2 for p, q in zip(x, y)) / len(x)
    expected = sum((p - q) ** 2 for p in values for q in values) / (n * (n - 1))
    return float(1 - observed / expected)


METRICS = [pcc, ccc, rmse, mae, spearman, kendall, alpha]

if __name__ == "__main__":
    x, y = [Fraction(v) for v in X], [Fraction(v) for v in Y]
    figures = {metric.__name__: metric(x, y) for metric in METRICS}
    print(json.dumps({"script": "make_each_metric.py", "x": X, "y": Y, "figures": figures}, indent=1))
