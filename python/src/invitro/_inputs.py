"""Turns what a function was given into files and options of the program."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional, Union

from . import _tables
from ._tables import Column, Data

Targets = Union[str, Sequence[str], Mapping[str, Optional[tuple[float, float]]]]
"""Names of targets, or a mapping of names to (lowest, highest) label, None where a target has no range."""

Columns = Union[str, Column, Mapping[str, Column]]
"""The name of a column of gold, a list of such names, a value for each row, or several of these by name."""


@dataclass
class Inputs:
    """What the program is called with. Files are written into `folder`, where it runs."""

    folder: Path
    gold: Data | None = None
    benchmark: str | os.PathLike[str] | None = None
    split: str | None = None
    targets: Targets | None = None
    clusters: Columns | None = None
    attributes: Columns | None = None
    id: str | None = None
    data: str | os.PathLike[str] | None = None

    files: list[str] = field(default_factory=list)
    """The files of predictions."""
    headers: dict[str, int] = field(default_factory=dict)
    """How many lines stand before the first row, of the files that are written here."""
    options: list[str] = field(default_factory=list)
    """Options that `validate`, `score` and `compare` take."""
    scoring: list[str] = field(default_factory=list)
    """Options that `score` and `compare` take beside."""

    def prepare(self, predictions: Mapping[str, Data]) -> Inputs:
        """`predictions` are by the name that they have in messages."""
        if (self.gold is None) == (self.benchmark is None):
            raise ValueError("give either gold or benchmark")
        if self.gold is None:
            self._of_benchmark()
        elif _tables.is_path(self.gold):
            self._of_file()
        else:
            self._of_data(predictions)
            return self
        for called, given in predictions.items():
            self.files.append(self._for_file(called, given))
        return self

    def _of_benchmark(self) -> None:
        if self.targets is not None or self.attributes is not None:
            raise ValueError("targets and attributes are for gold; a benchmark defines its own")
        known = os.fspath(self.benchmark or "")
        home = self.data or os.environ.get("INVITRO_DATA") or "data"
        self.options += ["--benchmark", os.path.abspath(known) if os.path.exists(known) else known]
        self.options += ["--split", self.split] if self.split else []
        self.options += ["--data", os.path.abspath(home)]
        for name in self._column_names("clusters", self.clusters):
            self.scoring += ["--cluster", name]

    def _of_file(self) -> None:
        self.options += ["--gold", os.path.abspath(str(self.gold))]
        self.options += ["--id", self.id] if self.id else []
        for target in self._target_names() or ():
            self.options += ["--target", self._ranged(target)]
        for name in self._column_names("clusters", self.clusters):
            self.scoring += ["--cluster", name]
        for name in self._column_names("attributes", self.attributes):
            self.scoring += ["--attribute", name]

    def _for_file(self, called: str, given: Data) -> str:
        """Predictions of labels that stand in a file: a table with ids, or an array in the labels' order."""
        if _tables.is_path(given):
            return os.path.abspath(str(given))
        if _tables.names(given) is None:
            rows = [row if isinstance(row, (list, tuple)) else [row] for row in _tables.values(given)]
            columns = {str(index): column for index, column in enumerate(zip(*rows))}
            return self._write(called, columns, header=False)
        table = _tables.table(given, called, None)
        if self.id is None or self.id not in table:
            raise ValueError(f"{called}: found the columns {', '.join(table)}, expected one with ids (id=…)")
        targets = self._target_names() or [name for name in table if _tables.is_numeric(table[name])]
        kept = [self.id, *(name for name in targets if name != self.id)]
        return self._write(called, {name: self._column(table, name, called) for name in kept})

    def _of_data(self, predictions: Mapping[str, Data]) -> None:
        """Labels and predictions that are data: matched by position, or by the column `id`."""
        for called, given in predictions.items():
            if _tables.is_path(given):
                raise ValueError(f"{called}: found a file, expected data, as gold is (or give gold as a file)")
        clusters, attributes = self._columns("cluster", self.clusters), self._columns("attribute", self.attributes)
        if self.id is None:
            held = {"gold": self.gold, **predictions}
            held |= {} if _tables.names(self.clusters) else {"clusters": self.clusters}
            _tables.check_aligned(held)
        wanted = self._target_names()
        gold = _tables.table(self.gold, "gold", wanted)
        taken = {self.id, *clusters, *attributes}
        labels = wanted or [n for n in gold if n not in taken and _tables.is_numeric(gold[n])]
        tables = {}
        for called, given in predictions.items():
            table = _tables.table(given, called, wanted or (labels if len(labels) == 1 else None))
            labels = wanted or [name for name in labels if name in table]
            tables[called] = table
            if not labels:
                raise ValueError(
                    f"{called}: found the columns {', '.join(table)}, expected one of gold's columns of numbers"
                    f" ({', '.join(n for n in gold if n not in taken)}); targets=… names them"
                )
        key = self.id or ("row" if "row" not in {*labels, *clusters, *attributes} else "row id")
        n = len(self._column(gold, labels[0], "gold"))
        for called, table in {"gold": gold, **tables}.items():
            rows = len(self._column(table, labels[0], called))
            if self.id is None:
                if rows != n:
                    raise ValueError(f"{called}: found {rows} rows, expected {n}, as gold has")
                table[key] = list(range(n))
        written: dict[str, list[Any]] = {x: self._column(gold, x, "gold") for x in (key, *labels)}
        for name, column in {**clusters, **attributes}.items():
            written[name] = self._column(gold, name, "gold") if column is None else column
            if len(written[name]) != n:
                raise ValueError(f"{name}: found {len(written[name])} values, expected {n}, as gold has")
        self._write("gold", written)
        for called, table in tables.items():
            columns = {name: self._column(table, name, called) for name in (key, *labels)}
            self.files.append(self._write(called, columns))
        self.options += ["--gold", "gold", "--id", key]
        self.options += [word for label in labels for word in ("--target", self._ranged(label))]
        self.scoring += [word for name in clusters or ["row"] for word in ("--cluster", name)]
        self.scoring += [word for name in attributes for word in ("--attribute", name)]

    def _write(self, called: str, columns: Mapping[str, Sequence[Any]], header: bool = True) -> str:
        _tables.write(self.folder / called, columns, header)
        self.headers[called] = int(header)
        return called

    def _columns(self, single: str, given: Columns | None) -> dict[str, list[Any] | None]:
        """Columns by name; None for one that stands in gold."""
        if given is None:
            return {}
        if isinstance(given, str):
            return {given: None}
        if _tables.names(given) is not None:
            return dict(_tables.table(given, single, None))
        column = _tables.values(given)
        gold = _tables.names(self.gold) or []
        if column and all(isinstance(name, str) and name in gold for name in column):
            return dict.fromkeys(column)
        return {str(getattr(given, "name", None) or single): column}

    @staticmethod
    def _column_names(option: str, given: Columns | None) -> list[str]:
        if given is None:
            return []
        found = [given] if isinstance(given, str) else list(given)
        if not all(isinstance(name, str) for name in found):
            raise ValueError(f"{option}: found values, expected names of columns, as the labels stand in a file")
        return found

    @staticmethod
    def _column(table: Mapping[str, list[Any]], name: str, called: str) -> list[Any]:
        if name not in table:
            raise ValueError(f"{called}: found the columns {', '.join(table)}, expected {name!r} among them")
        return table[name]

    def _target_names(self) -> list[str] | None:
        if self.targets is None:
            return None
        return [self.targets] if isinstance(self.targets, str) else list(self.targets)

    def _ranged(self, name: str) -> str:
        limits = self.targets.get(name) if isinstance(self.targets, Mapping) else None
        return name if limits is None else f"{name}:{float(limits[0])!r}:{float(limits[1])!r}"
