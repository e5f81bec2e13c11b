"""Where shards are scored: in this process, or in several processes on this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Protocol

from ..data.errors import DetenteError
from .manifest import ShardRecord
from .output import Holder, Layout, OutputError
from .shards import InputChangedError, Shard
from .work import Recipe, ShardScorer

#: How often a shard is tried again whose worker died over it.
RETRIES = 1
_PROGRESS_S = 0.5


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a worker is in a shard."""

    shard: str
    bytes_read: int
    articles: int


@dataclass(frozen=True, slots=True)
class Done:
    """A shard is scored and its files are in their place."""

    record: ShardRecord


@dataclass(frozen=True, slots=True)
class Failed:
    """A shard could not be scored; the others go on."""

    shard: str
    reason: str


Outcome = Done | Failed
OnProgress = Callable[[Progress], None]


class Engine(Protocol):
    """Scores shards, in any order and place."""

    def run(self, shards: Sequence[Shard], on_progress: OnProgress) -> Iterator[Outcome]:
        """Score shards; every one comes out as ``Done`` or ``Failed``.

        Raises:
            DetenteError: no worker can start, for a reason that the user can mend.
            OutputError: the output cannot be written: no shard would fare better.
        """


def attempt(scorer: ShardScorer, shard: Shard, on_progress: OnProgress) -> Outcome:
    """Score a shard; what goes wrong with it is told, so that the others can go on.

    Raises:
        OutputError: the output cannot be written.
    """
    try:
        return Done(scorer.score(shard, lambda read, articles: on_progress(Progress(shard.name, read, articles))))
    except InputChangedError as error:
        return Failed(shard.name, str(error))
    except OutputError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever it is, it is this shard's alone
        return Failed(shard.name, f"{type(error).__name__}: {error}")


class InProcess:
    """Scores the shards one after the other, in this process."""

    def __init__(self, scorer: ShardScorer) -> None:
        self._scorer = scorer

    def run(self, shards: Sequence[Shard], on_progress: OnProgress) -> Iterator[Outcome]:
        """See ``Engine``."""
        for shard in shards:
            yield attempt(self._scorer, shard, on_progress)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A worker has loaded its model."""


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    connection: Connection
    shard: Shard | None = None
    is_ready: bool = False


class Processes:
    """Scores shards in several processes, each with a model of its own.

    A process that dies costs its shard another try in a fresh one, and nothing else.
    """

    def __init__(self, recipe: Recipe, layout: Layout, holder: Holder, *, workers: int, threads: int) -> None:
        self._arguments = (recipe, layout, holder, threads)
        self._number = workers
        self._workers: list[_Worker] = []

    def run(self, shards: Sequence[Shard], on_progress: OnProgress) -> Iterator[Outcome]:
        """See ``Engine``."""
        waiting = deque(shards)
        deaths: Counter[str | None] = Counter()
        try:
            while waiting or self._busy():
                self._hand_out(waiting)
                for worker in self._that_speak():
                    try:
                        message = worker.connection.recv()
                    except (EOFError, OSError):
                        outcome = self._bury(worker, waiting, deaths)
                    else:
                        outcome = self._hear(worker, message, on_progress)
                    if outcome is not None:
                        yield outcome
        finally:
            self._stop()

    def _busy(self) -> int:
        return sum(worker.shard is not None for worker in self._workers)

    def _hand_out(self, waiting: deque[Shard]) -> None:
        while len(self._workers) < min(self._number, len(waiting) + self._busy()):
            self._workers.append(self._start())
        for worker in self._workers:
            if waiting and worker.is_ready and worker.shard is None:
                worker.shard = waiting.popleft()
                with suppress(OSError):  # it died just now, and will be found dead
                    worker.connection.send(worker.shard)

    def _that_speak(self) -> list[_Worker]:
        ready = wait([worker.connection for worker in self._workers])
        return [worker for worker in self._workers if worker.connection in ready]

    def _hear(self, worker: _Worker, message: object, on_progress: OnProgress) -> Outcome | None:
        match message:
            case _Ready():
                worker.is_ready = True
            case Progress():
                on_progress(message)
            case Done() | Failed():
                worker.shard = None
                return message
            case DetenteError() | OutputError():
                raise message
        return None

    def _bury(self, worker: _Worker, waiting: deque[Shard], deaths: Counter[str | None]) -> Outcome | None:
        self._workers.remove(worker)
        worker.process.join()
        worker.connection.close()
        shard, code = worker.shard, worker.process.exitcode
        name = shard.name if shard else None
        deaths[name] += 1
        if shard is not None and deaths[name] > RETRIES:
            return Failed(shard.name, f"its worker died {deaths[name]} times, last with exit code {code}")
        if shard is not None:
            waiting.append(shard)
        elif deaths[name] > RETRIES + self._number:
            raise DetenteError(
                "workers that start",
                found=f"{deaths[name]} that ended before they were ready, last with exit code {code}",
                remedy="Is there enough memory? Try fewer --workers.",
            )
        return None

    def _start(self) -> _Worker:
        # Not fork: torch's threads do not survive it, and a GPU cannot be used after it.
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, *self._arguments), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _stop(self) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.connection.close()
        self._workers = []


def _work(connection: Connection, recipe: Recipe, layout: Layout, holder: Holder, threads: int) -> None:
    """The life of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the parent decides
    threading.Thread(target=_die_with_parent, daemon=True).start()
    set_threads(threads)
    try:
        scorer = recipe.build(layout, holder)
    except DetenteError as error:
        connection.send(error)
        return
    connection.send(_Ready())
    last = 0.0

    def report(event: Progress) -> None:
        nonlocal last
        if time.monotonic() - last > _PROGRESS_S:
            last = time.monotonic()
            connection.send(event)

    while True:
        try:
            shard = connection.recv()
            connection.send(attempt(scorer, shard, report))
        except OutputError as error:
            connection.send(error)
        except (EOFError, BrokenPipeError):
            return


def set_threads(number: int) -> None:
    """Limit the threads of this process: more than cores in all would wait for one another.

    To be called before anything is tokenized.
    """
    import torch

    os.environ["RAYON_NUM_THREADS"] = str(number)
    torch.set_num_threads(number)


def _die_with_parent() -> None:
    """End this process when its parent is gone, killed for example: what it would write nobody would record."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
