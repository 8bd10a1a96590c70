"""What the functions return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from ._errors import Fault

if TYPE_CHECKING:
    import pandas

Value = TypeVar("Value")


@dataclass(frozen=True)
class Figure:
    """A metric's value with its interval."""

    value: float | None
    """None where the metric is undefined, as PCC of constant predictions is; `reason` says why."""
    low: float | None
    high: float | None
    reason: str | None = None
    """Why the value, or else its interval, is undefined."""

    def __str__(self) -> str:
        if self.value is None:
            return f"undefined: {self.reason}"
        if self.low is None or self.high is None:
            return f"{self.value:.4f}"
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


@dataclass(frozen=True)
class Group:
    """The figures of the rows that share a value of an attribute."""

    attribute: str
    name: str
    n: int | None
    clusters: int | None
    suppressed: str | None
    """Why the group's figures are withheld; None where they are not."""
    targets: Mapping[str, Mapping[str, Figure]]


@dataclass(frozen=True)
class Score:
    """The figures of one system. `score["pcc"]` is PCC of the only target, `score["empathy", "pcc"]`
    that of one of several."""

    targets: Mapping[str, Mapping[str, Figure]]
    n: int
    clusters: int
    effective_clusters: float | None
    level: float
    """Nominal coverage of the intervals."""
    groups: tuple[Group, ...]
    notes: tuple[str, ...]
    """What a reader of the figures should know, such as that there are few clusters."""
    signature: str
    """Every choice that the figures depend on, in one line to quote."""
    version: str
    publishable: bool
    """False with `all_groups`, whose figures are for this machine."""
    report: Mapping[str, Any] = field(repr=False)
    """The program's whole report (docs/reference/formats.md)."""

    def __getitem__(self, key: str | tuple[str, str]) -> Figure:
        return _chosen(self.targets, key)

    def to_frame(self) -> pandas.DataFrame:
        """A row for each target and metric."""
        rows = [
            {"target": target, "metric": metric, "value": f.value, "low": f.low, "high": f.high}
            for target, figures in self.targets.items()
            for metric, f in figures.items()
        ]
        return _frame(rows, ["target", "metric", "value", "low", "high"])

    def __str__(self) -> str:
        figures = [
            f"{target} {metric}: {figure}"
            for target, metrics in self.targets.items()
            for metric, figure in metrics.items()
        ]
        return "\n".join([f"{self.n} rows, {self.clusters} clusters", *figures, *self.notes, self.signature])


@dataclass(frozen=True)
class Difference:
    """A metric of two systems on the same rows."""

    first: float | None
    second: float | None
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    """Two-sided, of the hypothesis that the systems are exchangeable."""
    reason: str | None = None
    """Why a figure is undefined."""


@dataclass(frozen=True)
class Comparison:
    """Two systems on the same rows. `comparison["pcc"]` is as for `Score`."""

    targets: Mapping[str, Mapping[str, Difference]]
    conclusion: str
    n: int
    clusters: int
    signature: str
    version: str
    report: Mapping[str, Any] = field(repr=False)
    """The program's whole report (docs/reference/formats.md)."""

    def __getitem__(self, key: str | tuple[str, str]) -> Difference:
        return _chosen(self.targets, key)

    def to_frame(self) -> pandas.DataFrame:
        """A row for each target and metric."""
        columns = ["target", "metric", "first", "second", "difference", "low", "high", "p"]
        rows = [
            {"target": target, "metric": metric, **{name: getattr(d, name) for name in columns[2:]}}
            for target, differences in self.targets.items()
            for metric, d in differences.items()
        ]
        return _frame(rows, columns)

    def __str__(self) -> str:
        return f"{self.conclusion}\n{self.signature}"


@dataclass(frozen=True)
class Validation:
    """Whether predictions can be scored, and everything that is wrong with them."""

    valid: bool
    faults: tuple[Fault, ...]
    rows: int | None
    missing: int | None
    """Rows without a prediction."""

    def __bool__(self) -> bool:
        return self.valid

    def to_frame(self) -> pandas.DataFrame:
        """A row for each fault."""
        columns = ["severity", "file", "row", "line", "column", "field", "found", "expected", "code"]
        return _frame([{name: getattr(f, name) for name in columns} for f in self.faults], columns)


def _chosen(targets: Mapping[str, Mapping[str, Value]], key: str | tuple[str, str]) -> Value:
    if isinstance(key, tuple):
        target, metric = key
    elif len(targets) == 1:
        (target,), metric = targets, key
    else:
        raise KeyError(f"{key!r}: there are several targets, name one of {', '.join(targets)}: [target, metric]")
    if target not in targets:
        raise KeyError(f"{target!r}: the targets are {', '.join(targets)}")
    if metric not in targets[target]:
        raise KeyError(f"{metric!r}: the metrics are {', '.join(targets[target])}")
    return targets[target][metric]


def _frame(rows: list[dict[str, Any]], columns: list[str]) -> pandas.DataFrame:
    try:
        import pandas
    except ImportError as error:
        raise ImportError("to_frame() makes a pandas DataFrame: pip install pandas") from error
    return pandas.DataFrame(rows, columns=columns)


def figures(report: Mapping[str, Any]) -> dict[str, Figure]:
    """The figures of a target's part of a report; its other values (bias, counts) stay in the report."""
    return {
        metric: Figure(f.get("value"), f.get("low"), f.get("high"), f.get("undefined", f.get("intervalUndefined")))
        for metric, f in report.items()
        if isinstance(f, Mapping) and ("value" in f or "undefined" in f)
    }


def score(document: Mapping[str, Any]) -> Score:
    # With all groups the report stands inside a document that says that it is not for publication.
    report = document.get("report", document)
    targets = {target: figures(part) for target, part in report["targets"].items()}
    groups = tuple(
        Group(
            g["attribute"],
            g["group"],
            g.get("n"),
            g.get("clusters"),
            g.get("suppressed"),
            {target: figures(g[target]) for target in targets if target in g},
        )
        for g in report["groups"]
    )
    return Score(
        targets,
        report["n"],
        report["clusters"],
        report.get("effectiveClusters"),
        report["level"],
        groups,
        tuple(report.get("notes", ())),
        report["signature"],
        report["version"],
        document.get("publishable", True),
        report,
    )


def comparison(report: Mapping[str, Any]) -> Comparison:
    def differences(part: Mapping[str, Any]) -> dict[str, Difference]:
        metrics = dict(part["metrics"])
        if "pccWithin" in part:
            metrics["pccWithin"] = part["pccWithin"]
        names = ("first", "second", "difference", "low", "high", "p")
        return {
            metric: Difference(**{name: d.get(name) for name in names}, reason=d.get("undefined"))
            for metric, d in metrics.items()
        }

    return Comparison(
        {target: differences(part) for target, part in report["targets"].items()},
        report["conclusion"],
        report["n"],
        report["clusters"],
        report["signature"],
        report["version"],
        report,
    )
