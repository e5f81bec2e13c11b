"""The one kind of error that a user can mend, and the exit codes of the commands."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the exit codes mean.

    Done; a check found something to mend; wrong usage or input; done, less rejects; a part is not done, and the same
    command goes on with it.
    """

    OK = 0
    PROBLEMS = 1
    USAGE = 2
    REJECTS = 3
    UNFINISHED = 4


class DetenteError(Exception):
    """Bad input or usage: the text says what was expected, what was found and what to do."""

    def __init__(self, expected: str, *, found: str, remedy: str, where: str = "") -> None:
        self.expected = expected
        self.found = found
        self.remedy = remedy
        self.where = where
        place = f"{where}: " if where else ""
        super().__init__(f"{place}expected {expected}, found {found}. {remedy}")

    def __reduce__(self) -> tuple[object, ...]:
        # Errors come out of other processes too, and keyword-only arguments are lost on the way otherwise.
        return _rebuilt, (self.expected, self.found, self.remedy, self.where)


def _rebuilt(expected: str, found: str, remedy: str, where: str) -> DetenteError:
    return DetenteError(expected, found=found, remedy=remedy, where=where)
