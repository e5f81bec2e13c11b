"""Which files make up an archive, and how each is opened."""

from __future__ import annotations

import glob
import gzip
import io
import os
import stat
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import IO, cast

from ..data.errors import DetenteError


class Format(StrEnum):
    """What a file holds, by its suffix."""

    TEXT = "text"
    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"
    HTML = "html"


_FORMATS = {
    ".txt": Format.TEXT,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".csv": Format.CSV,
    ".tsv": Format.TSV,
    ".parquet": Format.PARQUET,
    ".html": Format.HTML,
    ".htm": Format.HTML,
}
_COMPRESSIONS = (".gz", ".zst")
STANDARD_INPUT = "standard input"
READABLE = ", ".join(_FORMATS) + "; each also as .gz or .zst or inside a .zip; - for JSONL on standard input"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a file: bytes ``start`` to ``stop`` of JSONL, row groups ``start`` to ``stop`` of Parquet.

    ``before`` counts the lines or rows in front of it, so that a record has the same place and id however it is read.
    """

    start: int
    stop: int
    before: int


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file of an archive, or one member of a zip file.

    Attributes:
        path: the file on disk, or None for standard input.
        name: how rows, rejects and messages call it; never used as a path.
        format: what it holds once it is decompressed.
        size: bytes on disk, of the part alone.
        modified: when it was last written, in nanoseconds since 1970, as the file system says.
        member: its name inside the zip file at ``path``.
        part: the part of a large file that is meant; None for all of it.
        broken: why nothing can be read of it, if that was seen already.
    """

    path: Path | None
    name: str
    format: Format
    size: int
    modified: int = 0
    member: str | None = None
    part: Part | None = None
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files of an archive, and how many beside them are of a kind that is not read."""

    files: tuple[InputFile, ...]
    skipped: int


def find_inputs(arguments: Sequence[str], *, leave_out: Path | None = None) -> Inputs:
    """Expand files, directories, globs and ``-`` to the files to read, in a stable order.

    Directories are searched for files of a readable kind, links to directories are not followed.

    Args:
        leave_out: a folder, the output perhaps, that is passed over where it lies inside a directory that is searched.

    Raises:
        DetenteError: a path does not exist, a file that was named is of no readable kind, or nothing is left.
    """
    files: dict[tuple[Path | None, str | None], InputFile] = {}
    skipped = 0
    for argument in arguments:
        for path, name in _expand(argument, leave_out):
            if path is None:
                found, others = [InputFile(None, STANDARD_INPUT, Format.JSONL, 0)], 0
            else:
                found, others = _open_up(path, name)
            if path is not None and not found and argument == str(path):
                raise DetenteError(f"a file of a kind that is read ({READABLE})", found=argument, remedy="Convert it.")
            skipped += others
            for file in found:
                files.setdefault((file.path, file.member), file)
    if not files:
        raise DetenteError(
            f"at least one file of a kind that is read ({READABLE})",
            found=f"none in {', '.join(arguments)}",
            remedy="Check the path and the suffixes.",
        )
    return Inputs(files=tuple(_unambiguous(list(files.values()))), skipped=skipped)


def _expand(argument: str, leave_out: Path | None) -> Iterator[tuple[Path | None, str]]:
    """The files that an argument stands for, each with the name it goes by."""
    if argument == "-":
        yield None, "-"
        return
    root = Path(argument)
    if root.is_dir():
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if not _is_same(Path(folder, name), leave_out))
            for name in sorted(names):
                path = Path(folder, name)
                yield path, path.relative_to(root).as_posix()
    elif root.exists():
        yield root, root.name
    else:
        matches = sorted(glob.glob(argument, recursive=True))
        if not matches:
            raise DetenteError("a file, a directory, a glob or -", found=f"no such path {argument}", remedy="Check it.")
        for match in matches:
            yield from _expand(match, leave_out)


def _is_same(folder: Path, other: Path | None) -> bool:
    return other is not None and other.exists() and folder.samefile(other)


def _open_up(path: Path, name: str) -> tuple[list[InputFile], int]:
    """The readable file at ``path``, or the readable members of the zip file there; and how many others there are."""
    try:
        status = path.stat()
    except OSError:  # a link to nowhere, or one to itself
        return [], 1
    if not stat.S_ISREG(status.st_mode):  # a pipe or a device would block
        return [], 1
    file = InputFile(path, name, Format.TEXT, status.st_size, status.st_mtime_ns)
    if path.suffix.lower() != ".zip":
        kind = format_of(path.name)
        return ([replace(file, format=kind)], 0) if kind else ([], 1)
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
        # One damaged file of an archive costs itself: it becomes a reject when its turn comes.
        return [replace(file, broken=f"expected a zip file, found none that can be read: {error}")], 0
    files = [
        replace(file, name=f"{name}!{info.filename}", format=kind, size=info.compress_size, member=info.filename)
        for info in members
        if (kind := format_of(info.filename))
    ]
    return files, len(members) - len(files)


def format_of(name: str) -> Format | None:
    """The format of a file by its name, compression suffixes left aside."""
    stem, suffix = os.path.splitext(name.lower())
    if suffix in _COMPRESSIONS:
        suffix = os.path.splitext(stem)[1]
    return _FORMATS.get(suffix)


def _unambiguous(files: list[InputFile]) -> list[InputFile]:
    """Where two files go by one name, name them by their paths."""
    counts = Counter(file.name for file in files)
    return [
        replace(file, name=f"{file.path}!{file.member}" if file.member else str(file.path))
        if counts[file.name] > 1
        else file
        for file in files
    ]


#: Running text shrinks to a third or a tenth. What grows more than this, and is large, was made to fill memory.
_MAX_GROWTH = 200
_FREE_BYTES = 256 * 2**20


def is_bomb(size: int, compressed: int) -> bool:
    """Whether decompressed bytes are out of proportion to the compressed ones."""
    return size > max(_FREE_BYTES, _MAX_GROWTH * compressed)


class _Counted(io.RawIOBase):
    """A byte stream that counts what was read of it and stops at a limit."""

    def __init__(self, raw: IO[bytes], limit: int | None = None) -> None:
        self._raw = raw
        self._limit = limit
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        wanted = len(view) if self._limit is None else min(len(view), self._limit - self.count)
        data = self._raw.read(wanted)
        view[: len(data)] = data
        self.count += len(data)
        return len(data)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Grown(_Counted):
    """Decompressed bytes; breaks off where they are out of proportion to the compressed ones."""

    def __init__(self, raw: IO[bytes], compressed: Callable[[], int]) -> None:
        super().__init__(raw)
        self._compressed = compressed

    def readinto(self, buffer: object) -> int:
        read = super().readinto(buffer)
        if is_bomb(self.count, self._compressed()):
            raise OSError(
                f"expected text, found {self.count:,} bytes out of {self._compressed():,}, as in a decompression bomb"
            )
        return read


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """The decompressed bytes of an input file."""

    stream: IO[bytes]
    _counted: _Counted
    _size: int

    def bytes_read(self) -> int:
        """Bytes read so far, in the measure of ``InputFile.size``."""
        return min(self._counted.count, self._size)


@contextmanager
def open_input(file: InputFile) -> Iterator[OpenedFile]:
    """Open a file, or the bytes of a part of it, through zip, gzip and zstandard; nothing is unpacked to disk."""
    import pyarrow as pa

    with ExitStack() as stack:
        if file.path is None:
            counted = _Counted(sys.stdin.buffer)
        elif file.member is not None:
            archive = stack.enter_context(zipfile.ZipFile(file.path))
            counted = _Grown(stack.enter_context(archive.open(file.member)), lambda: file.size)
        else:
            on_disk = stack.enter_context(file.path.open("rb"))
            if file.part is not None and file.format is Format.JSONL:
                on_disk.seek(file.part.start)
            # No more than was planned: what a program still appends is seen as a change afterwards.
            counted = _Counted(on_disk, limit=file.size)
        stream: IO[bytes] = _buffered(counted)
        suffix = os.path.splitext((file.member or file.name).lower())[1]
        if suffix == ".gz":
            unpacked: IO[bytes] = cast(IO[bytes], gzip.GzipFile(fileobj=stream))
        elif suffix == ".zst":
            unpacked = cast(IO[bytes], pa.CompressedInputStream(pa.PythonFile(cast(io.IOBase, stream)), "zstd"))
        if suffix in _COMPRESSIONS:
            stream = _buffered(_Grown(unpacked, lambda: counted.count))
        yield OpenedFile(stream=stream, _counted=counted, _size=file.size)
        stream.close()


def _buffered(raw: io.RawIOBase) -> IO[bytes]:
    return io.BufferedReader(raw, 1 << 16)
