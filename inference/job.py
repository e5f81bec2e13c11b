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
from ..data.schema import Actor, Article, Dyad, Span, Stance
from .articles import ArticleReader, Reject
from .dyads import DyadTable
from .gazetteer import Gazetteer
from .inputs import InputFile, Inputs
from .rows import RowWriter, StanceRow, write_reject
from .scorer import Candidate, PairScore, StanceScorer
from .sentences import split_sentences

#: Sentences with pairs that are scored together, so that batches hold sentences of like lengths.
WINDOW = 2_048
#: Small files share a Parquet file up to this many bytes.
SHARD_BYTES = 32 * 2**20


@dataclass(slots=True)
class Summary:
    """The counts of a job; ``records`` = ``articles`` + ``rejected_records``, always.

    ``pairs`` counts the scored ordered pairs, ``rows`` those written by stance. ``rejected_pairs`` stand behind the
    model's longest input; with the rejected records they make up the lines of the rejects file.
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


@dataclass(frozen=True, slots=True)
class _Located:
    """A candidate and where it comes from."""

    article: Article
    sentence_id: int
    start: int
    candidate: Candidate


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
    scorer: StanceScorer,
    gazetteer: Gazetteer,
    reader: ArticleReader,
    keep_neutral: bool = False,
    on_progress: Callable[[int, int], None] = lambda _bytes, _articles: None,
) -> JobResult:
    """Score every article of the input files.

    Args:
        on_progress: called now and then with the bytes read so far and the articles scored so far.

    Files written: as ``Output`` says; a Parquet file appears when it is whole.
    """
    job = _Job(scorer, gazetteer, reader, keep_neutral, on_progress)
    job.summary.files, job.summary.skipped_files = len(inputs.files), inputs.skipped
    job.summary.model_version = scorer.loaded.version
    started = time.perf_counter()
    with output.rejects.open("w", encoding="utf-8") as rejects:
        for shard in plan_shards(inputs.files):
            writer = RowWriter(
                output.stances / f"{shard.name}.parquet", labels=scorer.labels, model_version=scorer.loaded.version
            )
            with writer:
                job.run(shard, writer, rejects)
    summary = job.summary
    summary.seconds = round(time.perf_counter() - started, 3)
    summary.articles_per_second = round(summary.articles / max(summary.seconds, 1e-9), 2)
    summary.rows = {label: summary.rows.get(label, 0) for label in scorer.labels}
    output.summary.write_text(json.dumps(asdict(summary), indent=2) + "\n", encoding="utf-8")
    return JobResult(summary, job.dyads)


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


class _Job:
    """The loop over the articles of a shard, and the counts."""

    def __init__(
        self,
        scorer: StanceScorer,
        gazetteer: Gazetteer,
        reader: ArticleReader,
        keep_neutral: bool,
        on_progress: Callable[[int, int], None],
    ) -> None:
        self.scorer = scorer
        self.gazetteer = gazetteer
        self.reader = reader
        self.keep_neutral = keep_neutral
        self.on_progress = on_progress
        self.summary = Summary()
        self.dyads = DyadTable()
        self._bytes_done = 0

    def run(self, shard: Shard, writer: RowWriter, rejects: IO[str]) -> None:
        window: list[_Located] = []
        for file in shard.files:
            for record in self.reader.read(file):
                self.summary.records += 1
                if isinstance(record, Reject):
                    self.summary.rejected_records += 1
                    write_reject(rejects, record)
                    continue
                self.summary.articles += 1
                self.summary.articles_without_date += not record.date
                window.extend(self._candidates(record))
                if len(window) >= WINDOW:
                    self._flush(window, writer, rejects)
                    window = []
                self.on_progress(self._bytes_done + self.reader.bytes_read, self.summary.articles)
            self._bytes_done += file.size
        self._flush(window, writer, rejects)
        self.on_progress(self._bytes_done, self.summary.articles)

    def _candidates(self, article: Article) -> Iterator[_Located]:
        sentences = split_sentences(article.text)
        self.summary.sentences += len(sentences)
        for number, span, actors in actors_by_sentence(article, sentences, self.gazetteer):
            candidate = Candidate(article.text[span.start : span.end], actors)
            yield _Located(article, number, span.start, candidate)

    def _flush(self, window: Sequence[_Located], writer: RowWriter, rejects: IO[str]) -> None:
        scores = self.scorer.score([located.candidate for located in window])
        rows = []
        for located, pairs in zip(window, scores, strict=True):
            self.summary.sentences_with_pairs += 1
            for pair in pairs:
                if pair.probabilities is None:
                    self.summary.rejected_pairs += 1
                    write_reject(rejects, _cut_pair(located, pair.dyad))
                else:
                    self.summary.pairs += 1
                    rows.append(self._row(located, pair, pair.probabilities))
        rows = [row for row in rows if self.keep_neutral or row.stance != Stance.NEUTRAL]
        for row in rows:
            self.summary.rows[row.stance] = self.summary.rows.get(row.stance, 0) + 1
            self.dyads.add(row)
        writer.write(rows)

    def _row(self, located: _Located, pair: PairScore, probabilities: tuple[float, ...]) -> StanceRow:
        mentions = {actor.id: actor.mentions for actor in located.candidate.actors}
        best = max(range(len(probabilities)), key=probabilities.__getitem__)
        return StanceRow(
            article_id=located.article.id,
            date=located.article.date,
            source_name=located.article.source_name,
            sentence_id=located.sentence_id,
            sentence=located.candidate.text,
            sentence_start=located.start,
            source_id=pair.dyad.source,
            source_mentions=mentions[pair.dyad.source],
            target_id=pair.dyad.target,
            target_mentions=mentions[pair.dyad.target],
            stance=self.scorer.labels[best],
            probabilities=probabilities,
        )


def actors_by_sentence(
    article: Article, sentences: Sequence[Span], gazetteer: Gazetteer
) -> Iterator[tuple[int, Span, tuple[Actor, ...]]]:
    """The sentences with at least two actors: number, place in the article, actors with spans in the sentence."""
    year = int(article.date[:4]) if re.match(r"\d{4}-", article.date) else None
    matches = iter(gazetteer.find(article.text, year=year))
    match = next(matches, None)
    for number, sentence in enumerate(sentences):
        mentions: dict[str, list[Span]] = {}
        while match is not None and match.span.end <= sentence.end:
            if match.span.start >= sentence.start:
                span = Span(match.span.start - sentence.start, match.span.end - sentence.start)
                mentions.setdefault(match.actor, []).append(span)
            match = next(matches, None)
        if match is not None and match.span.start < sentence.end:
            match = next(matches, None)  # a name that runs over the end of a sentence is none
        if len(mentions) > 1:
            yield number, sentence, tuple(Actor(actor, tuple(spans)) for actor, spans in mentions.items())


def _cut_pair(located: _Located, dyad: Dyad) -> Reject:
    return Reject(
        file=located.article.id,
        place=f"sentence {located.sentence_id}, {dyad.source} -> {dyad.target}",
        reason="an actor of the pair stands behind the longest input of the model",
        excerpt=located.candidate.text[:200],
    )
