"""The commands that make models: ``detente train`` and ``distil``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .data.schema import LabelledSentence

app = typer.Typer(rich_markup_mode="rich")

_OUT = Annotated[Path, typer.Option(help="Folder of the new model.", show_default=False)]
_DATA = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SET[:TIMES]", help="A set to learn from, twice with :2, half of it with :0.5; may be given again."
    ),
]
_HOLD_OUT = Annotated[
    list[str] | None, typer.Option(metavar="SET[:TIMES]", help="The same, but a fifth of its texts is kept out.")
]
_KEEP_OUT = Annotated[
    list[str] | None, typer.Option(metavar="SET", help="A set that is scored later: none of its texts is learned from.")
]
_DEV = Annotated[
    str | None, typer.Option(metavar="SET", help="The set to measure on; else a fifth of the data is kept for it.")
]
_START = Annotated[
    str | None,
    typer.Option(help="Instead of the configuration's: small, a model's folder, run or URI, or encoder:NAME."),
]
_SEED = Annotated[int | None, typer.Option(help="Instead of the configuration's.")]
_NAME = Annotated[str, typer.Option(help="Name of the MLflow run.")]
_REGISTER = Annotated[bool, typer.Option("--register", help="Register the model in MLflow.")]
_OVERWRITE = Annotated[bool, typer.Option("--overwrite", help="Train anew where --out holds a model or a run.")]

_TRAIN_HELP = """Train a model on labelled sentences: your own, the package's, public ones.

SET: as for evaluate; a file of ours or a folder of them, or plv:PATH, aw:PATH, cameo:PATH, dse:PATH. A run that was
killed goes on where it stopped when the same command is given again. Curves, data hashes and figures go to MLflow.

CONFIG: a YAML file, or finetune (a few hundred sentences of yours), small and refine (the shipped model), teacher and
teacher-refine (its teacher).
Labels of your own: list them in a configuration under [bold]labels[/bold].

Example: [bold]detente train --data mine.jsonl --out my-model[/bold]
"""


@app.command(help=_TRAIN_HELP)
def train(
    out: _OUT,
    config: Annotated[
        str, typer.Option(help="Settings: a YAML file, or one that comes with the package.")
    ] = "finetune",
    data: _DATA = None,
    hold_out: _HOLD_OUT = None,
    keep_out: _KEEP_OUT = None,
    dev: _DEV = None,
    start: _START = None,
    seed: _SEED = None,
    name: _NAME = "",
    register: _REGISTER = False,
    overwrite: _OVERWRITE = False,
) -> None:
    _run(config, data, hold_out, keep_out, dev, start, seed, out, name, register, overwrite)


_DISTIL_HELP = """Train a small model on what a large one says of text without labels, and on labels if there are any.

TEACHER: small, the folder of a model, an MLflow URI or run; given again, the mean of their answers counts.
ARCHIVE: files or folders of articles, as for score; sentences with at least two actors are taken from them.

Example: [bold]detente distil --teacher big/ --unlabelled news/ --data mine.jsonl --out my-small[/bold]
"""


@app.command(help=_DISTIL_HELP)
def distil(
    out: _OUT,
    teacher: Annotated[list[str], typer.Option(help="A model to learn from; may be given again.", show_default=False)],
    student: Annotated[str, typer.Option(help="Settings of the student, as --config of train.")] = "small",
    unlabelled: Annotated[
        list[str] | None, typer.Option(metavar="ARCHIVE", help="Articles without labels; may be given again.")
    ] = None,
    data: _DATA = None,
    hold_out: _HOLD_OUT = None,
    keep_out: _KEEP_OUT = None,
    dev: _DEV = None,
    start: _START = None,
    seed: _SEED = None,
    name: _NAME = "",
    register: _REGISTER = False,
    overwrite: _OVERWRITE = False,
) -> None:
    _run(
        student, data, hold_out, keep_out, dev, start, seed, out, name, register, overwrite,
        teachers=teacher, unlabelled=unlabelled or (),
    )  # fmt: skip


def _run(
    config_name: str,
    data: Sequence[str] | None,
    hold_out: Sequence[str] | None,
    keep_out: Sequence[str] | None,
    dev: str | None,
    start: str | None,
    seed: int | None,
    out: Path,
    name: str,
    register: bool,
    overwrite: bool,
    *,
    teachers: Sequence[str] = (),
    unlabelled: Sequence[str] = (),
) -> None:
    from rich.console import Console

    from .training.config import read_config
    from .training.material import gather
    from .training.registry import register as register_model
    from .training.registry import resolve_model
    from .training.tracking import continued_run, use_store
    from .training.train import train as train_model

    config = read_config(config_name)
    changes = {key: value for key, value in {"start": start, "seed": seed}.items() if value is not None}
    config = config.model_copy(update=changes)
    material = gather(
        data or (),
        hold_out=hold_out or (),
        dev=dev,
        keep_out=keep_out or (),
        labels=config.labels,
        also_unlabelled=bool(unlabelled),
    )
    use_store()
    teacher_folders = [resolve_model(teacher).folder for teacher in teachers]
    console = Console(highlight=False, soft_wrap=True)
    sentences: list[LabelledSentence] = []
    if unlabelled:
        from .inference.scorer import StanceScorer
        from .models.loading import load_model
        from .training.unlabelled import draw_sentences

        scorer = StanceScorer(load_model(str(teacher_folders[0])))
        sentences = draw_sentences(
            unlabelled, scorer=scorer, beside=material, limit=config.distillation.max_sentences, seed=config.seed
        )
    trained = train_model(
        material,
        config,
        out,
        name=name,
        teachers=teacher_folders,
        unlabelled=sentences,
        overwrite=overwrite,
        say=lambda line: console.print(line, markup=False),
    )
    if register:
        with continued_run(trained.run_id):
            console.print(f"Registered as version {register_model(out, run_name=out.name)} of detente")
    console.print(f"{out}, {trained.seconds / 60:.1f} min, MLflow run {trained.run_id}", markup=False)
