"""The commands ``detente data ...``: check, compare and convert labelled files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .data.errors import DetenteError, Exit

if TYPE_CHECKING:
    from .data.formats import Refused
    from .data.schema import LabelledSentence

app = typer.Typer(
    name="data",
    help="Check, compare and convert labelled sentences.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


class From(StrEnum):
    """Formats that can be read."""

    PLV = "plv"
    AW = "aw"
    CAMEO = "cameo"
    DSE = "dse"
    NEWSMTSC = "newsmtsc"
    LABEL_STUDIO = "label-studio"
    DETENTE = "detente"


class To(StrEnum):
    """Formats that can be written."""

    DETENTE = "detente"
    LABEL_STUDIO = "label-studio"


_CHECK_HELP = """Check labelled files: counts, label balance, variety, near-duplicates and leaks between splits.

Sentences that are alike on purpose (minimal pairs) share a tag that begins with pair: and are not compared.

Example: [bold]detente data check train.jsonl dev.jsonl[/bold]

Exit codes: 0 clean; 1 something to mend; 2 a file breaks the format.
"""


@app.command(help=_CHECK_HELP)
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Labelled JSONL files.", show_default=False)],
    encoder: Annotated[
        Path | None,
        typer.Option(help="Folder of a sentence encoder: also measure how alike the masked sentences are in meaning."),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many actors and openings to name.")] = 10,
) -> None:
    from rich.console import Console

    from .data.check import check_files
    from .data.tables import print_check

    report = check_files(files, encoder=encoder, top=top)
    print_check(report, Console())
    if report.problems():
        raise typer.Exit(Exit.PROBLEMS)


_AGREEMENT_HELP = """Measure how far a second reader agrees with the gold labels: Cohen's kappa on pairs.

Example: [bold]detente data agreement gold.jsonl second.jsonl[/bold]

Exit codes: 0 compared; 2 a file breaks the format, or the files differ in ids or texts.
"""


@app.command(help=_AGREEMENT_HELP)
def agreement(
    gold: Annotated[Path, typer.Argument(help="The gold labels.", show_default=False)],
    second: Annotated[Path, typer.Argument(help="The second reader's labels.", show_default=False)],
) -> None:
    from rich.console import Console

    from .data.agreement import agreement as compare
    from .data.tables import print_agreement

    print_agreement(compare(gold, second), Console())


_CONVERT_HELP = """Convert labelled data between formats.

Reads public data sets (plv, aw, cameo, dse, newsmtsc), Label Studio's JSON export, or our own JSONL. Rows that give no
labelled sentence are refused: OUT.rejects.jsonl names each with its place and reason.

Example: [bold]detente data convert --from plv plv_train.tsv plv.jsonl[/bold]

Exit codes: 0 everything converted; 2 wrong usage, or IN is not in the format; 3 converted, but rows were refused.
"""


@app.command(help=_CONVERT_HELP)
def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="The file to read.", show_default=False)],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write.", show_default=False)],
    from_format: Annotated[From, typer.Option("--from", help="Format of IN.", show_default=False)],
    to_format: Annotated[To, typer.Option("--to", help="Format of OUT.")] = To.DETENTE,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
) -> None:
    from rich.console import Console

    from .data.formats import Refused, label_studio
    from .data.labelled import write_labelled

    if out.exists() and not overwrite:
        raise DetenteError("a new file", found=f"{out} already there", remedy="Give another name, or --overwrite.")
    if not out.parent.is_dir():
        raise DetenteError("a folder to write in", found=f"no folder {out.parent}", remedy="Create it first.")
    refused: list[Refused] = []

    def kept() -> Iterator[LabelledSentence]:
        for row in _rows(source, from_format):
            if isinstance(row, Refused):
                refused.append(row)
            else:
                yield row

    # Written beside and renamed: a run that breaks off leaves no half file under the name of a whole one.
    part = out.with_name(out.name + ".part")
    try:
        written = (label_studio.write if to_format is To.LABEL_STUDIO else write_labelled)(part, kept())
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    console = Console()
    console.print(
        f"{written + len(refused):,} rows in, {written:,} out, {len(refused):,} refused -> {out}", soft_wrap=True
    )
    if to_format is To.LABEL_STUDIO:
        config = out.with_name(out.name + ".config.xml")
        config.write_text(label_studio.labelling_config(), encoding="utf-8")
        console.print(f"Labelling configuration for the project: {config}", soft_wrap=True)
    rejects = out.with_name(out.name + ".rejects.jsonl")
    rejects.unlink(missing_ok=True)
    if refused:
        _write_rejects(rejects, refused)
        for reason, count in Counter(row.reason for row in refused).most_common():
            console.print(f"  {count:,}: {reason}", markup=False, highlight=False, soft_wrap=True)
        console.print(f"Refused rows: {rejects}", soft_wrap=True)
        raise typer.Exit(Exit.REJECTS)


def _rows(source: Path, from_format: From) -> Iterator[LabelledSentence | Refused]:
    from .data.formats import READERS, PublicSet, label_studio
    from .data.labelled import read_labelled

    if from_format is From.DETENTE:
        return read_labelled(source)
    if from_format is From.LABEL_STUDIO:
        return label_studio.read(source)
    return READERS[PublicSet(from_format.value)](source)


def _write_rejects(path: Path, refused: list[Refused]) -> None:
    with path.open("w", encoding="utf-8") as lines:
        for row in refused:
            record = {"place": row.place, "reason": row.reason, "text": row.text}
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")


_DETACH_HELP = """Write labels without their texts, where these may not be shared: places and hashes stand for them.

ARCHIVE: the JSONL files with id and text that the sentences are from.

Example: [bold]detente data detach labelled.jsonl archive.jsonl --out labels.jsonl[/bold]
"""


@app.command(help=_DETACH_HELP)
def detach(
    file: Annotated[Path, typer.Argument(help="Labelled JSONL file.", show_default=False)],
    archives: Annotated[list[Path], typer.Argument(metavar="ARCHIVE...", help="The texts.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The file to write.", show_default=False)],
) -> None:
    from .data.annotations import detach as detach_all
    from .data.annotations import read_texts
    from .data.labelled import read_labelled

    lines = [json.dumps(one, ensure_ascii=False) for one in detach_all(read_labelled(file), read_texts(*archives))]
    out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    typer.echo(f"{len(lines):,} annotations: {out}")


_JOIN_HELP = """Put labels and texts together again: the other way round than detach.

LABELS: a file that detach wrote, or ag_world, guardian_2019, plv_aw_cameo: labels of public texts that come with the
package. ARCHIVE: JSONL files with id and text.

Example: [bold]detente data join ag_world ag_world.jsonl --split train --out labelled.jsonl[/bold]
"""


@app.command(help=_JOIN_HELP)
def join(
    labels: Annotated[str, typer.Argument(help="The labels.", show_default=False)],
    archives: Annotated[list[Path], typer.Argument(metavar="ARCHIVE...", help="The texts.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The labelled file to write.", show_default=False)],
    split: Annotated[str, typer.Option(help="Only this split: train or dev.")] = "",
) -> None:
    from .data.annotations import SHIPPED, read_texts
    from .data.annotations import join as join_all
    from .data.labelled import write_labelled

    shipped = SHIPPED / f"{labels}.jsonl"
    path = shipped if labels.isidentifier() and shipped.is_file() else Path(labels)
    count = write_labelled(out, join_all(path, read_texts(*archives), split=split))
    typer.echo(f"{count:,} sentences: {out}")
