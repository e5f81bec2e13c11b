"""The one kind of error that a user can mend, and the exit codes of the commands."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the exit codes mean: done; a check found something to mend; wrong usage or input; done, less rejects."""

    OK = 0
    PROBLEMS = 1
    USAGE = 2
    REJECTS = 3


class DetenteError(Exception):
    """Bad input or usage: the text says what was expected, what was found and what to do."""

    def __init__(self, expected: str, *, found: str, remedy: str, where: str = "") -> None:
        self.expected = expected
        self.found = found
        self.remedy = remedy
        self.where = where
        place = f"{where}: " if where else ""
        super().__init__(f"{place}expected {expected}, found {found}. {remedy}")
