"""score, compare and validate."""

from __future__ import annotations

import os
import re
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from . import _program, _results
from ._errors import DataError, Fault, InvitroWarning
from ._inputs import Columns, Inputs, Targets
from ._results import Comparison, Score, Validation
from ._tables import Data

Interval = Literal["jackknife-z", "percentile", "bca", "studentised"]
CCC = Literal["lin-n", "lin-n-1"]


def score(
    predictions: Data,
    gold: Data | None = None,
    *,
    clusters: Columns | None = None,
    targets: Targets | None = None,
    attributes: Columns | None = None,
    id: str | None = None,
    benchmark: str | os.PathLike[str] | None = None,
    split: str | None = None,
    data: str | os.PathLike[str] | None = None,
    drop_missing: bool = False,
    all_groups: bool = False,
    ranks: bool = True,
    interval: Interval = "jackknife-z",
    level: float = 0.95,
    replicates: int = 10_000,
    seed: int = 1,
    ccc: CCC = "lin-n",
    threads: int | None = None,
) -> Score:
    """The metrics of predictions, each with its interval.

    Rows are matched by position, or by the column `id` of both tables.

    :param predictions: a column, a table with the targets as columns, or a file.
    :param gold: the labels, likewise. Instead of it, `benchmark` and `split` name labels in the data home.
    :param clusters: who or what rows share, such as the person who wrote them: a value for each row, or
        the name of a column of `gold`; at most two. Without it each row counts as independent.
    :param targets: which columns are scored, and within which range labels and predictions lie:
        `{"empathy": (1, 7)}`. Default: the columns of numbers that both tables have.
    :param attributes: what makes groups, such as gender. Groups of fewer than 10 rows or 5 clusters are
        withheld unless `all_groups`.
    :param drop_missing: score the rest where predictions are missing (None or NaN).
    :param data: the data home of `benchmark`. Default: INVITRO_DATA, else ./data.
    :raises DataError: with every fault of the predictions.
    :raises ValueError: where the arguments do not fit together.
    """
    with _folder() as folder:
        inputs = Inputs(folder, gold, benchmark, split, targets, clusters, attributes, id, data)
        inputs.prepare({"predictions": predictions})
        options = [*inputs.scoring, *_choices(interval, level, replicates, seed, ccc, threads)]
        options += ["--all-groups"] if all_groups else []
        options += [] if ranks else ["--no-ranks"]
        return _results.score(_run("score", inputs, options, drop_missing))


def compare(
    first: Data,
    second: Data,
    gold: Data | None = None,
    *,
    clusters: Columns | None = None,
    targets: Targets | None = None,
    id: str | None = None,
    benchmark: str | os.PathLike[str] | None = None,
    split: str | None = None,
    data: str | os.PathLike[str] | None = None,
    drop_missing: bool = False,
    interval: Interval = "jackknife-z",
    level: float = 0.95,
    replicates: int = 10_000,
    seed: int = 1,
    ccc: CCC = "lin-n",
    threads: int | None = None,
) -> Comparison:
    """Whether two systems differ by more than chance on the same rows. Arguments are as for `score`.

    The permutation test swaps the two systems' predictions cluster by cluster; p is two-sided.
    """
    with _folder() as folder:
        inputs = Inputs(folder, gold, benchmark, split, targets, clusters, None, id, data)
        inputs.prepare({"first": first, "second": second})
        options = [*inputs.scoring, *_choices(interval, level, replicates, seed, ccc, threads)]
        return _results.comparison(_run("compare", inputs, options, drop_missing))


def validate(
    predictions: Data,
    gold: Data | None = None,
    *,
    targets: Targets | None = None,
    id: str | None = None,
    benchmark: str | os.PathLike[str] | None = None,
    split: str | None = None,
    data: str | os.PathLike[str] | None = None,
    drop_missing: bool = False,
) -> Validation:
    """Everything that is wrong with predictions, without scoring them. Arguments are as for `score`."""
    with _folder() as folder:
        inputs = Inputs(folder, gold, benchmark, split, targets, None, None, id, data)
        inputs.prepare({"predictions": predictions})
        report = _validated(inputs, inputs.files[0], drop_missing)
        return Validation(report["valid"], _faults(inputs, report["faults"]), report.get("rows"), report.get("missing"))


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder for the labels and predictions, which no other user can read."""
    with tempfile.TemporaryDirectory(prefix="invitro-") as folder:
        yield Path(folder)


def _choices(interval: str, level: float, replicates: int, seed: int, ccc: str, threads: int | None) -> list[str]:
    options = ["--interval", interval, "--level", str(level), "--replicates", str(replicates)]
    options += ["--seed", str(seed), "--ccc", ccc]
    return options + (["--threads", str(threads)] if threads else [])


def _run(command: str, inputs: Inputs, options: list[str], drop_missing: bool) -> Any:
    words = [command, *inputs.files, *inputs.options, *options]
    try:
        report, found = _program.run(words + (["--drop-missing"] if drop_missing else []), inputs.folder)
    except DataError as error:
        # The command names faults in sentences; validate has them as values.
        for file in inputs.files:
            try:
                report = _validated(inputs, file, drop_missing)
            except DataError:
                break
            error.faults += _faults(inputs, report["faults"])
        if any(fault.severity == "error" for fault in error.faults):
            message = "\n".join(str(fault) for fault in error.faults if fault.severity == "error")
            raise DataError(message, error.exit_code, error.faults) from None
        raise
    if found:
        more = [f"and {len(found) - 3} more"] if len(found) > 4 else []
        lines = [_with_rows(inputs, line.replace(": warning: ", ": ")) for line in found[: 3 if more else 4]]
        warnings.warn("\n".join(lines + more), InvitroWarning, stacklevel=3)
    return report


def _with_rows(inputs: Inputs, message: str) -> str:
    """A line of a file that was written here is told as a position in the data."""
    for file, header in inputs.headers.items():
        place = re.match(rf"{file}:(\d+)(:\d+)?", message)
        if place:
            return f"{file}[{int(place[1]) - 1 - header}]{message[place.end() :]}"
    return message


def _validated(inputs: Inputs, file: str, drop_missing: bool) -> Any:
    words = ["validate", file, *inputs.options]
    return _program.run(words + (["--drop-missing"] if drop_missing else []), inputs.folder, faulty=True)[0]


def _faults(inputs: Inputs, found: list[dict[str, Any]]) -> tuple[Fault, ...]:
    def fault(one: dict[str, Any]) -> Fault:
        file, line = str(one.get("file", "")), one.get("line")
        written = file in inputs.headers
        expected = one.get("expected")
        return Fault(
            file,
            None if written else line,
            None if written else one.get("column"),
            one.get("field"),
            one.get("found"),
            expected and expected.replace("--drop-missing", "drop_missing=True"),
            one["severity"],
            one["code"],
            line - 1 - inputs.headers[file] if written and line is not None else None,
        )

    # In the order of the rows; what is of no row comes last.
    return tuple(sorted(map(fault, found), key=lambda f: (f.row is None, f.row or 0)))
