"""The output directory of a job: where its files lie, and who may write to it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from ..data.errors import DetenteError

# The lock of a killed job is gone with it, but a process takes a moment to die.
_PATIENCE_S = 2.0


class OutputError(Exception):
    """The output directory cannot be written: a full disk, or one that became read-only."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Tell what goes wrong on the way to the output from what goes wrong elsewhere."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror or error}") from error


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the files of a job lie.

    ``stances/SHARD.parquet``, ``rejects/SHARD.jsonl`` (only where there are any), ``manifest.jsonl``,
    ``inputs.jsonl`` (the files that the job is about), ``job.lock``, and when all is done ``rejects.jsonl`` (all
    rejects in one) and ``summary.json``.
    """

    folder: Path

    @property
    def stances(self) -> Path:
        """The folder of the Parquet files."""
        return self.folder / "stances"

    @property
    def shard_rejects(self) -> Path:
        """The folder of the rejects by shard."""
        return self.folder / "rejects"

    @property
    def rejects(self) -> Path:
        """All rejects."""
        return self.folder / "rejects.jsonl"

    @property
    def summary(self) -> Path:
        """The counts of a finished job."""
        return self.folder / "summary.json"

    @property
    def manifest(self) -> Path:
        """See ``manifest``."""
        return self.folder / "manifest.jsonl"

    @property
    def inputs(self) -> Path:
        """Names, sizes and times of the input files."""
        return self.folder / "inputs.jsonl"

    @property
    def lock(self) -> Path:
        """Locked by the job that runs, and the mark that the directory is ours."""
        return self.folder / "job.lock"

    def stances_of(self, shard: str) -> Path:
        """The rows of a shard."""
        return self.stances / f"{shard}.parquet"

    def rejects_of(self, shard: str) -> Path:
        """The rejects of a shard."""
        return self.shard_rejects / f"{shard}.jsonl"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who writes to an output directory."""

    host: str
    pid: int
    since: str


class Output:
    """An output directory that this process alone may write to, until ``close``.

    The lock is one of the operating system (``flock``): it ends with the process, however that ends.
    """

    def __init__(self, folder: Path, *, overwrite: bool = False) -> None:
        """Take a new or empty directory, or one of ours; ``overwrite`` empties the latter.

        Raises:
            DetenteError: it is a file, cannot be written, holds files that are not ours, or another job runs in it.
        """
        self.layout = Layout(folder)
        self.holder = Holder(socket.gethostname(), os.getpid(), datetime.now(UTC).isoformat(timespec="seconds"))
        remedy = "Give another --out."
        if folder.exists() and not folder.is_dir():
            raise DetenteError("an output directory", found=f"the file {folder}", remedy=remedy)
        if folder.is_dir() and any(folder.iterdir()) and not self.layout.lock.is_file():
            found = f"other files in {folder}"
            raise DetenteError("a new or empty output directory, or one of ours", found=found, remedy=remedy)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = self.layout.lock.open("a+")
            self._acquire()
            if overwrite:
                for path in (self.layout.summary, self.layout.manifest, self.layout.rejects, self.layout.inputs):
                    path.unlink(missing_ok=True)
                for path in (self.layout.stances, self.layout.shard_rejects):
                    shutil.rmtree(path, ignore_errors=True)
            for path in (self.layout.stances, self.layout.shard_rejects):
                path.mkdir(exist_ok=True)
        except OSError as error:
            raise DetenteError("an output directory that can be written", found=str(error), remedy=remedy) from error

    def _acquire(self) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while not self._try_lock():
            if time.monotonic() > deadline:
                holder = _read_holder(self.layout.lock)
                who = f"process {holder.pid} on {holder.host}, since {holder.since}" if holder else "another job"
                raise DetenteError(
                    f"an output directory in which no other job runs ({self.layout.folder})",
                    found=f"one that is held by {who}",
                    remedy="Wait for it, or give another --out.",
                )
            time.sleep(0.05)
        self._lock.truncate(0)
        self._lock.write(json.dumps(asdict(self.holder)) + "\n")
        self._lock.flush()

    def _try_lock(self) -> bool:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def sweep(self, keep: Iterable[str], planned: Iterable[str]) -> None:
        """Remove what a killed job left: temporary files, and files of planned shards that are not kept."""
        for folder in (self.layout.folder, self.layout.stances, self.layout.shard_rejects):
            for path in folder.glob(".*.tmp"):
                path.unlink(missing_ok=True)
        for shard in set(planned).difference(keep):
            self.layout.stances_of(shard).unlink(missing_ok=True)
            self.layout.rejects_of(shard).unlink(missing_ok=True)

    def close(self) -> None:
        """Let others write."""
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _read_holder(path: Path) -> Holder | None:
    try:
        return Holder(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # the holder is just writing it


def still_held_by(layout: Layout, holder: Holder) -> bool:
    """Whether the job of a worker still runs, and no later one took its place."""
    return _read_holder(layout.lock) == holder


def write_durably(path: Path, blocks: Iterable[bytes]) -> None:
    """Write a file and wait until it is on the disk; its name is durable only after ``rename_durably``."""
    with path.open("wb") as stream:
        for block in blocks:
            stream.write(block)
        stream.flush()
        os.fsync(stream.fileno())


def rename_durably(temporary: Path, path: Path) -> None:
    """Give a finished file its name, and wait until the name is on the disk."""
    temporary.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
