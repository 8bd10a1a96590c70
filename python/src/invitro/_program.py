"""Finds the program and runs it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from ._errors import DataError, InvitroError


def path() -> str:
    """The carried program, or the one that the environment variable INVITRO_PROGRAM names."""
    named = os.environ.get("INVITRO_PROGRAM")
    program = Path(named) if named else Path(__file__).parent / "program" / "invitro"
    if not program.is_file():
        raise InvitroError(
            f"{program}: is not there. Install the wheel for this platform, or set INVITRO_PROGRAM "
            "to a program that you built.",
            exit_code=66,
        )
    return str(program.absolute())


JSON = ("--format", "json")


def run(arguments: list[str], folder: Path, *, faulty: bool = False) -> tuple[Any, list[str]]:
    """What the program prints as JSON, and its warnings. It runs in `folder`. With `faulty`, bad data (65)
    is an answer too."""
    done = subprocess.run(
        [path(), *arguments, *JSON], cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if done.returncode == 0 or (faulty and done.returncode == 65 and done.stdout.strip()):
        return json.loads(done.stdout), [x for x in done.stderr.splitlines() if ": warning: " in x]
    message = done.stderr.strip() or f"invitro ended with {done.returncode}"
    raise (DataError if done.returncode in (65, 66) else InvitroError)(message, done.returncode)
