"""Where shards are scored: on a Ray cluster, or on this machine through Ray.

All machines see the input and the output under the same paths. Ray only says where a shard is scored: each is a task of
its own that calls what the local engines call and puts its files in their place itself; only this process records it.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..data.errors import DetenteError
from .engines import RETRIES, Failed, OnProgress, Outcome, attempt, set_threads
from .output import Holder, Layout, OutputError
from .shards import Shard
from .work import Recipe

# Shards, records and messages go through Ray's object store; articles and rows never do.
_STORE_BYTES = 100 * 2**20


class _Scorer:
    """A worker with its model."""

    def __init__(self, recipe: Recipe, layout: Layout, holder: Holder, threads: int) -> None:
        set_threads(threads)
        self._scorer = recipe.build(layout, holder)

    def ready(self) -> None:
        """Answer when the model is loaded."""

    def score(self, shard: Shard) -> Outcome | OutputError:
        """The outcome, or why the output cannot be written."""
        try:
            return attempt(self._scorer, shard, lambda _progress: None)
        except OutputError as error:
            return error


class RayEngine:
    """Scores each shard in a task on one of several actors.

    Ray starts an actor that died again, and tries its shard again in it, ``RETRIES`` times.
    """

    def __init__(
        self,
        recipe: Recipe,
        layout: Layout,
        holder: Holder,
        *,
        address: str | None = None,
        workers: int | None = None,
        on_gpu: bool = False,
    ) -> None:
        """Connect to a cluster, or start Ray on this machine.

        Args:
            address: of the cluster, ``auto`` for the one of this machine; None starts Ray here for this job alone.
            workers: how many actors; else one for each GPU, or each core.

        Raises:
            DetenteError: Ray is not installed, or there is no cluster at the address.
        """
        try:
            import ray
        except ImportError as error:
            raise DetenteError(
                "Ray to be installed", found=str(error), remedy="Run pip install 'detente[ray]', or use --engine local."
            ) from error
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        options: dict[str, Any] = {"address": address}
        if address is None:
            os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # nobody else talks to it
            options = {"include_dashboard": False, "object_store_memory": _STORE_BYTES}
        try:
            ray.init(log_to_driver=False, logging_level=logging.WARNING, **options)
        except Exception as error:  # it raises bare ones where its processes do not come up in time
            raise DetenteError(
                f"a Ray cluster at {address}" if address else "Ray to start on this machine",
                found=f"{type(error).__name__}: {error}",
                remedy="Check --address." if address else "Is the machine busy? Try again, or use --engine local.",
            ) from error
        resources = ray.cluster_resources()
        self._number = workers or max(1, int(resources.get("GPU" if on_gpu else "CPU", 1)))
        # With one thread each, as many workers as cores: they never wait for one another.
        self._options: dict[str, Any] = {"max_restarts": -1, "max_task_retries": RETRIES, "num_cpus": 1}
        if on_gpu:
            self._options["num_gpus"] = 1
        self._arguments = (_absolute(recipe), Layout(layout.folder.absolute()), holder, 1)

    def run(self, shards: Sequence[Shard], on_progress: OnProgress) -> Iterator[Outcome]:  # noqa: ARG002
        """See ``Engine``; progress within a shard is not told."""
        import ray

        try:
            worker = ray.remote(**self._options)(_Scorer)
            actors = [worker.remote(*self._arguments) for _ in range(min(self._number, len(shards)))]
            yield from self._score(actors, deque(shards))
        finally:
            ray.shutdown()

    def _score(self, actors: list[Any], waiting: deque[Shard]) -> Iterator[Outcome]:
        import ray
        from ray.exceptions import RayActorError, RayTaskError

        starting: dict[Any, Any] = {actor.ready.remote(): actor for actor in actors}
        running: dict[Any, tuple[Any, Shard]] = {}
        while running or (waiting and starting):
            (ready,), _ = ray.wait([*starting, *running], num_returns=1)
            if ready in starting:
                actor = starting.pop(ready)
                try:
                    ray.get(ready)
                except RayTaskError as error:
                    # What the user can mend on one machine is wrong on all of them.
                    if isinstance(error.cause, DetenteError):
                        raise error.cause from None
                    raise
                except RayActorError as error:
                    if not starting and not running:
                        raise DetenteError(
                            "workers that start", found=str(error), remedy="Is there enough memory?"
                        ) from error
                    continue
            else:
                actor, shard = running.pop(ready)
                try:
                    outcome = ray.get(ready)
                except RayActorError as error:
                    outcome = Failed(shard.name, f"its worker died {RETRIES + 1} times: {error}".splitlines()[0])
                if isinstance(outcome, OutputError):
                    raise outcome
                yield outcome
            if waiting:
                shard = waiting.popleft()
                running[actor.score.remote(_at_absolute_paths(shard))] = (actor, shard)


def _absolute(recipe: Recipe) -> Recipe:
    model = str(Path(recipe.model).absolute()) if Path(recipe.model).is_dir() else recipe.model
    return replace(recipe, model=model, actors=recipe.actors.absolute() if recipe.actors else None)


def _at_absolute_paths(shard: Shard) -> Shard:
    """Other processes have other working directories."""
    return replace(
        shard, files=tuple(replace(file, path=file.path.absolute() if file.path else None) for file in shard.files)
    )
