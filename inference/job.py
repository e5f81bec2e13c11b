"""Scoring an archive: files in; a data set of stances, the rejects and a summary out."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from ..data.errors import DetenteError
from ..data.schema import Article
from .articles import ArticleReader, Reject
from .dyads import DyadTable
from .inputs import InputFile, Inputs
from .pipeline import Counts, Pipeline
from .rows import RowWriter, write_reject

#: Small files share a Parquet file up to this many bytes.
SHARD_BYTES = 32 * 2**20


@dataclass(slots=True)
class Summary:
    """The counts of a job; ``records`` = ``articles`` + ``rejected_records``, always.

    Rejected pairs (see ``Counts``) and rejected records together make up the lines of the rejects file.
    """

    files: int = 0
    skipped_files: int = 0
    records: int = 0
    articles: int = 0
    articles_without_date: int = 0
    rejected_records: int = 0
    sentences: int = 0
    sentences_with_pairs: int = 0
    pairs: int = 0
    rejected_pairs: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    articles_per_second: float = 0.0
    model_version: str = ""


@dataclass(frozen=True, slots=True)
class JobResult:
    """A finished job: its counts and its most frequent dyads."""

    summary: Summary
    dyads: DyadTable


class Output:
    """The output directory.

    It holds ``stances/*.parquet``, ``rejects.jsonl``, ``summary.json`` and ``job.json``, the mark that it is ours.
    """

    def __init__(self, folder: Path, *, overwrite: bool = False) -> None:
        """Take a new or empty directory, or one of ours.

        Raises:
            DetenteError: it is a file, cannot be written, holds files that are not ours, or holds a finished job
                and ``overwrite`` is not set.
        """
        self.folder = folder
        self.stances = folder / "stances"
        self.rejects = folder / "rejects.jsonl"
        self.summary = folder / "summary.json"
        self.mark = folder / "job.json"
        remedy = "Give another --out."
        if folder.exists() and not folder.is_dir():
            raise DetenteError("an output directory", found=f"the file {folder}", remedy=remedy)
        if folder.is_dir() and any(folder.iterdir()) and not self.mark.is_file():
            found = f"other files in {folder}"
            raise DetenteError("a new or empty output directory, or one of ours", found=found, remedy=remedy)
        if self.summary.is_file() and not overwrite:
            raise DetenteError(
                "an output directory without a finished job",
                found=f"{self.summary}",
                remedy="Give another --out, or --overwrite to score anew.",
            )
        try:
            shutil.rmtree(self.stances, ignore_errors=True)
            for old in (self.summary, self.rejects):
                old.unlink(missing_ok=True)
            self.stances.mkdir(parents=True)
            self.mark.write_text('{"written_by": "detente score"}\n', encoding="utf-8")
        except OSError as error:
            raise DetenteError("an output directory that can be written", found=str(error), remedy=remedy) from error


def score_archive(
    inputs: Inputs,
    output: Output,
    *,
    pipeline: Pipeline,
    reader: ArticleReader,
    on_progress: Callable[[int, int], None] = lambda _bytes, _articles: None,
) -> JobResult:
    """Score every article of the input files.

    Args:
        on_progress: called now and then with the bytes read so far and the articles scored so far.

    Files written: as ``Output`` says; a Parquet file appears when it is whole.
    """
    labels, version = pipeline.scorer.labels, pipeline.scorer.loaded.version
    summary = Summary(files=len(inputs.files), skipped_files=inputs.skipped, model_version=version)
    counts, dyads = Counts(), DyadTable()
    started = time.perf_counter()
    with output.rejects.open("w", encoding="utf-8") as rejects:
        accepted = _Accepted(reader, summary, rejects)
        for shard in plan_shards(inputs.files):
            with RowWriter(output.stances / f"{shard.name}.parquet", labels=labels, model_version=version) as writer:
                for window in pipeline.windows(accepted.articles(shard)):
                    scored = pipeline.score(window)
                    counts.add(scored.counts)
                    for reject in scored.rejects:
                        write_reject(rejects, reject)
                    for row in scored.rows:
                        dyads.add(row)
                    writer.write(scored.rows)
                    on_progress(accepted.bytes_read, counts.articles)
            on_progress(accepted.bytes_done, counts.articles)
    for name, value in asdict(counts).items():
        setattr(summary, name, value)
    summary.seconds = round(time.perf_counter() - started, 3)
    summary.articles_per_second = round(summary.articles / max(summary.seconds, 1e-9), 2)
    summary.rows = {label: summary.rows.get(label, 0) for label in labels}
    output.summary.write_text(json.dumps(asdict(summary), indent=2) + "\n", encoding="utf-8")
    return JobResult(summary, dyads)


@dataclass(frozen=True, slots=True)
class Shard:
    """Input files that share an output file, and the name of that file without its suffix."""

    name: str
    files: tuple[InputFile, ...]


def plan_shards(files: Iterable[InputFile]) -> Iterator[Shard]:
    """Group small files, in order; a shard is named by its input, never by its place in the list."""
    group: list[InputFile] = []
    for file in files:
        if group and sum(member.size for member in group) + file.size > SHARD_BYTES:
            yield _shard(group)
            group = []
        group.append(file)
    if group:
        yield _shard(group)


def _shard(files: Sequence[InputFile]) -> Shard:
    # Names come from the archive: only letters and digits of them reach the disk, the digest keeps them apart.
    stem = re.sub(r"[^a-z0-9]+", "-", files[0].name.lower()).strip("-")[:40] or "input"
    digest = hashlib.sha256(
        "\0".join(f"{file.path}\0{file.member}" for file in files).encode("utf-8", "surrogateescape")
    )
    return Shard(f"{stem}-{digest.hexdigest()[:12]}", tuple(files))


class _Accepted:
    """The articles among the records of a shard; the rejects go to their file on the way."""

    def __init__(self, reader: ArticleReader, summary: Summary, rejects: IO[str]) -> None:
        self.reader = reader
        self.summary = summary
        self.rejects = rejects
        self.bytes_done = 0

    @property
    def bytes_read(self) -> int:
        return self.bytes_done + self.reader.bytes_read

    def articles(self, shard: Shard) -> Iterator[Article]:
        for file in shard.files:
            for record in self.reader.read(file):
                self.summary.records += 1
                if isinstance(record, Reject):
                    self.summary.rejected_records += 1
                    write_reject(self.rejects, record)
                else:
                    yield record
            self.bytes_done += file.size
