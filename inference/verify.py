"""Reading an output back against its manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from .manifest import ShardRecord, read_manifest
from .output import Layout

_LINE_END = b"\n"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file of the output."""

    file: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}: {self.text}"


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check of a whole output found."""

    shards: int
    rows: int
    rejects: int
    problems: list[Problem]


def verify(folder: Path) -> Verified:
    """Check that an output is finished, whole and what its manifest says.

    Raises:
        DetenteError: there is no manifest, or none that can be read.
    """
    layout = Layout(folder)
    content = read_manifest(layout.manifest)
    records = list(content.records.values())
    problems = [Problem(layout.manifest.name, f"line {number} cannot be read") for number in content.damaged]
    for record in records:
        problems += check_shard(layout, record)
    problems += _strangers(layout, content.records)
    problems += check_sums(layout, records)
    return Verified(len(records), sum(r.rows for r in records), sum(r.rejects for r in records), problems)


def check_shard(
    layout: Layout, record: ShardRecord, *, on_rows: Callable[[pa.Table], None] | None = None
) -> list[Problem]:
    """Read the files of a shard back and compare them with its record.

    Args:
        on_rows: called with the rows of the shard if its file is whole.
    """
    problems = []
    path = layout.stances_of(record.shard)
    name = f"{layout.stances.name}/{path.name}"
    content, problem = _read(path, record.stances_sha256)
    if problem:
        rows = f", {_count_rows(content)}, recorded {record.rows:,}" if content is not None else ""
        problems.append(Problem(name, f"{problem}{rows}"))
    elif content is not None:
        # With threads, pyarrow 25 aborts the process now and then when it ends right after.
        table = pq.read_table(pa.BufferReader(content), use_threads=False, pre_buffer=False)
        if table.num_rows != record.rows:
            problems.append(Problem(name, f"{table.num_rows:,} rows, recorded {record.rows:,}"))
        if on_rows is not None:
            on_rows(table)
    if record.rows != sum(record.counts.rows.values()):
        problems.append(Problem(name, f"{record.rows:,} rows, by stance {sum(record.counts.rows.values()):,}"))
    if record.records != record.counts.articles + record.rejected_records:
        problems.append(
            Problem(
                name,
                f"{record.records:,} records are not {record.counts.articles:,} articles and "
                f"{record.rejected_records:,} rejects",
            )
        )
    return problems + _check_rejects(layout, record)


def _check_rejects(layout: Layout, record: ShardRecord) -> list[Problem]:
    problems = []
    path = layout.rejects_of(record.shard)
    name = f"{layout.shard_rejects.name}/{path.name}"
    if record.rejects:
        content, problem = _read(path, record.rejects_sha256)
        if problem:
            problems.append(Problem(name, problem))
        elif content is not None and content.count(_LINE_END) != record.rejects:
            problems.append(Problem(name, f"{content.count(_LINE_END):,} rejects, recorded {record.rejects:,}"))
    elif path.exists():
        problems.append(Problem(name, "rejects, recorded none"))
    if record.rejects != record.rejected_records + record.counts.rejected_pairs:
        problems.append(
            Problem(
                name,
                f"{record.rejects:,} rejects are not {record.rejected_records:,} records and "
                f"{record.counts.rejected_pairs:,} pairs",
            )
        )
    return problems


def is_intact(layout: Layout, record: ShardRecord) -> bool:
    """Whether the files of a recorded shard are there and are what was written."""
    _, stances = _read(layout.stances_of(record.shard), record.stances_sha256)
    if stances:
        return False
    if not record.rejects:
        return not layout.rejects_of(record.shard).exists()
    _, rejects = _read(layout.rejects_of(record.shard), record.rejects_sha256)
    return not rejects


def check_sums(layout: Layout, records: list[ShardRecord]) -> list[Problem]:
    """Compare ``summary.json`` and ``rejects.jsonl`` with the sums of the recorded shards."""
    try:
        summary = json.loads(layout.summary.read_bytes())
    except FileNotFoundError:
        return [Problem(layout.summary.name, "missing: the job is not finished. Run the same command again")]
    except ValueError as error:
        return [Problem(layout.summary.name, f"cannot be read: {error}")]
    problems = []
    if failed := summary.get("failed_shards"):
        problems.append(Problem(layout.summary.name, f"{failed:,} shards failed. Run the same command again"))
    sums = {
        "records": sum(record.records for record in records),
        "articles": sum(record.counts.articles for record in records),
        "rejected_records": sum(record.rejected_records for record in records),
        "pairs": sum(record.counts.pairs for record in records),
        "rejected_pairs": sum(record.counts.rejected_pairs for record in records),
        "shards": len(records),
    }
    for name, expected in sums.items():
        if summary.get(name) != expected:
            problems.append(Problem(layout.summary.name, f"{name} {summary.get(name)}, the shards make {expected:,}"))
    rejects = sum(record.rejects for record in records)
    try:
        with layout.rejects.open("rb") as stream:
            lines = sum(1 for _ in stream)
    except OSError as error:
        problems.append(Problem(layout.rejects.name, f"cannot be read: {error.strerror}"))
    else:
        if lines != rejects:
            problems.append(Problem(layout.rejects.name, f"{lines:,} rejects, the shards make {rejects:,}"))
    return problems


def _strangers(layout: Layout, records: dict[str, ShardRecord]) -> list[Problem]:
    """Files beside those of the recorded shards: who reads the folder as one data set reads them too."""
    return [
        Problem(f"{layout.stances.name}/{path.name}", "not in the manifest")
        for path in sorted(layout.stances.iterdir() if layout.stances.is_dir() else ())
        if path.suffix != ".parquet" or path.stem not in records
    ]


def _read(path: Path, sha256: str) -> tuple[bytes | None, str]:
    """The content of a file, and what is wrong with it, if anything is."""
    try:
        content = path.read_bytes()
    except OSError as error:
        return None, "missing" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
    found = hashlib.sha256(content).hexdigest()
    return content, "" if found == sha256 else f"other bytes than were written (SHA-256 {found[:12]}...)"


def _count_rows(content: bytes) -> str:
    try:
        return f"{pq.read_metadata(pa.BufferReader(content)).num_rows:,} rows"
    except (OSError, pa.ArrowException):
        return "no Parquet file any more"
