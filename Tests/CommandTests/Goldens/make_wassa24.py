"""Goldens of `invitro codabench` on the four tracks of WASSA 2024: made-up competitions in the layout of
the organisers' scoring program and the scores.txt that their script would write, computed here by plain
loops from what is known of it (docs/explanation/official-script.md). Seed 24.

usage: make_wassa24.py              write all/ and some/ beside this file, in wassa24/
       make_wassa24.py check DIR    say whether DIR/*/scores.txt, which their script wrote, is what
                                    this one makes of DIR/*/ref and DIR/*/res
"""
import pathlib
import random
import sys

TRACKS = [
    ("CONVD", "Track 1 (CONVD): Pearson Correlation (perceived empathy)", []),
    ("CONVT", "Track 2 (CONVT)", ["Emotion", "Emotion Polarity", "Empathy"]),
    ("EMP", "Track 3 (EMP)", ["Empathy", "Distress"]),
    ("PER", "Track 4 (PER)",
     ["Openness", "Conscientiousness", "Extraversion", "Agreeableness", "Stability"]),
]


def columns(file):
    rows = [line.split("\t") for line in file.read_text().splitlines()]
    return [[float(cell) for cell in column] for column in zip(*rows)]


def pearson(x, y):
    x_mean, y_mean = sum_of(x) / len(x), sum_of(y) / len(y)
    products = sum_of([(a - x_mean) * (b - y_mean) for a, b in zip(x, y)])
    squares = sum_of([(a - x_mean) ** 2 for a in x]) * sum_of([(b - y_mean) ** 2 for b in y])
    return round(max(-1.0, min(1.0, products / squares**0.5)), 4) if squares else 0


def sum_of(numbers):
    """In order; the built-in sum compensates its errors since Python 3.12."""
    total = 0.0
    for number in numbers:
        total += number
    return total


def scores(folder):
    gold = {name: columns(folder / f"ref/goldstandard_{name}.tsv") for name, _, _ in TRACKS}
    rows = min(len(track[0]) for track in gold.values())
    lines = []
    for name, title, targets in TRACKS:
        file = folder / f"res/predictions_{name}.tsv"
        if not file.exists():
            continue
        found = [pearson(x[:rows], y[:rows]) for x, y in zip(gold[name], columns(file))]
        if not targets:
            lines.append(f"{title}: {found[0]}")
            continue
        lines.append(f"{title}: Averaged Pearson Correlations: {sum_of(found) / len(found)}")
        lines += [f"\t{target}: {r}" for target, r in zip(targets, found)]
    return "".join(line + "\n" for line in lines)


def write(folder, lengths, sent, constant=None):
    for part in ["ref", "res"]:
        (folder / part).mkdir(parents=True, exist_ok=True)
    for (name, _, targets), length in zip(TRACKS, lengths):
        gold, predictions = [], []
        for _ in range(length):
            labels = [random.randrange(6, 43) / 6 for _ in targets or [name]]
            gold.append("\t".join(f"{label:.6g}" for label in labels))
            own = [4.25 if constant == (name, place) else label + random.gauss(0, 1.5)
                   for place, label in enumerate(labels)]
            predictions.append("\t".join(f"{value:.6g}" for value in own))
        (folder / f"ref/goldstandard_{name}.tsv").write_text("\n".join(gold) + "\n")
        if name in sent:
            (folder / f"res/predictions_{name}.tsv").write_text("\n".join(predictions) + "\n")
    (folder / "scores.txt").write_text(scores(folder))


if sys.argv[1:2] == ["check"]:
    known = sorted(pathlib.Path(sys.argv[2]).glob("*/scores.txt"))
    differ = [file.parent.name for file in known if file.read_text() != scores(file.parent)]
    if differ or not known:
        sys.exit(f"differ: {differ}")
    print(f"{len(known)} agree")
    sys.exit()
random.seed(24)
here = pathlib.Path(__file__).parent / "wassa24"
write(here / "all", [14, 40, 9, 21], [name for name, _, _ in TRACKS], constant=("PER", 2))
write(here / "some", [12, 11, 17, 30], ["CONVT", "EMP"])
