"""How often the interval that a board with hidden labels shows of a PCC, or of an average of PCCs, holds the
true value: Fisher's z around the exact figure, around the released one, and from the released one to the
next of the grid. docs/explanation/probing.md quotes it.

usage: released_intervals.py [SIMULATIONS]    (4000; numpy; about a minute)
"""
import sys

import numpy

simulations = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
random = numpy.random.default_rng(1)
# True correlations of the targets, and the correlation between targets of labels and of errors.
AVERAGES = [((0.6,), 0), ((0.2,), 0), ((0.85,), 0), ((0.6, 0.6), 0), ((0.9, 0.2), 0), ((0.9, 0.2), 0.9),
            ((0.6, 0.6), 0.95), ((0.5, 0.4, 0.3, 0.2, 0.1), 0.5), ((0.95, -0.2), 0.9)]


def columns(rows, count, likeness):
    own, common = random.standard_normal((rows, count)), random.standard_normal((rows, 1))
    return own * numpy.sqrt(1 - likeness) + common * numpy.sqrt(likeness)


def average(rows, correlations, likeness):
    r = numpy.array(correlations)
    gold = columns(rows, len(r), likeness)
    system = r * gold + numpy.sqrt(1 - r * r) * columns(rows, len(r), likeness)
    return numpy.mean([numpy.corrcoef(gold[:, k], system[:, k])[0, 1] for k in range(len(r))])


def holds(low, high, half, truth):
    return numpy.tanh(numpy.arctanh(low) - half) <= truth <= numpy.tanh(numpy.arctanh(min(high, 0.9999)) + half)


print("rows  correlations (likeness)             exact  released  to the next")
for rows in [20, 57, 83]:
    step = max(0.01, numpy.ceil(90 / numpy.sqrt(rows - 1)) / 100)
    half = 1.959964 / numpy.sqrt(rows - 3)
    for correlations, likeness in AVERAGES:
        truth, hits = numpy.mean(correlations), numpy.zeros(3)
        for _ in range(simulations):
            exact = average(rows, correlations, likeness)
            shown = numpy.floor(exact / step) * step
            hits += [holds(exact, exact, half, truth), holds(shown, shown, half, truth),
                     holds(shown, shown + step, half, truth)]
        name = f"{', '.join(map(str, correlations))} ({likeness})"
        print(f"{rows:4}  {name:35}" + "".join(f"{share:7.3f}   " for share in hits / simulations))
