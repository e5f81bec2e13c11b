"""The command line: ``detente SUBCOMMAND``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from . import __version__, cli_data, cli_train, cli_training
from .data.errors import DetenteError, Exit

app = typer.Typer(
    name="detente",
    help="From an archive of news articles to a table of who stands how towards whom.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(cli_train.app)
app.add_typer(cli_training.app)
app.add_typer(cli_data.app)


@app.callback(invoke_without_command=True)
def _main(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(f"detente {__version__}")
        raise typer.Exit


_SCORE_HELP = """Score an archive: who stands how towards whom, one Parquet row per sentence and ordered pair.

PATH: files, directories or quoted globs of .txt, .jsonl, .csv, .tsv, .parquet, .html; each also as .gz or .zst or
inside a .zip; - reads JSONL from standard input.

Example: [bold]detente score news/ more.jsonl.gz --out stances/[/bold]

Exit codes: 0 everything scored; 2 wrong usage, or nothing to score; 3 scored, but some records were rejected
(rejects.jsonl says why).
"""


@app.command(help=_SCORE_HELP)
def score(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="What to score.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Output directory: new, empty, or ours.", show_default=False)],
    model: Annotated[str, typer.Option(help="small, or the folder of a model.")] = "small",
    actors: Annotated[
        Path | None, typer.Option(help="Your own actors: CSV with id,name[,from,to], or YAML {id: [names]}.")
    ] = None,
    text_column: Annotated[str | None, typer.Option(help="Column of the text; else found by common names.")] = None,
    id_column: Annotated[str | None, typer.Option(help="Column of the article id.")] = None,
    date_column: Annotated[str | None, typer.Option(help="Column of the date.")] = None,
    title_column: Annotated[str | None, typer.Option(help="Column of the title.")] = None,
    source_column: Annotated[str | None, typer.Option(help="Column of the name of the source.")] = None,
    keep_neutral: Annotated[bool, typer.Option("--keep-neutral", help="Write neutral pairs too.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a finished job in --out.")] = False,
    max_article_chars: Annotated[int, typer.Option(min=1, help="Longer articles are rejected.")] = 1_000_000,
    batch_tokens: Annotated[int, typer.Option(min=512, help="Word pieces in a batch.")] = 2_048,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, ...; else the first GPU or the CPU.")] = None,
) -> None:
    from .inference.articles import ArticleReader, ColumnNames
    from .inference.gazetteer import load_gazetteer
    from .inference.inputs import find_inputs
    from .inference.job import Output, score_archive
    from .inference.pipeline import Pipeline
    from .inference.report import JobProgress, print_report
    from .inference.scorer import StanceScorer
    from .models.loading import load_model

    inputs = find_inputs(paths)
    gazetteer = load_gazetteer(actors)
    reader = ArticleReader(
        ColumnNames(text=text_column, id=id_column, date=date_column, title=title_column, source=source_column),
        max_chars=max_article_chars,
    )
    scorer = StanceScorer(load_model(model, device=device), batch_tokens=batch_tokens)
    output = Output(out, overwrite=overwrite)
    with JobProgress(inputs) as progress:
        result = score_archive(
            inputs,
            output,
            pipeline=Pipeline(scorer, gazetteer, keep_neutral=keep_neutral),
            reader=reader,
            on_progress=progress.update,
        )
    print_report(result, output)
    if not result.summary.articles:
        first = output.rejects.read_text(encoding="utf-8").partition("\n")[0]
        raise DetenteError(
            "at least one article",
            found=f"none; the first reject: {first or 'no record at all'}",
            remedy="Mend the input.",
        )
    if result.summary.rejected_records or result.summary.rejected_pairs:
        raise typer.Exit(Exit.REJECTS)


def main() -> None:
    """Run the command line; a user's mistake ends with its message and exit code 2."""
    try:
        app()
    except DetenteError as error:
        print(f"detente: {error}", file=sys.stderr)
        sys.exit(Exit.USAGE)
