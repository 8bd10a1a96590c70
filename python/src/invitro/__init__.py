"""Scores predictions with intervals and tests that respect clusters, such as persons.

>>> import invitro
>>> score = invitro.score(predictions, gold, clusters=persons)
>>> score["pcc"].value, score["pcc"].low, score["pcc"].high

The functions call the program `invitro`, which the wheel carries, and need no other package. They take
lists, NumPy arrays, PyTorch tensors, pandas and Polars data, Hugging Face datasets and files.
"""

from ._errors import DataError, Fault, InvitroError, InvitroWarning
from ._results import Comparison, Difference, Figure, Group, Score, Validation
from ._score import compare, score, validate
from ._trainer import compute_metrics

__all__ = [
    "Comparison",
    "DataError",
    "Difference",
    "Fault",
    "Figure",
    "Group",
    "InvitroError",
    "InvitroWarning",
    "Score",
    "Validation",
    "compare",
    "compute_metrics",
    "score",
    "validate",
]
