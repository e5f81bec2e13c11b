"""Which files make up an archive, and how each is opened."""

from __future__ import annotations

import glob
import gzip
import io
import os
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
READABLE = ", ".join(_FORMATS) + "; each also as .gz or .zst or inside a .zip; - for JSONL on standard input"


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file of an archive, or one member of a zip file.

    Attributes:
        path: the file on disk, or None for standard input.
        name: how rows, rejects and messages call it; never used as a path.
        format: what it holds once it is decompressed.
        size: bytes on disk, for the progress bar.
        member: its name inside the zip file at ``path``.
    """

    path: Path | None
    name: str
    format: Format
    size: int
    member: str | None = None


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files of an archive, and how many beside them are of a kind that is not read."""

    files: tuple[InputFile, ...]
    skipped: int


def find_inputs(arguments: Sequence[str]) -> Inputs:
    """Expand files, directories, globs and ``-`` to the files to read, in a stable order.

    Directories are searched for files of a readable kind, links to directories are not followed.

    Raises:
        DetenteError: a path does not exist, a file that was named is of no readable kind, or nothing is left.
    """
    files: dict[tuple[Path | None, str | None], InputFile] = {}
    skipped = 0
    for argument in arguments:
        for path, name in _expand(argument):
            found = [InputFile(None, "standard input", Format.JSONL, 0)] if path is None else _open_up(path, name)
            if path is not None and not found:
                if argument == str(path):
                    raise DetenteError(
                        f"a file of a kind that is read ({READABLE})", found=argument, remedy="Convert it."
                    )
                skipped += 1
            for file in found:
                files.setdefault((file.path, file.member), file)
    if not files:
        raise DetenteError(
            f"at least one file of a kind that is read ({READABLE})",
            found=f"none in {', '.join(arguments)}",
            remedy="Check the path and the suffixes.",
        )
    return Inputs(files=tuple(_unambiguous(list(files.values()))), skipped=skipped)


def _expand(argument: str) -> Iterator[tuple[Path | None, str]]:
    """The files that an argument stands for, each with the name it goes by."""
    if argument == "-":
        yield None, "-"
        return
    root = Path(argument)
    if root.is_dir():
        for folder, folders, names in os.walk(root):
            folders.sort()
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
            yield from _expand(match)


def _open_up(path: Path, name: str) -> list[InputFile]:
    """The readable file at ``path``, or the readable members of the zip file there; empty for any other kind."""
    if not path.is_file():  # a pipe or a device would block, a broken link cannot be read
        return []
    size = path.stat().st_size
    if path.suffix.lower() != ".zip":
        kind = format_of(path.name)
        return [InputFile(path, name, kind, size)] if kind else []
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except zipfile.BadZipFile as error:
        raise DetenteError("a zip file", found=str(error), remedy="Repair or remove it.", where=str(path)) from error
    return [
        InputFile(path, f"{name}!{info.filename}", kind, info.compress_size, member=info.filename)
        for info in members
        if not info.is_dir() and (kind := format_of(info.filename))
    ]


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


class _Counted(io.RawIOBase):
    """A byte stream that counts what was read of it, for the progress bar."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        data = self._raw.read(len(view))
        view[: len(data)] = data
        self.count += len(data)
        return len(data)

    def close(self) -> None:
        self._raw.close()
        super().close()


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """The decompressed bytes of an input file."""

    stream: IO[bytes]
    _counted: _Counted

    def bytes_read(self) -> int:
        """Bytes read so far, in the measure of ``InputFile.size``."""
        return self._counted.count


@contextmanager
def open_input(file: InputFile) -> Iterator[OpenedFile]:
    """Open a file for reading, through zip, gzip and zstandard; nothing is unpacked to disk."""
    import pyarrow as pa

    suffix = os.path.splitext((file.member or file.name).lower())[1]
    archive: zipfile.ZipFile | None = None
    try:
        if file.path is None:
            counted = _Counted(sys.stdin.buffer)
        elif file.member is not None:
            archive = zipfile.ZipFile(file.path)
            counted = _Counted(archive.open(file.member))
        else:
            counted = _Counted(file.path.open("rb"))
        raw = io.BufferedReader(cast(io.RawIOBase, counted), 1 << 16)
        if suffix == ".gz":
            stream: IO[bytes] = io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=raw)), 1 << 16)
        elif suffix == ".zst":
            stream = io.BufferedReader(
                cast(io.RawIOBase, pa.CompressedInputStream(pa.PythonFile(raw), "zstd")), 1 << 16
            )
        else:
            stream = raw
        yield OpenedFile(stream=stream, _counted=counted)
        stream.close()
    finally:
        if archive is not None:
            archive.close()
