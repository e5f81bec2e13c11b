"""Scoring an archive: files in; a data set of stances, the rejects and a summary out."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

import pyarrow as pa

from ..data.errors import DetenteError
from .dyads import DyadTable
from .engines import Done, Engine, Failed, InProcess, Processes, Progress, set_threads
from .inputs import InputFile, Inputs
from .manifest import Manifest, ShardRecord, read_manifest
from .output import Layout, Output, rename_durably, write_durably, writing
from .pipeline import Counts
from .shards import Shard, content_digest, plan_shards, stamp
from .verify import Problem, check_shard, check_sums, is_intact
from .work import Recipe

_NAMES_SHOWN = 5


@dataclass(slots=True)
class Summary:
    """The counts of a job; ``records`` = ``articles`` + ``rejected_records``, always.

    Rejected pairs (see ``Counts``) and rejected records together make up the lines of the rejects file. ``seconds`` and
    ``articles_per_second`` are those of the last run, which scored all shards but ``resumed_shards``.
    """

    files: int = 0
    skipped_files: int = 0
    shards: int = 0
    resumed_shards: int = 0
    failed_shards: int = 0
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
    """A job that came to its end: its counts, its most frequent dyads, and what went wrong on the way."""

    summary: Summary
    dyads: DyadTable
    failed: list[Failed]
    problems: list[Problem]


class EngineName(StrEnum):
    """Where shards are scored."""

    LOCAL = "local"
    RAY = "ray"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What a job may use; it changes how long it takes and nothing in its rows.

    Attributes:
        workers: processes, each with a model of its own; None for one on a GPU, else one for each core.
        address: of a Ray cluster; None to start Ray on this machine.
    """

    engine: EngineName = EngineName.LOCAL
    workers: int | None = None
    address: str | None = None


def score_archive(
    inputs: Inputs,
    output: Output,
    recipe: Recipe,
    *,
    resources: Resources | None = None,
    on_progress: Callable[[int, int], None] = lambda _bytes, _articles: None,
) -> JobResult:
    """Score every article of the input files, or what is left of them in the output of a job that was cut off.

    Args:
        on_progress: called now and then with the bytes read so far and the articles scored so far.

    Files written: as ``Layout`` says.

    Raises:
        DetenteError: the output holds another job, or no worker can start.
        OutputError: the output cannot be written any more; the same call goes on later.
    """
    layout = output.layout
    shards = list(plan_shards(inputs.files, shard_bytes=recipe.shard_bytes))
    kept = _resume(output, recipe, inputs.files, shards)
    records = {shard.name: kept[shard.name] for shard in shards if shard.name in kept}
    waiting = [shard for shard in shards if shard.name not in kept]
    tally = _Tally(shards, kept.values(), on_progress)
    failed: list[Failed] = []
    started = time.perf_counter()
    if waiting:
        with writing(layout.folder):
            for stale in (layout.summary, layout.rejects):
                stale.unlink(missing_ok=True)
        manifest = Manifest.reopen(layout.manifest)
        try:
            engine = _engine(recipe, output, waiting, resources or Resources())
            started = time.perf_counter()  # loading the model is no measure of an archive
            for outcome in engine.run(waiting, tally.move):
                match outcome:
                    case Done(record):
                        with writing(layout.manifest):
                            manifest.append(record)
                        records[record.shard] = record
                        tally.finish(record)
                    case Failed():
                        failed.append(outcome)
        finally:
            manifest.close()
            with suppress(OSError):  # what stopped the job is said; the next run sweeps again
                output.sweep(keep=records, planned=())
    seconds = time.perf_counter() - started
    ordered = [records[shard.name] for shard in shards if shard.name in records]
    result = _close(layout, ordered, failed)
    summary = result.summary
    summary.files, summary.skipped_files = len(inputs.files), inputs.skipped
    summary.resumed_shards = len(kept)
    summary.seconds = round(seconds, 3)
    scored = summary.articles - sum(record.counts.articles for record in kept.values())
    summary.articles_per_second = round(scored / max(seconds, 1e-9), 2)
    if waiting or check_sums(layout, ordered):
        _merge_rejects(layout, ordered)
        _write_summary(layout, summary)
    if not failed:
        result.problems.extend(check_sums(layout, ordered))
    return result


def _engine(recipe: Recipe, output: Output, shards: Sequence[Shard], resources: Resources) -> Engine:
    from ..models.loading import pick_device

    on_gpu = pick_device(recipe.device).type != "cpu"
    cores = len(os.sched_getaffinity(0))
    has_standard_input = any(file.path is None for shard in shards for file in shard.files)
    if resources.engine is EngineName.RAY:
        from .ray_engine import RayEngine

        if has_standard_input:
            raise DetenteError("files", found="standard input", remedy="Use --engine local for standard input.")
        return RayEngine(
            recipe,
            output.layout,
            output.holder,
            address=resources.address,
            workers=resources.workers,
            on_gpu=on_gpu,
        )
    # As many processes as cores, with one thread each: threads that share a product wait for the slowest, which on a
    # machine with other work is slow indeed.
    workers = min(resources.workers or (1 if on_gpu else cores), len(shards))
    threads = max(1, cores // workers)
    if workers > 1 and not has_standard_input:
        return Processes(recipe, output.layout, output.holder, workers=workers, threads=threads)
    set_threads(threads)
    return InProcess(recipe.build(output.layout, output.holder))


def _resume(
    output: Output, recipe: Recipe, files: Sequence[InputFile], shards: Sequence[Shard]
) -> dict[str, ShardRecord]:
    """The shards that an earlier run of the same job finished; starts the manifest where there is none.

    Raises:
        DetenteError: the output holds a job with another model, configuration or input.
    """
    layout = output.layout
    spec = recipe.spec()
    kept: dict[str, ShardRecord] = {}
    with writing(layout.folder):
        if layout.manifest.is_file():
            content = read_manifest(layout.manifest)
            if content.records:
                changes = content.spec.differences(spec) + _changes(layout, content.records, files, shards)
                if changes:
                    raise DetenteError(
                        f"the job whose rows are in {layout.folder}",
                        found=f"another one: {'; '.join(changes)}",
                        remedy="Give another --out, or --overwrite to score anew.",
                    )
            kept = {name: record for name, record in content.records.items() if is_intact(layout, record)}
        _write_inputs(layout.inputs, files)
        if not kept:
            Manifest.create(layout.manifest, spec).close()
        output.sweep(keep=kept, planned=(shard.name for shard in shards))
    return kept


def _changes(
    layout: Layout, records: Mapping[str, ShardRecord], files: Sequence[InputFile], shards: Sequence[Shard]
) -> list[str]:
    """What of the input is not as it was, in words; a change of what is not scored yet is none."""
    if any(file.path is None for file in files):
        return ["standard input cannot be compared with what was read before"]
    before, now = _read_inputs(layout.inputs), {file.name: (file.size, file.modified) for file in files}
    changes = []
    for names, verb in ((now.keys() - before.keys(), "added"), (before.keys() - now.keys(), "removed")):
        if names:
            changes.append(f"{_listed(names)} {'was' if len(names) == 1 else 'were'} {verb}")
    rewritten = {name for name in now.keys() & before.keys() if now[name] != before[name]}
    planned = {shard.name: shard for shard in shards}
    changed = set()
    for name, record in records.items():
        if name not in planned:
            changed |= {file for file in rewritten if now[file][0] != before[file][0]}
        elif stamp(planned[name]) != record.input_stamp and content_digest(planned[name]) != record.input_sha256:
            changed |= {file.name for file in planned[name].files} & rewritten
    if changed:
        changes.append(f"{_listed(changed)} {'was' if len(changed) == 1 else 'were'} changed")
    if not changes and records.keys() - planned.keys():
        changes.append("the inputs come in another order")
    return changes


def _listed(names: Set[str]) -> str:
    shown = sorted(names)[:_NAMES_SHOWN]
    more = [f"{len(names) - len(shown):,} more"] if len(names) > len(shown) else []
    return ", ".join([*shown, *more])


def _write_inputs(path: Path, files: Sequence[InputFile]) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    lines = (json.dumps({"name": f.name, "size": f.size, "modified": f.modified}).encode() + b"\n" for f in files)
    write_durably(temporary, lines)
    rename_durably(temporary, path)


def _read_inputs(path: Path) -> dict[str, tuple[int, int]]:
    entries = (json.loads(line) for line in path.read_bytes().splitlines())
    return {entry["name"]: (entry["size"], entry["modified"]) for entry in entries}


def _close(layout: Layout, records: Sequence[ShardRecord], failed: list[Failed]) -> JobResult:
    """Read the output back: the counts, the dyads, and whether every shard is what its record says."""
    summary, dyads, problems, counts = Summary(), DyadTable(), [], Counts()
    labels: list[str] = []

    def see(rows: pa.Table) -> None:
        labels[:] = [name.removeprefix("p_") for name in rows.column_names if name.startswith("p_")]
        dyads.add(rows)

    for record in records:
        problems += check_shard(layout, record, on_rows=see)
        counts.add(record.counts)
        summary.records += record.records
        summary.rejected_records += record.rejected_records
        summary.model_version = record.model_version
    for name, value in asdict(counts).items():
        setattr(summary, name, value)
    summary.rows = {label: counts.rows.get(label, 0) for label in labels}
    summary.shards, summary.failed_shards = len(records), len(failed)
    return JobResult(summary, dyads, failed, problems)


def _merge_rejects(layout: Layout, records: Sequence[ShardRecord]) -> None:
    temporary = layout.rejects.with_name(f".{layout.rejects.name}.tmp")
    with writing(layout.rejects):
        blocks = (layout.rejects_of(record.shard).read_bytes() for record in records if record.rejects)
        write_durably(temporary, blocks)
        rename_durably(temporary, layout.rejects)


def _write_summary(layout: Layout, summary: Summary) -> None:
    temporary = layout.summary.with_name(f".{layout.summary.name}.tmp")
    with writing(layout.summary):
        write_durably(temporary, [json.dumps(asdict(summary), indent=2).encode() + b"\n"])
        rename_durably(temporary, layout.summary)


class _Tally:
    """Bytes and articles of all shards, finished or not."""

    def __init__(
        self, shards: Sequence[Shard], kept: Iterable[ShardRecord], on_progress: Callable[[int, int], None]
    ) -> None:
        self._sizes = {shard.name: shard.size for shard in shards}
        self._on_progress = on_progress
        self._running: dict[str, Progress] = {}
        self._bytes = self._articles = 0
        for record in kept:
            self.finish(record)

    def move(self, progress: Progress) -> None:
        """A worker got further."""
        self._running[progress.shard] = progress
        self._show()

    def finish(self, record: ShardRecord) -> None:
        """A shard is done."""
        self._running.pop(record.shard, None)
        self._bytes += self._sizes[record.shard]
        self._articles += record.counts.articles
        self._show()

    def _show(self) -> None:
        running = self._running.values()
        self._on_progress(
            self._bytes + sum(progress.bytes_read for progress in running),
            self._articles + sum(progress.articles for progress in running),
        )
