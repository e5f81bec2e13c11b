"""Reports on labelled data as tables in the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from .agreement import Agreement
from .check import CheckReport, Share
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
    table = Table(title="Labelled data")
    table.add_column("file", overflow="fold")
    table.add_column("split")
    for column in ("sentences", "actors", "pairs", *STANCES, "unsure", "mediation in", "no stance in"):
        table.add_column(column, justify="right")
    for counts in report.counts:
        balance = (f"{counts.labels[label]:,} ({_part(counts.labels[label], counts.pairs)})" for label in STANCES)
        numbers = (counts.sentences, counts.actors, counts.pairs)
        table.add_row(
            counts.file,
            counts.split or "-",
            *(f"{number:,}" for number in numbers),
            *balance,
            *(f"{number:,}" for number in (counts.unsure, counts.with_mediation, counts.without_stance)),
        )
    table.caption = (
        "mediation in: sentences with a mediating pair; no stance in: sentences in which two actors have no stance "
        "towards each other"
    )
    return table


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
