"""The commands that measure and compare models: ``detente evaluate``, ``compare`` and ``promote``."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .data.errors import DetenteError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .data.sources import LabelledSet
    from .training.evaluate import Evaluation
    from .training.labelling import Labeller

app = typer.Typer(rich_markup_mode="rich")


class Baseline(StrEnum):
    """Labellers that are no stance models, for comparison."""

    MAJORITY = "majority"
    BAG_OF_WORDS = "bag-of-words"


_RESAMPLES = Annotated[int, typer.Option(min=100, help="Bootstrap resamples for the 95 % intervals.")]
_DEVICE = Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, ...; else the first GPU or the CPU.")]

_EVALUATE_HELP = """Say how good a model is: figures with intervals, slices, actor-swap invariance; recorded in MLflow.

MODEL: small, the folder of a model, an MLflow URI such as models:/detente@champion, the id of a run, or a baseline
(majority, bag-of-words), which learns from --train. DATA: labelled files of ours or folders of them, or plv:PATH,
aw:PATH, cameo:PATH, dse:PATH.

Given actors, each pair whose label is known is labelled; end to end, the text alone goes in and triples of source,
target and stance are compared with gold. The store is ./mlflow.db unless MLFLOW_TRACKING_URI names another.

Example: [bold]detente evaluate small dev.jsonl plv:plv_train.tsv[/bold]
"""


@app.command(help=_EVALUATE_HELP)
def evaluate(
    model: Annotated[str, typer.Argument(help="The model, or a baseline.", show_default=False)],
    data: Annotated[list[str], typer.Argument(metavar="DATA...", help="Labelled sets.", show_default=False)],
    train: Annotated[
        list[str] | None, typer.Option(help="Sets that a baseline learns from; may be given again.")
    ] = None,
    fold: Annotated[
        int | None,
        typer.Option(min=0, max=4, help="Score this fifth of each set alone; baselines learn from the rest."),
    ] = None,
    gazetteer_alone: Annotated[
        bool, typer.Option("--gazetteer-alone", help="End to end without the model's actor tagger.")
    ] = False,
    register: Annotated[bool, typer.Option("--register", help="Register the model from this run.")] = False,
    table: Annotated[Path | None, typer.Option(help="Also write the figures as a Markdown table.")] = None,
    resamples: _RESAMPLES = 1_000,
    device: _DEVICE = None,
) -> None:
    from rich.console import Console

    from .data.sources import read_set
    from .training.evaluate import evaluate as measure
    from .training.evaluate import evaluate_model
    from .training.examples import only_fold
    from .training.registry import register as register_model
    from .training.tables import markdown, print_evaluation
    from .training.tracking import log_data, log_evaluation, recorded_run, use_store

    use_store()
    sets = [read_set(spec) for spec in data]
    if len({one.name for one in sets}) < len(sets):
        raise DetenteError(
            "sets with different file names", found=", ".join(data), remedy="Evaluate them in two runs, or rename one."
        )
    if fold is not None:
        sets = [only_fold(one, fold, held_out=True) for one in sets]
    learned = _learned(train or [], fold, sets)
    params = {
        "model": model,
        "resamples": resamples,
        "fold": "all" if fold is None else fold,
        "actors": "gazetteer" if gazetteer_alone else "gazetteer and tagger",
    }
    console = Console()
    folder: Path | None = None
    evaluator: Callable[[LabelledSet], Evaluation]
    if model in {baseline.value for baseline in Baseline}:
        if register:
            raise DetenteError("a stance model to register", found=model, remedy="Leave --register out.")
        labeller = _baseline(Baseline(model), learned)
        evaluator = partial(measure, labeller, resamples=resamples)
    else:
        if learned:
            raise DetenteError("--train with a baseline only", found=model, remedy="Leave --train out.")
        from .inference.gazetteer import load_gazetteer
        from .inference.scorer import StanceScorer
        from .models.loading import load_model
        from .training.registry import resolve_model

        folder = resolve_model(model).folder
        scorer = StanceScorer(load_model(str(folder), device=device))
        if gazetteer_alone:
            scorer.loaded.model.config.tag_thresholds = None
        evaluator = partial(evaluate_model, scorer, load_gazetteer(), resamples=resamples)
        params |= {"model_version": scorer.loaded.version, **training_parameters(folder)}
    evaluations = []
    with recorded_run(f"evaluate {model}", params) as run_id:
        for one in learned:
            log_data(one, context="training")
        for one in sets:
            evaluations.append(evaluator(one))
            log_evaluation(run_id, evaluations[-1])
            print_evaluation(evaluations[-1], console)
        if register and folder is not None:
            console.print(f"Registered as version {register_model(folder, run_name=model)} of detente")
    if table is not None:
        table.write_text(markdown(evaluations), encoding="utf-8")
    console.print(f"MLflow run {run_id}", highlight=False)


def _learned(train: list[str], fold: int | None, measured: list[LabelledSet]) -> list[LabelledSet]:
    """What a baseline learns from: nothing of what is measured."""
    from .data.sources import read_set
    from .training.examples import only_fold
    from .training.material import texts_of, without

    learned = [read_set(spec) for spec in train]
    if fold is not None:
        learned = [only_fold(one, fold, held_out=False) for one in learned]
    banned = texts_of(measured)
    return [without(one, banned) for one in learned]


def _baseline(baseline: Baseline, learned: list[LabelledSet]) -> Labeller:
    from .training.baselines import BagOfWordsLabeller, MajorityLabeller

    sentences = [sentence for one in learned for sentence in one.sentences]
    if not sentences:
        raise DetenteError(
            "sets that the baseline learns from",
            found="none beside what is measured",
            remedy="Name them with --train, once for each.",
        )
    return MajorityLabeller(sentences) if baseline is Baseline.MAJORITY else BagOfWordsLabeller.train(sentences)


def training_parameters(folder: Path) -> dict[str, str]:
    """How a model was trained, from the record that training left in its folder; empty where there is none."""
    import json

    record = folder / "training.json"
    if not record.is_file():
        return {}
    return {f"train/{key}": str(value) for key, value in json.loads(record.read_text(encoding="utf-8")).items()}


_COMPARE_HELP = """Compare models on one labelled set, each with the first: is the difference more than noise?

MODEL: as for evaluate. Prints the figures side by side and writes a page with the slices and the sentences on which
the models differ.

Example: [bold]detente compare small my-model --data dev.jsonl[/bold]
"""


@app.command(help=_COMPARE_HELP)
def compare(
    models: Annotated[list[str], typer.Argument(metavar="MODEL...", help="At least two.", show_default=False)],
    data: Annotated[str, typer.Option(help="A labelled set, as for evaluate.", show_default=False)],
    page: Annotated[Path, typer.Option(help="The HTML page to write.")] = Path("comparison.html"),
    resamples: _RESAMPLES = 1_000,
    device: _DEVICE = None,
) -> None:
    from rich.console import Console

    from .data.sources import read_set
    from .inference.scorer import StanceScorer
    from .models.loading import load_model
    from .training.comparing import compare as compare_two
    from .training.evaluate import evaluate as measure
    from .training.labelling import ModelLabeller
    from .training.registry import resolve_model
    from .training.tables import print_comparison, write_page
    from .training.tracking import get_run, use_store

    if len(models) < 2:
        raise DetenteError("at least two models", found="one", remedy="Name another one to compare it with.")
    if not page.parent.is_dir():
        raise DetenteError("a folder to write in", found=f"no folder {page.parent}", remedy="Create it first.")
    use_store()
    labelled_set = read_set(data)
    found = [resolve_model(name) for name in models]
    evaluations = [
        measure(
            ModelLabeller(StanceScorer(load_model(str(one.folder), device=device))), labelled_set, resamples=resamples
        )
        for one in found
    ]
    parameters = [
        {**training_parameters(one.folder), **(get_run(one.run_id).data.params if one.run_id else {})} for one in found
    ]
    comparisons = [
        compare_two(
            evaluations[0],
            evaluations[number],
            names=(models[0], models[number]),
            parameters=(parameters[0], parameters[number]),
            resamples=resamples,
        )
        for number in range(1, len(models))
    ]
    console = Console()
    print_comparison(evaluations, models, comparisons, console)
    write_page(page, evaluations, models, comparisons)
    console.print(f"Page: {page}", markup=False, highlight=False, soft_wrap=True)


_PROMOTE_HELP = """Make the model registered from a run the champion: models:/detente@champion.

Refuses where the model is worse than the champion by more than the paired 95 % interval, on any set that both were
evaluated on.

Example: [bold]detente promote 3f2a...[/bold]
"""


@app.command(help=_PROMOTE_HELP)
def promote(
    run: Annotated[str, typer.Argument(help="Id of a run of evaluate --register.", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="Promote it even if it is worse.")] = False,
) -> None:
    from rich.console import Console

    from .training.registry import promote as promote_run
    from .training.tracking import use_store

    use_store()
    result = promote_run(run, force=force)
    console = Console()
    for name, difference in result.differences.items():
        console.print(f"{name}: {difference.in_words('the champion', 'the new model')}", markup=False)
    console.print(f"models:/detente@champion is version {result.version}, from run {run}", highlight=False)
