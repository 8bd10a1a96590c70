"""Goldens of distribution functions and two formulas: python3 make_distributions.py > distributions.json

scipy keeps 1e-13 in these ranges; the two formulas are written out in plain Python.
scipy 1.17.1, numpy 2.4.6. No random numbers.
"""
import json
import math

from scipy import stats

student = [[t, df, 2 * stats.t.sf(t, df)] for t in (0.01, 0.5, 1.0, 2.0, 5.0, 12.0, 40.0)
           for df in (1, 2, 2.5, 13, 56, 371, 10000)]
quantile = [[p, df, stats.t.ppf(p, df)] for p in (0.005, 0.025, 0.1, 0.4, 0.8, 0.95, 0.975, 0.995)
            for df in (1, 2, 2.5, 13, 56, 371, 10000)]
normal = [[p, stats.norm.ppf(p)] for p in (1e-12, 1e-5, 0.01, 0.025, 0.3, 0.5, 0.7, 0.975, 0.999999)]
f = [[x, a, b, stats.f.sf(x, a, b)] for x in (0.1, 1.0, 3.0, 20.0) for a, b in ((1, 5), (3, 40), (10, 2.5), (50, 300))]


def hedges(a, b):
    ma, mb = math.fsum(a) / len(a), math.fsum(b) / len(b)
    m = len(a) + len(b) - 2
    s = math.sqrt((math.fsum((v - ma) ** 2 for v in a) + math.fsum((v - mb) ** 2 for v in b)) / m)
    return math.exp(math.lgamma(m / 2) - math.lgamma((m - 1) / 2)) / math.sqrt(m / 2) * (ma - mb) / s


def steiger(r12, r13, r23, n):
    r = (r12 + r13) / 2
    psi = r23 * (1 - r * r - r * r) - 0.5 * (r * r) * (1 - r * r - r * r - r23 * r23)
    s = psi / (1 - r * r) ** 2
    return (math.atanh(r12) - math.atanh(r13)) * math.sqrt(n - 3) / math.sqrt(2 - 2 * s)


samples = [([0.60, 0.62, 0.648, 0.59, 0.61], [0.55, 0.58, 0.57, 0.60, 0.56]), ([1.0, 2.0, 4.0], [3.0, 3.5])]
triples = [(0.648, 0.57, 0.9, 83), (0.3, 0.5, -0.1, 20), (0.1, 0.1, 0.2, 50)]
print(json.dumps({
    "source": "scipy 1.17.1; formulas in plain Python", "student_two_sided": student,
    "student_quantile": quantile, "normal_quantile": normal, "f_upper": f,
    "hedges": [{"a": a, "b": b, "g": hedges(a, b)} for a, b in samples],
    "steiger": [[*t, steiger(*t)] for t in triples],
}, indent=0))
