"""Reports on labelled data as tables in the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from .agreement import Agreement
from .check import CheckReport, Counts, Share
from .schema import STANCES

#: Problems beyond these are counted, not printed.
_PROBLEMS_SHOWN = 40


def print_check(report: CheckReport, console: Console) -> None:
    """Print the counts of labelled files, their variety, and what should be mended."""
    console.print(_counts_table(report))
    console.print(_shares_table(f"Actors: {report.distinct_actors:,} ids, the commonest", "actor", report.actors))
    console.print(_shares_table("Openings, the commonest", "first two words", report.openings))
    console.print(f"Different 4-grams of words: {report.distinct_four_grams:.1%} of all")
    if report.neighbour_share is not None:
        console.print(f"Skeletons with a neighbour in meaning: {report.neighbour_share:.1%}")
    problems = report.problems()
    if not problems:
        console.print("[green]Clean:[/green] no near-duplicates, no leaks.")
        return
    leaks = sum(pair.leak for pair in report.alike)
    console.print(
        f"[red]{len(problems)} problem{'s' if len(problems) > 1 else ''}[/red], "
        f"among them {leaks} between files or splits:"
    )
    for problem in problems[:_PROBLEMS_SHOWN]:
        console.print(f"  {problem}", markup=False, highlight=False, soft_wrap=True)
    if len(problems) > _PROBLEMS_SHOWN:
        console.print(f"  ... and {len(problems) - _PROBLEMS_SHOWN} more")


def _counts_table(report: CheckReport) -> Table:
    # Narrow, so that it fits a terminal of 80 columns.
    table = Table(title="Labelled data", box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("file", overflow="fold", min_width=9)
    for column in ("sent.", "pairs", *(f"{label[:4]}." for label in STANCES), "unsure", "m", "n"):
        table.add_column(column, justify="right", no_wrap=True)
    for counts in report.counts:
        numbers = (counts.sentences, counts.pairs, *(counts.labels[label] for label in STANCES))
        more = (counts.unsure, counts.with_mediation, counts.without_stance)
        table.add_row(_file_name(counts), *(f"{number:,}" for number in (*numbers, *more)))
    pairs = sum(counts.pairs for counts in report.counts)
    balance = (sum(counts.labels[label] for counts in report.counts) for label in STANCES)
    total = sum(counts.sentences for counts in report.counts)
    rest = (
        sum(getattr(counts, name) for counts in report.counts)
        for name in ("unsure", "with_mediation", "without_stance")
    )
    table.add_section()
    table.add_row("all", *(f"{number:,}" for number in (total, pairs, *balance, *rest)))
    shares = (_part(sum(counts.labels[label] for counts in report.counts), pairs) for label in STANCES)
    table.add_row("of pairs", "", "", *shares)
    table.caption = (
        "m: sentences with a mediating pair; n: sentences in which two actors have no stance towards each other"
    )
    return table


def _file_name(counts: Counts) -> str:
    """The name of the file, with its split where that does not tell it."""
    name = Path(counts.file).stem
    return name if not counts.split or counts.split in name else f"{name} ({counts.split})"


def _part(count: int, total: int) -> str:
    return f"{count / total:.0%}" if total else "-"


def _shares_table(title: str, column: str, shares: Sequence[Share]) -> Table:
    table = Table(title=title)
    table.add_column(column)
    table.add_column("count", justify="right")
    table.add_column("of sentences", justify="right")
    for share in shares:
        table.add_row(share.name, f"{share.count:,}", f"{share.share:.1%}")
    return table


def print_agreement(result: Agreement, console: Console) -> None:
    """Print how far two readers agree, by label, and where they differ."""
    console.print(
        f"{result.compared:,} pairs in {result.sentences:,} sentences compared; "
        f"{result.one_sided:,} that only one file knows are left out."
    )
    console.print(f"Agreement {result.share:.1%}, Cohen's kappa [bold]{_number(result.kappa)}[/bold]")
    table = Table(title="By label, against the rest")
    for column in ("label", "gold", "second", "both", "kappa"):
        table.add_column(column, justify="left" if column == "label" else "right")
    for label in result.labels:
        numbers = (label.gold, label.second, label.both)
        table.add_row(label.label, *(f"{number:,}" for number in numbers), _number(label.kappa))
    console.print(table)
    confusion = Table(title="Confusion: rows gold, columns second")
    confusion.add_column("")
    for second in STANCES:
        confusion.add_column(second, justify="right")
    for gold in STANCES:
        confusion.add_row(gold, *(f"{result.confusion[gold, second]:,}" for second in STANCES))
    console.print(confusion)


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
