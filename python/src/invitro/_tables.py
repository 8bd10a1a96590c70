"""Reads columns out of what users hold their data in, without importing any of it."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Union

Column = Iterable[Any]
"""A list, a NumPy array, a tensor, a pandas or Polars Series, a column of a dataset."""

Data = Union[Iterable[Any], "os.PathLike[str]"]
"""A column; or a table: a mapping of names to columns, a pandas or Polars DataFrame, a Hugging Face
Dataset, a pyarrow Table, an array with two dimensions; or a file's path, as str or Path."""


def is_path(data: object) -> bool:
    return isinstance(data, (str, os.PathLike))


def names(data: Any) -> list[str] | None:
    """The columns of a table; None of a single column."""
    columns = getattr(data, "column_names", None)
    # A DatasetDict, which is a mapping too.
    if isinstance(columns, Mapping):
        raise TypeError(f"found a DatasetDict, expected one of its splits: {', '.join(map(str, columns))}")
    if isinstance(data, Mapping):
        return [str(name) for name in data]
    if columns is None:
        columns = getattr(data, "columns", None)
    return None if columns is None or callable(columns) else [str(name) for name in columns]


def values(column: Any) -> list[Any]:
    """The column as a list of Python's own values."""
    for method in ("tolist", "to_pylist", "to_list"):
        if hasattr(column, method):
            return list(getattr(column, method)())
    return list(column)


def is_numeric(column: Sequence[Any]) -> bool:
    present = [value for value in column if not is_missing(value)]
    return bool(present) and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in present)


def is_missing(value: Any) -> bool:
    """None, NaN, pandas' NA and NaT."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and math.isnan(value)


def check_aligned(data: Mapping[str, Any]) -> None:
    """Rows are matched by position. Where two pandas objects have different indexes, that is a mistake."""
    indexed = [(name, one.index) for name, one in data.items() if hasattr(getattr(one, "index", None), "equals")]
    for name, index in indexed[1:]:
        first, reference = indexed[0]
        if not index.equals(reference):
            raise ValueError(
                f"{name}: its index differs from that of {first}, and rows are matched by position; "
                f"align them ({name}.reindex({first}.index)), name an id column, or give arrays"
            )


def table(data: Any, called: str, targets: Sequence[str] | None) -> dict[str, list[Any]]:
    """The columns by name. A single column has the only target's name, its own, or "label"."""
    columns = names(data)
    if columns is not None:
        return {name: values(data[key]) for name, key in zip(columns, _keys(data))}
    rows = values(data)
    if rows and isinstance(rows[0], (list, tuple)):
        width = len(rows[0])
        if targets is None or len(targets) != width:
            raise ValueError(f"{called}: found {width} columns without names, expected as many names in targets")
        return {target: [row[index] for row in rows] for index, target in enumerate(targets)}
    if targets is not None and len(targets) != 1:
        raise ValueError(f"{called}: found one column, expected {len(targets)}: {', '.join(targets)}")
    return {targets[0] if targets else str(getattr(data, "name", None) or "label"): rows}


def _keys(data: Any) -> Iterable[Any]:
    if isinstance(data, Mapping):
        return list(data)
    return list(data.column_names if hasattr(data, "column_names") else data.columns)


def write(path: Path, columns: Mapping[str, Sequence[Any]], header: bool = True) -> None:
    """A table that the program reads: CSV with a header, or the headerless TSV of the shared tasks.
    A missing value is an empty field."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="," if header else "\t", lineterminator="\n")
        if header:
            writer.writerow(columns)
        for row in zip(*columns.values()):
            writer.writerow(["" if is_missing(value) else value for value in row])
