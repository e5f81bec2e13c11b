"""What a job shows in the terminal: a progress bar, and a closing table."""

from __future__ import annotations

import unicodedata
from textwrap import shorten
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ..data.schema import Stance
from .inputs import Inputs
from .job import JobResult
from .output import Layout

_STYLES = {Stance.COOPERATIVE: "green", Stance.HOSTILE: "red", Stance.MEDIATING: "cyan", Stance.NEUTRAL: "dim"}
_DYADS_SHOWN = 8
_EXAMPLE_CHARS = 240


class JobProgress:
    """A progress bar over the bytes of the input, with an estimate of the time left."""

    def __init__(self, inputs: Inputs) -> None:
        # Standard input has no size: the bar then only shows that work goes on.
        self._total = sum(file.size for file in inputs.files) or None
        self._bar = Progress(
            TextColumn("[progress.description]{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[articles]:,} articles"),
            TimeElapsedColumn(),
            TextColumn("left:"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("scoring", total=self._total, articles=0)

    def update(self, bytes_read: int, articles: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=bytes_read, articles=articles)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()


def print_report(result: JobResult, layout: Layout, *, console: Console | None = None) -> None:
    """Print the counts of a job, the top dyads by stance with an example each, and where the output lies."""
    console = console or Console()
    summary = result.summary
    table = Table(title="Top dyads by stance, each with the sentence of which the model is surest")
    table.add_column("stance", no_wrap=True)
    table.add_column("sentences", justify="right", no_wrap=True)
    table.add_column("source -> target")
    for stance in summary.rows:
        if stance == Stance.NEUTRAL:
            continue
        for count in result.dyads.top(stance, _DYADS_SHOWN):
            dyad = printable(f"{count.dyad.source} -> {count.dyad.target}")
            # Text objects: square brackets in the archive are no markup here.
            table.add_row(
                Text(stance, style=_STYLES.get(Stance(stance), "")),
                f"{count.sentences:,}",
                Text.assemble(
                    (dyad, "bold"), "\n", shorten(printable(count.example), _EXAMPLE_CHARS, placeholder=" ...")
                ),
            )
        table.add_section()
    console.print(table)
    rows = ", ".join(f"{number:,} {stance}" for stance, number in summary.rows.items())
    lines = [
        f"{summary.records:,} records = {summary.articles:,} articles scored + {summary.rejected_records:,} rejected",
        f"{summary.sentences:,} sentences, {summary.pairs:,} pairs scored"
        + (f", {summary.rejected_pairs:,} rejected" if summary.rejected_pairs else ""),
        f"rows: {rows}",
        f"{summary.seconds:,.1f} s, {summary.articles_per_second:,.1f} articles/s, model {summary.model_version}"
        + (f"; {summary.resumed_shards:,} of {summary.shards:,} shards from before" if summary.resumed_shards else ""),
        f"output: {layout.stances}/*.parquet, {layout.summary}",
    ]
    if summary.skipped_files:
        lines.append(f"{summary.skipped_files:,} files of other kinds left out")
    if summary.rejected_records or summary.rejected_pairs:
        lines.append(f"rejects, with reasons: {layout.rejects}")
    lines += [f"not scored: shard {failed.shard}: {printable(failed.reason)}" for failed in result.failed]
    lines += [f"wrong in the output: {problem}" for problem in result.problems]
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def printable(text: str) -> str:
    """A text on one line, without the control characters with which an archive could drive a terminal."""
    return "".join(" " if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") else char for char in text)
