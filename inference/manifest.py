"""The manifest of a job: what it does, and a line for each shard that is finished.

A file of JSON lines that is only ever appended to, each on the disk before its shard counts as finished. A kill at any
moment leaves whole lines and at most one torn one at the end, which is cut off when the job goes on: its shard is then
done again. Rewriting the file for each shard would be as safe, and quadratic in their number.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from ..data.errors import DetenteError
from .output import rename_durably, write_durably
from .pipeline import Counts

FORMAT = 1


@dataclass(frozen=True, slots=True)
class JobSpec:
    """All that the rows of a job, and the files they are in, depend on besides its inputs.

    What bounds time and memory alone (workers, device, size of batches) is not in it: a job may go on elsewhere.
    """

    detente: str
    model: str
    model_sha256: str
    actors: str
    actors_sha256: str
    gazetteer_sha256: str
    keep_neutral: bool
    max_article_chars: int
    text_column: str
    id_column: str
    date_column: str
    title_column: str
    source_column: str
    shard_bytes: int

    def differences(self, other: JobSpec) -> list[str]:
        """What differs in another job, in words."""
        changes = []
        for name in (spec_field.name for spec_field in fields(self)):
            before, now = getattr(self, name), getattr(other, name)
            if before != now:
                shown = ("(none)" if value == "" else value for value in (before, now))
                changes.append(f"{name.replace('_', ' ')} was {next(shown)} and is {next(shown)}")
        return changes


@dataclass(frozen=True, slots=True)
class ShardRecord:
    """A finished shard: what went in, what came out, and the digests of both."""

    shard: str
    input_stamp: str
    input_sha256: str
    records: int
    rejected_records: int
    counts: Counts
    rows: int
    stances_sha256: str
    rejects: int
    rejects_sha256: str
    model_version: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ManifestContent:
    """What a manifest says.

    ``damaged`` holds the numbers of lines that cannot be read and are not the torn end of a killed job.
    """

    spec: JobSpec
    records: dict[str, ShardRecord]
    damaged: list[int] = field(default_factory=list)


class Manifest:
    """An open manifest, for appending by the one process that holds the lock of the output."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("ab")

    @classmethod
    def create(cls, path: Path, spec: JobSpec) -> Self:
        """Start a manifest; the file appears with its first line in it."""
        temporary = path.with_name(f".{path.name}.tmp")
        line = json.dumps({"format": FORMAT, "job": asdict(spec)}) + "\n"
        write_durably(temporary, [line.encode()])
        rename_durably(temporary, path)
        return cls(path)

    @classmethod
    def reopen(cls, path: Path) -> Self:
        """Go on with a manifest; a torn last line is cut off."""
        with path.open("r+b") as stream:
            content = stream.read()
            if not content.endswith(b"\n"):
                stream.truncate(content.rfind(b"\n") + 1)
                os.fsync(stream.fileno())
        return cls(path)

    def append(self, record: ShardRecord) -> None:
        """Record a finished shard, for good when this returns."""
        self._stream.write(json.dumps({"shard": asdict(record)}).encode() + b"\n")
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def read_manifest(path: Path) -> ManifestContent:
    """Read a manifest; of a shard that is recorded twice the later record counts.

    Raises:
        DetenteError: there is none, or its first line is no description of a job that this version can read.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise DetenteError("an output directory of ours", found=str(error), remedy="Check the path.") from error
    try:
        first = json.loads(lines[0])
        if first["format"] != FORMAT:
            raise ValueError(f"format {first['format']}")
        content = ManifestContent(JobSpec(**first["job"]), {})
    except (ValueError, KeyError, TypeError) as error:
        raise DetenteError(
            f"a manifest of format {FORMAT}",
            found=f"a first line that is none: {error!r}"[:200],
            remedy="Score anew with --overwrite.",
            where=str(path),
        ) from error
    # What follows the last line end is empty, or the torn line of a job that was killed.
    for number, line in enumerate(lines[1:-1], 2):
        try:
            record = _record(json.loads(line)["shard"])
        except (ValueError, KeyError, TypeError):
            content.damaged.append(number)
            continue
        content.records[record.shard] = record
    return content


def _record(entry: dict[str, Any]) -> ShardRecord:
    return ShardRecord(**{**entry, "counts": Counts(**entry["counts"])})
