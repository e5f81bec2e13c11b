"""The commands ``detente score`` and ``detente verify``."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from .data.errors import DetenteError, Exit

app = typer.Typer(rich_markup_mode="rich")


class Engine(StrEnum):
    """Where shards are scored."""

    LOCAL = "local"
    RAY = "ray"


_SCORE_HELP = """Score an archive: who stands how towards whom, one Parquet row per sentence and ordered pair.

PATH: files, directories or quoted globs of .txt, .jsonl, .csv, .tsv, .parquet, .html; each also as .gz or .zst or
inside a .zip; - reads JSONL from standard input.

A job that was killed or stopped goes on where it was with the same command. Large .jsonl and .parquet files are split,
so that several processes can work on one.

Examples:

[bold]detente score news/ more.jsonl.gz --out stances/[/bold]

[bold]detente score news/ --out stances/ --workers 8 --actors my_actors.csv[/bold]

[bold]detente score /shared/news/ --out /shared/stances/ --engine ray --address auto[/bold]

Exit codes: 0 everything scored; 1 the output does not add up when it is read back; 2 wrong usage, or nothing to score;
3 scored, but some records were rejected (rejects.jsonl says why); 4 a part is not scored: run the same command again;
130 and 143 stopped by Ctrl-C or SIGTERM: likewise.
"""


@app.command(help=_SCORE_HELP)
def score(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="What to score.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Output directory: new, empty, or of this job.", show_default=False)],
    model: Annotated[str, typer.Option(help="small, or the folder of a model.")] = "small",
    actors: Annotated[
        Path | None,
        typer.Option(
            help="Your own actors, which win over ours: CSV (id,name[,from,to]), YAML (id: \\[names]) or a dictionary "
            "of TABARI and PETRARCH (.actors.txt)."
        ),
    ] = None,
    text_column: Annotated[str | None, typer.Option(help="Column of the text; else found by common names.")] = None,
    id_column: Annotated[str | None, typer.Option(help="Column of the article id.")] = None,
    date_column: Annotated[str | None, typer.Option(help="Column of the date.")] = None,
    title_column: Annotated[str | None, typer.Option(help="Column of the title.")] = None,
    source_column: Annotated[str | None, typer.Option(help="Column of the name of the source.")] = None,
    keep_neutral: Annotated[bool, typer.Option("--keep-neutral", help="Write neutral pairs too.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Score anew what --out holds already.")] = False,
    max_article_chars: Annotated[int, typer.Option(min=1, help="Longer articles are rejected.")] = 1_000_000,
    batch_tokens: Annotated[int, typer.Option(min=512, help="Word pieces in a batch.")] = 2_048,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, ...; else the first GPU or the CPU.")] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes, each with a model; else one for a GPU, or one for each core."),
    ] = None,
    shard_mib: Annotated[
        float, typer.Option(min=0.01, help="MiB of input that are scored, written and recorded together.")
    ] = 16,
    engine: Annotated[Engine, typer.Option(help="local, or ray (pip install 'detente\\[ray]').")] = Engine.LOCAL,
    address: Annotated[
        str | None, typer.Option(help="Of a Ray cluster; auto finds one; else Ray starts on this machine.")
    ] = None,
) -> None:
    from .inference.actor_files import read_actors
    from .inference.articles import ColumnNames
    from .inference.inputs import find_inputs
    from .inference.job import EngineName, Resources, score_archive
    from .inference.output import Output, OutputError
    from .inference.report import JobProgress, print_report
    from .inference.work import Recipe

    if address is not None and engine is not Engine.RAY:
        raise DetenteError("--engine ray with --address", found=f"--engine {engine}", remedy="Leave --address out.")
    inputs = find_inputs(paths, leave_out=out)
    recipe = Recipe(
        model=model,
        device=device,
        batch_tokens=batch_tokens,
        actors=actors,
        columns=ColumnNames(text=text_column, id=id_column, date=date_column, title=title_column, source=source_column),
        max_article_chars=max_article_chars,
        keep_neutral=keep_neutral,
        shard_bytes=int(shard_mib * 2**20),
    )
    recipe.check()  # before --overwrite removes anything
    if actors is not None and (left_out := read_actors(actors).rejects):
        print(f"detente: {len(left_out):,} entries of {actors} are left out, the first: {left_out[0]}", file=sys.stderr)
    go_on = "Run the same command again to go on."
    try:
        with _stoppable(), Output(out, overwrite=overwrite) as output, JobProgress(inputs) as progress:
            result = score_archive(
                inputs,
                output,
                recipe,
                resources=Resources(engine=EngineName(engine), workers=workers, address=address),
                on_progress=progress.update,
            )
    except OutputError as error:
        print(f"detente: the output cannot be written: {error}. Mend that. {go_on}", file=sys.stderr)
        raise typer.Exit(Exit.UNFINISHED) from None
    except _Stopped as stopped:
        print(f"detente: stopped by {stopped.signal.name}. What is finished is kept. {go_on}", file=sys.stderr)
        raise typer.Exit(128 + stopped.signal) from None
    print_report(result, output.layout)
    if result.problems:
        raise typer.Exit(Exit.PROBLEMS)
    if result.failed:
        print(f"detente: {len(result.failed):,} shards could not be scored. {go_on}", file=sys.stderr)
        raise typer.Exit(Exit.UNFINISHED)
    if not result.summary.articles:
        first = output.layout.rejects.read_text(encoding="utf-8").partition("\n")[0]
        raise DetenteError(
            "at least one article",
            found=f"none; the first reject: {first or 'no record at all'}",
            remedy="Mend the input.",
        )
    if result.summary.rejected_records or result.summary.rejected_pairs:
        raise typer.Exit(Exit.REJECTS)


class _Stopped(BaseException):
    """A signal asked the job to stop."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.signal = signal.Signals(number)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into one exception, so that both leave by the same way."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise _Stopped(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_VERIFY_HELP = """Check that an output is finished, whole, and what its manifest says, byte by byte.

Example: [bold]detente verify stances/[/bold]

Exit codes: 0 all is well; 1 something is wrong: what, is printed; 2 there is no output of ours.
"""


@app.command(help=_VERIFY_HELP)
def verify(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Output directory of detente score.", show_default=False)],
) -> None:
    from .inference.verify import verify as verify_output

    verified = verify_output(out)
    for problem in verified.problems:
        typer.echo(str(problem))
    typer.echo(
        f"{verified.shards:,} shards, {verified.rows:,} rows, {verified.rejects:,} rejects: "
        + (f"{len(verified.problems):,} problems" if verified.problems else "all is well")
    )
    if verified.problems:
        raise typer.Exit(Exit.PROBLEMS)
