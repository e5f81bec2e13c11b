"""What a worker does: score one shard and put it in its place. Every engine calls this."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Full, Queue
from typing import Generic, Self, TypeVar

from .. import __version__
from ..data.schema import Article
from .articles import ArticleReader, ColumnNames, Reject
from .manifest import JobSpec, ShardRecord
from .output import Holder, Layout, OutputError, still_held_by
from .pipeline import Counts, Pipeline, Window
from .rows import RejectWriter, RowWriter
from .shards import SHARD_BYTES, Shard, check_unchanged, content_digest, stamp

# Windows that are read ahead: few, for they lie in memory.
_AHEAD = 2
_REJECTS_HELD = 1_000
_MODEL_FILES = ("config.json", "model.safetensors", "tokenizer.json")

#: Called with the bytes read and the articles scored of a shard so far.
ShardProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How articles are read and scored: all that a worker has to be told."""

    model: str = "small"
    device: str | None = None
    batch_tokens: int = 2_048
    actors: Path | None = None
    columns: ColumnNames = field(default_factory=ColumnNames)
    max_article_chars: int = 1_000_000
    keep_neutral: bool = False
    shard_bytes: int = SHARD_BYTES

    def check(self) -> None:
        """Look for what can be mended before anything is started.

        Raises:
            DetenteError: there is no such model or device, or the file of actors breaks its format.
        """
        from ..models.loading import find_model, pick_device
        from .gazetteer import load_gazetteer

        find_model(self.model)
        pick_device(self.device)
        if self.actors is not None:
            load_gazetteer(self.actors)

    def spec(self) -> JobSpec:
        """What of it the rows depend on."""
        from ..models.loading import find_model

        folder = find_model(self.model)
        gazetteer = sorted((Path(__file__).parents[1] / "data" / "gazetteer").glob("*.yaml"))
        return JobSpec(
            detente=__version__,
            model=folder.resolve().name,
            model_sha256=_digest([folder / name for name in _MODEL_FILES]),
            actors=self.actors.name if self.actors else "",
            actors_sha256=_digest([self.actors]) if self.actors and self.actors.is_file() else "",
            gazetteer_sha256=_digest(gazetteer),
            keep_neutral=self.keep_neutral,
            max_article_chars=self.max_article_chars,
            text_column=self.columns.text or "",
            id_column=self.columns.id or "",
            date_column=self.columns.date or "",
            title_column=self.columns.title or "",
            source_column=self.columns.source or "",
            shard_bytes=self.shard_bytes,
        )

    def build(self, layout: Layout, holder: Holder) -> ShardScorer:
        """Load everything.

        Raises:
            DetenteError: there is no such model or device, or the file of actors breaks its format.
        """
        from ..models.loading import load_model
        from .gazetteer import load_gazetteer
        from .scorer import StanceScorer

        gazetteer = load_gazetteer(self.actors)
        scorer = StanceScorer(load_model(self.model, device=self.device), batch_tokens=self.batch_tokens)
        reader = ArticleReader(self.columns, max_chars=self.max_article_chars, scratch=layout.folder)
        return ShardScorer(Pipeline(scorer, gazetteer, keep_neutral=self.keep_neutral), reader, layout, holder)


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.name}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@dataclass(slots=True)
class _Step:
    """What the reading thread hands over: a window, or none where only rejects piled up."""

    window: Window | None = None
    records: int = 0
    rejects: list[Reject] = field(default_factory=list)
    bytes_read: int = 0


class ShardScorer:
    """Scores shards, one after the other; the files of each appear whole or not at all."""

    def __init__(self, pipeline: Pipeline, reader: ArticleReader, layout: Layout, holder: Holder) -> None:
        self.pipeline = pipeline
        self.reader = reader
        self.layout = layout
        self.holder = holder

    def score(self, shard: Shard, on_progress: ShardProgress = lambda _bytes, _articles: None) -> ShardRecord:
        """Score a shard and write its files.

        Raises:
            InputChangedError: a file was changed since the job was planned.
            OutputError: the output cannot be written, or belongs to another job by now.
        """
        started = time.perf_counter()
        check_unchanged(shard)
        input_sha256 = content_digest(shard)
        loaded = self.pipeline.scorer.loaded
        counts = Counts()
        records = rejected_records = 0
        stances, rejects = self.layout.stances_of(shard.name), self.layout.rejects_of(shard.name)
        with (
            RowWriter(stances, labels=self.pipeline.scorer.labels, model_version=loaded.version) as rows_out,
            RejectWriter(rejects) as rejects_out,
        ):
            ahead: Ahead[_Step] = Ahead(lambda put: self._read(shard, put))
            with ahead:
                for step in ahead:
                    records += step.records
                    rejected_records += len(step.rejects)
                    rejects_out.write(step.rejects)
                    if step.window is not None:
                        scored = self.pipeline.score(step.window)
                        counts.add(scored.counts)
                        rejects_out.write(scored.rejects)
                        rows_out.write(scored.rows)
                    on_progress(step.bytes_read, counts.articles)
            check_unchanged(shard)
            if not still_held_by(self.layout, self.holder):
                raise OutputError(f"{self.layout.folder} was taken over by another job")
            rejects_sha256, stances_sha256 = rejects_out.commit(), rows_out.commit()
        return ShardRecord(
            shard=shard.name,
            input_stamp=stamp(shard),
            input_sha256=input_sha256,
            records=records,
            rejected_records=rejected_records,
            counts=counts,
            rows=rows_out.rows,
            stances_sha256=stances_sha256,
            rejects=rejects_out.rejects,
            rejects_sha256=rejects_sha256,
            model_version=loaded.version,
            seconds=round(time.perf_counter() - started, 3),
        )

    def _read(self, shard: Shard, put: Callable[[_Step], None]) -> None:
        """Read, split and look for actors; runs in a thread of its own."""
        step = _Step()
        done = 0

        def hand_over(window: Window | None) -> None:
            nonlocal step
            step.window, step.bytes_read = window, done + self.reader.bytes_read
            put(step)
            step = _Step()

        def articles() -> Iterator[Article]:
            nonlocal done
            for file in shard.files:
                for record in self.reader.read(file):
                    step.records += 1
                    if isinstance(record, Reject):
                        step.rejects.append(record)
                        if len(step.rejects) >= _REJECTS_HELD:
                            hand_over(None)
                    else:
                        yield record
                done += file.size

        for window in self.pipeline.windows(articles()):
            hand_over(window)
        hand_over(None)


_Item = TypeVar("_Item")


class _StoppedError(Exception):
    """Nobody wants more."""


class Ahead(Generic[_Item]):
    """What a function puts, produced a few items ahead in a thread; its error is raised where its item would be."""

    def __init__(self, produce: Callable[[Callable[[_Item], None]], None]) -> None:
        self._produce = produce
        self._queue: Queue[_Item | BaseException | None] = Queue(maxsize=_AHEAD)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True, name="reader")

    def _work(self) -> None:
        try:
            self._produce(self._put)
            self._put(None)
        except _StoppedError:
            pass
        except BaseException as error:  # noqa: BLE001  # raised again by the consumer
            with suppress(_StoppedError):
                self._put(error)

    def _put(self, item: _Item | BaseException | None) -> None:
        while not self._stopped.is_set():
            try:
                return self._queue.put(item, timeout=0.1)
            except Full:
                continue
        raise _StoppedError

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __iter__(self) -> Iterator[_Item]:
        while (item := self._queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        # A thread that waits for standard input cannot be ended: it goes with the process.
        self._thread.join(timeout=5)
