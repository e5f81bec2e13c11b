"""Shards: the parts of an archive that are scored, written and recorded each for itself."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .inputs import Format, InputFile, Part

#: Input bytes of a shard: small files share one up to this size, large files are split into parts of about it. It is
#: what a killed job can lose of each worker's work, some seconds to a minute, and bounds nothing in memory.
SHARD_BYTES = 16 * 2**20
_BLOCK = 2**20


@dataclass(frozen=True, slots=True)
class Shard:
    """Input files, or one part of one, that share an output file; and the name of that file without its suffix."""

    name: str
    files: tuple[InputFile, ...]

    @property
    def size(self) -> int:
        """Input bytes."""
        return sum(file.size for file in self.files)


def plan_shards(files: Iterable[InputFile], *, shard_bytes: int = SHARD_BYTES) -> Iterator[Shard]:
    """Group small files, in order, and split large ones that can be read from the middle.

    A shard is named by its input, never by its place in the list: the same input gets the same shards.
    """
    group: list[InputFile] = []
    size = 0
    for file in files:
        parts = split(file, shard_bytes=shard_bytes)
        if group and (len(parts) > 1 or size + file.size > shard_bytes):
            yield _shard(group)
            group, size = [], 0
        if len(parts) > 1:
            yield from (_shard([part]) for part in parts)
        else:
            group.append(file)
            size += file.size
    if group:
        yield _shard(group)


def split(file: InputFile, *, shard_bytes: int = SHARD_BYTES) -> list[InputFile]:
    """Parts of a file of about ``shard_bytes``; the file itself if it is small, compressed, or cannot be split.

    A quoted cell of a CSV file may hold line ends, so that nothing but reading from its beginning shows where a row
    begins.
    """
    if file.path is None or file.member is not None or file.size <= shard_bytes:
        return [file]
    suffix = file.path.suffix.lower()
    if file.format is Format.JSONL and suffix in (".jsonl", ".ndjson"):
        return list(_split_lines(file, file.path, shard_bytes)) or [file]
    if file.format is Format.PARQUET and suffix == ".parquet":
        return list(_split_row_groups(file, file.path, shard_bytes)) or [file]
    return [file]


def _split_lines(file: InputFile, path: Path, shard_bytes: int) -> Iterator[InputFile]:
    """Byte ranges that begin and end at line ends; one pass at some GB/s counts the lines before each."""
    start = before = lines = position = 0
    with path.open("rb") as stream:
        while block := stream.read(min(_BLOCK, file.size - position)):
            searched = 0
            while (wanted := max(start + shard_bytes - position, searched)) < len(block):
                end = block.find(b"\n", wanted)
                if end < 0:
                    break
                lines += block.count(b"\n", searched, end + 1)
                searched = end + 1
                stop = position + searched
                yield replace(file, size=stop - start, part=Part(start, stop, before))
                start, before = stop, lines
            lines += block.count(b"\n", searched)
            position += len(block)
    if start < position:
        yield replace(file, size=position - start, part=Part(start, position, before))


def _split_row_groups(file: InputFile, path: Path, shard_bytes: int) -> Iterator[InputFile]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_metadata(path)
    except (OSError, pa.ArrowException):
        return  # the reader will say what is wrong with it
    first = size = before = rows = 0
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        size += sum(group.column(column).total_compressed_size for column in range(group.num_columns))
        rows += group.num_rows
        if size >= shard_bytes or index == metadata.num_row_groups - 1:
            yield replace(file, size=size, part=Part(first, index + 1, before))
            first, size, before = index + 1, 0, rows


def _shard(files: Sequence[InputFile]) -> Shard:
    # Names come from the archive: only letters and digits of them reach the disk, the digest keeps them apart.
    stem = re.sub(r"[^a-z0-9]+", "-", files[0].name.lower()).strip("-")[:40] or "input"
    digest = hashlib.sha256()
    for file in files:
        part = f"{file.part.start}-{file.part.stop}" if file.part else ""
        digest.update(f"{file.name}\0{part}\0".encode("utf-8", "surrogateescape"))
    return Shard(f"{stem}-{digest.hexdigest()[:12]}", tuple(files))


class InputChangedError(Exception):
    """An input file is not what it was when the job was planned; the text says how."""


def check_unchanged(shard: Shard) -> None:
    """Compare the files of a shard with what they were when the job was planned.

    Raises:
        InputChangedError: one is gone or was written to.
    """
    for file in shard.files:
        if file.path is not None:
            try:
                modified = file.path.stat().st_mtime_ns
            except OSError as error:
                raise InputChangedError(f"{file.name} cannot be read any more: {error}") from error
            if modified != file.modified:
                raise InputChangedError(f"{file.name} was changed while the job ran")


def stamp(shard: Shard) -> str:
    """A digest of the names, sizes and times of writing of the files of a shard: equal, and nobody wrote to them."""
    digest = hashlib.sha256()
    for file in shard.files:
        digest.update(f"{file.name}\0{file.size}\0{file.modified}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def content_digest(shard: Shard) -> str:
    """A digest of all that the files of a shard hold, to tell a touched or copied file from a changed one.

    It is taken over every byte, in the pass that reads them anyway: a thousandth of the time that scoring takes. The
    ends of a file and its size would not show a word that was mended in the middle. Standard input counts as empty.
    """
    digest = hashlib.sha256()
    for file in shard.files:
        digest.update(f"{file.name}\0{file.size}\0".encode("utf-8", "surrogateescape"))
        if file.path is None or file.broken:
            continue
        if file.member is not None:
            with zipfile.ZipFile(file.path) as archive:
                info = archive.getinfo(file.member)
            digest.update(f"{info.CRC}\0{info.file_size}\0".encode())
            continue
        with file.path.open("rb") as stream:
            for start, stop in _ranges(file, file.path):
                stream.seek(start)
                while block := stream.read(min(_BLOCK, stop - stream.tell())):
                    digest.update(block)
    return digest.hexdigest()


def _ranges(file: InputFile, path: Path) -> list[tuple[int, int]]:
    """The bytes of a file or of its part."""
    if file.part is None:
        return [(0, file.size)]
    if file.format is Format.JSONL:
        return [(file.part.start, file.part.stop)]
    import pyarrow.parquet as pq

    metadata = pq.read_metadata(path)
    ranges = []
    for index in range(file.part.start, file.part.stop):
        group = metadata.row_group(index)
        for chunk in (group.column(column) for column in range(group.num_columns)):
            start = min(chunk.data_page_offset, chunk.dictionary_page_offset or chunk.data_page_offset)
            ranges.append((start, start + chunk.total_compressed_size))
    return ranges
