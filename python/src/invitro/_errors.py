"""What the functions raise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with the input, or looks wrong (severity "warning")."""

    file: str
    """"predictions", "gold", or the file that was given."""
    line: int | None
    column: int | None
    field: str | None
    """The target or column that it is about."""
    found: str | None
    expected: str | None
    severity: str
    code: str
    row: int | None = None
    """Position in the data that was given, from 0; None where a file was given."""

    def __str__(self) -> str:
        place = self.file
        if self.row is not None:
            place += f"[{self.row}]"
        elif self.line is not None:
            place += f":{self.line}" + (f":{self.column}" if self.column is not None else "")
        if self.field is not None:
            place += f" ({self.field})"
        parts = []
        if self.found is not None:
            parts.append(f"found {self.found!r}" if self.found else "found an empty value")
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        return f"{place}: {', '.join(parts) or self.code}"


class InvitroError(Exception):
    """The program ended with an error. Its message says what was found, expected, and what to do."""

    def __init__(self, message: str, exit_code: int, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        """64 usage, 65 bad data, 66 missing input, 69 a service is unavailable, 70 a bug, 77 not allowed."""
        self.faults = faults
        """Everything that is wrong with the predictions, where it was that; else empty."""


class InvitroWarning(UserWarning):
    """Something in the input looks wrong, and was scored as it stands."""


class DataError(InvitroError):
    """The input is faulty: exit code 65, or 66 where a file or data set is missing."""
