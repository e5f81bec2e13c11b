"""Evaluations and comparisons as tables in the terminal, and a comparison as a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .comparing import Comparison, headline_figures
from .evaluate import Evaluation
from .figures import Figure

_WORST_SLICES = 12
_MIN_PAIRS = 20


def all_figures(evaluation: Evaluation) -> dict[str, Figure]:
    """Every figure of an evaluation by the name that tables show."""
    rows = dict(evaluation.figures.values)
    if evaluation.swaps is not None:
        rows["swap invariance"] = evaluation.swaps.survived
    if evaluation.end_to_end is not None:
        rows |= {f"end to end: {name}": figure for name, figure in evaluation.end_to_end.values.items()}
    return rows


def markdown(evaluations: Sequence[Evaluation]) -> str:
    """The figures of one model on several sets as a Markdown table, for a model card or a paper."""
    columns = [all_figures(evaluation) for evaluation in evaluations]
    names = list(dict.fromkeys(name for column in columns for name in column))
    lines = [
        "| figure | " + " | ".join(evaluation.data.name for evaluation in evaluations) + " |",
        "| --- |" + " --- |" * len(columns),
        "| pairs | " + " | ".join(f"{evaluation.figures.pairs:,}" for evaluation in evaluations) + " |",
    ]
    lines += [f"| {name} | " + " | ".join(str(column.get(name, "")) for column in columns) + " |" for name in names]
    return "\n".join(lines) + "\n"


def print_evaluation(evaluation: Evaluation, console: Console) -> None:
    """Print the figures of a model on a set, its confusion matrix and its worst slices."""
    figures = evaluation.figures
    console.print(
        f"{evaluation.data.name}: {figures.pairs:,} pairs in {figures.sentences:,} sentences, given actors",
        markup=False,
    )
    if refused := evaluation.data.refused.total():
        console.print(f"{refused:,} rows of the file give no labelled sentence and are left out", markup=False)
    table = Table(title="Figures with 95 % bootstrap intervals")
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("interval", justify="right")
    for name, figure in all_figures(evaluation).items():
        table.add_row(name, f"{figure.value:.3f}", f"[{figure.low:.3f}, {figure.high:.3f}]")
    console.print(table)
    confusion = Table(title="Confusion: rows gold, columns said")
    confusion.add_column("")
    for label in figures.labels:
        confusion.add_column(label, justify="right")
    for label, row in zip(figures.labels, figures.confusion, strict=True):
        confusion.add_row(label, *(f"{count:,}" for count in row))
    console.print(confusion)
    worst = sorted((one for one in evaluation.slices if one.pairs >= _MIN_PAIRS), key=lambda one: one.accuracy)
    listed = Table(title=f"The worst slices of at least {_MIN_PAIRS} pairs, and all challenge families")
    for column in ("property", "value", "pairs", "accuracy", "macro F1"):
        listed.add_column(column, justify="left" if column in ("property", "value") else "right")
    for one in [*worst[:_WORST_SLICES], *(one for one in worst[_WORST_SLICES:] if one.property == "family")]:
        listed.add_row(one.property, Text(one.value), f"{one.pairs:,}", f"{one.accuracy:.3f}", f"{one.macro_f1:.3f}")
    console.print(listed)


def print_comparison(
    evaluations: Sequence[Evaluation], names: Sequence[str], comparisons: Sequence[Comparison], console: Console
) -> None:
    """Print the figures side by side and what the differences amount to."""
    table = Table(title=f"{evaluations[0].data.name}: {evaluations[0].figures.pairs:,} pairs")
    table.add_column("figure")
    for name in names:
        table.add_column(Text(name), justify="right")
    for figure, values in headline_figures(evaluations).items():
        table.add_row(figure, *(_shown(value) for value in values))
    console.print(table)
    for comparison in comparisons:
        console.print(comparison.difference.in_words(comparison.first, comparison.second), markup=False)
        console.print(
            f"  only {comparison.second} right: {comparison.difference.wins} pairs; only {comparison.first} right: "
            f"{comparison.difference.losses}; different answers: {comparison.disagreeing_pairs}",
            markup=False,
        )


def _shown(figure: Figure | None) -> Text:
    return Text("" if figure is None else str(figure))


def write_page(
    path: Path, evaluations: Sequence[Evaluation], names: Sequence[str], comparisons: Sequence[Comparison]
) -> None:
    """Write a comparison as a self-contained HTML page; whatever comes from data or names is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    pages = Environment(
        loader=PackageLoader("detente.training", "pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    html = pages.get_template("compare.html.j2").render(
        data=evaluations[0].data,
        names=list(names),
        figures_of=[evaluation.figures for evaluation in evaluations],
        headline=headline_figures(evaluations),
        comparisons=list(comparisons),
    )
    path.write_text(html, encoding="utf-8")
