"""The command line: ``detente SUBCOMMAND``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from . import __version__, cli_data, cli_score, cli_train, cli_training
from .data.errors import DetenteError, Exit

app = typer.Typer(
    name="detente",
    help="From an archive of news articles to a table of who stands how towards whom.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(cli_score.app)
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


def main() -> None:
    """Run the command line; a user's mistake ends with its message and exit code 2."""
    try:
        app()
    except DetenteError as error:
        print(f"detente: {error}", file=sys.stderr)
        sys.exit(Exit.USAGE)
