"""Metrics for the Trainer of Hugging Face transformers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ._score import score
from ._tables import Column, values


def compute_metrics(
    targets: str | Sequence[str] = "label",
    *,
    clusters: Column | None = None,
    metrics: Iterable[str] = ("pcc", "ccc", "rmse"),
    intervals: bool = True,
) -> Callable[[Any], dict[str, float]]:
    """A function for `Trainer(compute_metrics=…)`, for a regression with an output for each of `targets`.

    Its keys are `pcc`, `pcc_low`, `pcc_high` and so on, or `empathy_pcc` where there are several targets.
    An undefined figure is NaN, as PCC of constant outputs is. `clusters` are those of the evaluation
    set's rows, in order.
    """
    names = [targets] if isinstance(targets, str) else list(targets)
    shared = None if clusters is None else values(clusters)
    wanted = list(metrics)

    def figures(prediction: Any) -> dict[str, float]:
        outputs, labels = prediction.predictions, prediction.label_ids
        # A model with further outputs gives a tuple, of which the logits are the first.
        if isinstance(outputs, tuple):
            outputs = outputs[0]
        scored = score(_columns(outputs, names), _columns(labels, names), targets=names, clusters=shared)
        found: dict[str, float] = {}
        for name in names:
            for metric in wanted:
                key = metric if len(names) == 1 else f"{name}_{metric}"
                figure = scored[name, metric]
                parts = {"": figure.value}
                if intervals:
                    parts |= {"_low": figure.low, "_high": figure.high}
                found |= {key + end: float("nan") if x is None else x for end, x in parts.items()}
        return found

    return figures


def _columns(array: Any, names: Sequence[str]) -> dict[str, list[Any]]:
    """Of an array with a row for each example, flat or with a column for each target."""
    rows = [row if isinstance(row, list) else [row] for row in values(array)]
    width = {len(row) for row in rows}
    if width != {len(names)}:
        raise ValueError(
            f"found {', '.join(map(str, sorted(width)))} outputs a row, expected {len(names)}: {', '.join(names)}"
        )
    return {name: [row[index] for row in rows] for index, name in enumerate(names)}
