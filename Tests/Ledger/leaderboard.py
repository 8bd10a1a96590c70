"""What a leaderboard's log says, after docs/reference/formats.md: boards replayed from leaves, and what may stand in no leaf."""

import csv
import hashlib
import json
import re

from tlog import must

FIELDS = {
    "phase": {"phase", "opens", "closes", "visibility", "labels", "scorer", "commitment"},
    "accepted": {"id", "phase", "predictions"},
    "scored": {"id", "phase", "predictions", "report", "reportDigest", "sealed", "replaces", "stands"},
    "rescored": {"id", "phase", "report", "reportDigest", "sealed", "why", "replaces", "stands"},
    "withdrawn": {"id", "why", "replaces", "stands"},
    "restored": {"id", "why", "replaces", "stands"},
    "chosen": {"id"},
    "closed": {"phase", "entries", "entriesDigest", "commitmentKey"},
    "opened": {"phase", "commitmentKey"},
    "revealed": {"id", "report", "reportDigest"},
    "key": {"note"},
    "continued": {"note", "why"},
}
COMMON = {"schema", "event", "at"}
HEX = re.compile(r"[0-9a-f]{64}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def read_leaf(entry):
    """A leaf in its one spelling, with no field but those that its event has."""
    event = json.loads(entry.decode())
    kind = event["event"]
    must(kind in FIELDS, f"an unknown event: {kind}")
    known = FIELDS[kind] | COMMON | (set() if kind in ("key", "continued") else {"board"})
    must(set(event) <= known, f"a leaf '{kind}' with {sorted(set(event) - known)}")
    must(event["schema"] == 1 and TIME.fullmatch(event["at"]), f"no schema or time: {entry[:80]!r}")
    must(list(event) == sorted(event) and b"\n" not in entry and b'": ' not in entry,
         f"a leaf that is not compact JSON with sorted keys: {entry[:80]!r}")
    for name in ("predictions", "sealed", "commitment", "commitmentKey", "reportDigest", "entriesDigest"):
        must(name not in event or HEX.fullmatch(event[name]), f"{name} of {kind} is no digest")
    return event


class Replay:
    """Boards by `benchmark/split`: ids that stand, and the last report of each."""

    def __init__(self, events):
        self.shown, self.reports, self.accepted = {}, {}, {}
        for event in events:
            self.add(event)

    def add(self, event):
        board, id_ = event.get("board"), event.get("id")
        shown = self.shown.setdefault(board, set())
        if event["event"] == "accepted":
            must(id_ not in self.accepted, f"{id_} was accepted twice")
            self.accepted[id_] = event
        if event["event"] == "phase" and event["visibility"] != "public":
            shown.clear()
        if "replaces" in event:
            must(event["replaces"] in shown, f"{event['replaces']} is replaced and did not stand")
            shown.discard(event["replaces"])
        if "stands" in event:
            shown.add(event["stands"])
        if "report" in event:
            self.reports[board, id_] = event["report"]
        if event["event"] == "closed" and "entries" in event:
            must(sorted(shown) == sorted(event["entries"]), f"{board} closed with other entries")


def figures(targets, path=()):
    """All numbers of a document, by their place."""
    if isinstance(targets, dict):
        return {place: value for name, part in targets.items()
                for place, value in figures(part, (*path, name)).items()}
    return {path: targets} if isinstance(targets, (int, float)) else {}


def check_board(board, events):
    """That a leaderboard.json is what the first `ledger.size` leaves say. Returns its rows' number."""
    size = board["ledger"]["size"]
    must(size <= len(events), f"the board was made from {size} leaves of {len(events)}")
    name = f"{board['benchmark']}/{board['split']}"
    replay = Replay(events[:size])
    ids = {row["id"] for row in board["rows"]}
    logged = replay.shown.get(name, set())
    must(ids == logged, f"{name} at {size}: on the board alone {sorted(ids - logged)}, "
                        f"in the log alone {sorted(logged - ids)}")
    for row in board["rows"]:
        report = replay.reports[name, row["id"]]
        there, here = figures(report["targets"]), figures(row["targets"])
        must(here and there == here, f"{name}: other figures of {row['id']} than in the log: "
                                     f"{sorted(set(here.items()) ^ set(there.items()))[:4]}")
    return len(ids)


class Secrets:
    """What stands in no leaf."""

    def __init__(self):
        self.words, self.essays = {}, []
        # Labels of so many digits that no figure has them by chance, and runs of three in the order of the rows.
        self.labels, self.runs = set(), set()
        # Plain digests of predictions by board, and by id the one that its team is told.
        self.digests, self.told = {}, {}

    def add_word(self, what, text):
        self.words[text.lower().encode()] = what

    def read_split(self, path):
        """Essays and labels of a split in the data home."""
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        must(len(rows) > 20, f"{path} has {len(rows)} rows")
        for row in rows:
            for start in (0, len(row["text"]) // 2):
                self.essays.append(row["text"][start:start + 40].lower())
        for target in ("empathy", "distress"):
            labels = [float(row[target]) for row in rows]
            self.labels.update(label for label in labels if round(label, 4) != label)
            self.runs.update(zip(labels, labels[1:], labels[2:]))

    def add_predictions(self, id_, data, board, digest):
        self.told[id_] = digest
        self.digests.setdefault(board, set()).update([digest, hashlib.sha256(data).hexdigest()])

    def check(self, entries, guarded):
        """guarded: the boards with hidden labels. Returns the number of things looked for."""
        text = b"\n".join(entries).lower()
        for word, what in self.words.items():
            must(word not in text, f"a leaf holds {what}: {word!r}")
        strings = {part for entry in entries for part in parts(json.loads(entry), str)}
        sentences = "\n".join(part.lower() for part in strings if " " in part)
        for essay in self.essays:
            must(essay not in sentences, f"a leaf holds an essay: {essay!r}")
        numbers = {float(number) for number in re.findall(rb"\d\.\d{4,}", text)}
        must(not numbers & self.labels, f"a leaf holds labels: {sorted(numbers & self.labels)[:3]}")
        for list_ in re.findall(rb"\d[\d.]*(?:[,; \t]+\d[\d.]*){2,}", text):
            run = [float(number) for number in re.findall(rb"\d+(?:\.\d+)?", list_)]
            must(not self.runs & set(zip(run, run[1:], run[2:])), f"a leaf holds labels in their order: {list_!r}")
        hidden = set().union(*(self.digests.get(board, set()) for board in guarded))
        for entry in entries:
            self.check_entry(entry, hidden)
        return len(self.words) + len(self.essays) + len(self.labels) + len(self.runs) + len(hidden)

    def check_entry(self, entry, hidden):
        event = json.loads(entry)
        must(not any(isinstance(part, list) and len(part) > 2 and
                     all(isinstance(value, (int, float)) for value in part)
                     for part in parts(event, list)), f"a leaf with a list of numbers: {entry[:80]!r}")
        for path, value in figures(event.get("report", {})).items():
            must(round(value, 4) == value, f"a figure of over four decimals: {path} {value}")
        # A board shows the digest of the predictions of each entry that it shows.
        shown = event.get("report", {}).get("digests", {}).pop("predictions", "")
        must(shown not in hidden or shown == self.told[event["id"]],
             f"a leaf holds the digest of other predictions: {entry[:80]!r}")
        found = hidden.intersection(re.findall(r"[0-9a-f]{64}", json.dumps(event)))
        must(not found, f"a leaf holds the plain digest of predictions: {found}")


def parts(document, kind):
    """All of a document that is of a kind."""
    if isinstance(document, kind):
        yield document
    below = document.values() if isinstance(document, dict) else document
    for value in below if isinstance(document, (dict, list)) else []:
        yield from parts(value, kind)
