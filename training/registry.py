"""Models by name, folder, MLflow run or MLflow URI; registering and promoting them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import mlflow
import numpy as np
from mlflow.exceptions import MlflowException

from ..data.errors import DetenteError
from ..data.schema import STANCES
from ..models.loading import find_model
from .comparing import PairedDifference, paired_difference
from .tracking import get_run, probabilities_of, recorded_predictions

REGISTERED = "detente"
CHAMPION = "champion"
_RUN_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model's folder, how it was named, and the run that it comes from, if any."""

    name: str
    folder: Path
    run_id: str | None = None


def resolve_model(name: str) -> FoundModel:
    """Find a model by ``small``, a folder, a URI such as ``models:/detente@champion``, or the id of a run.

    A run stands for the model registered from it, else for the model that it evaluated.

    Raises:
        DetenteError: there is no such model.
    """
    if name.startswith(("models:/", "runs:/")):
        return FoundModel(name, _download(name))
    if _RUN_ID.fullmatch(name):
        run = get_run(name)
        registered = mlflow.search_model_versions(filter_string=f"run_id='{name}'")
        if registered:
            return FoundModel(name, _download(f"models:/{registered[0].name}/{registered[0].version}"), name)
        if "model" not in run.data.params:
            raise DetenteError(
                "a run with a model", found=f"none in run {name}", remedy="Give a run of detente evaluate or train."
            )
        return FoundModel(name, find_model(run.data.params["model"]), name)
    return FoundModel(name, find_model(name))


def _download(uri: str) -> Path:
    try:
        folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri))
    except (MlflowException, OSError) as error:
        raise DetenteError(
            "an MLflow URI of a model, such as models:/detente@champion", found=f"{uri}: {error}", remedy="Check it."
        ) from error
    for config in sorted(folder.glob("artifacts/*/config.json")):
        return find_model(str(config.parent))
    raise DetenteError(
        "a model that detente logged", found=f"no artifacts/*/config.json in {uri}", remedy="Check the URI."
    )


def register(folder: Path, *, run_name: str = "") -> str:
    """Log a model to the active run as a pyfunc from code and register it; returns its version.

    The pyfunc holds the folder itself and ``served.py``: no pickle, and the package has to be installed where it loads.
    """
    from .served import EXAMPLE, SIGNATURE

    info = mlflow.pyfunc.log_model(
        name="model",
        python_model=str(Path(__file__).with_name("served.py")),
        artifacts={"model": str(folder.resolve())},
        signature=SIGNATURE,
        input_example=EXAMPLE,
        pip_requirements=[f"detente=={version('detente')}"],
        registered_model_name=REGISTERED,
        metadata={"source": run_name or folder.name},
    )
    return str(info.registered_model_version)


@dataclass(frozen=True, slots=True)
class Promotion:
    """What was promoted, and how it compares with the champion before it, by set."""

    version: str
    previous_run: str | None
    differences: dict[str, PairedDifference]


def promote(run_id: str, *, force: bool = False) -> Promotion:
    """Make the model registered from a run the champion.

    Raises:
        DetenteError: no model was registered from the run; or, unless forced, it is worse than the champion on a set
            that both were evaluated on by more than the paired 95 % interval allows for, or there is no such set.
    """
    get_run(run_id)
    versions = mlflow.search_model_versions(filter_string=f"run_id='{run_id}'")
    if not versions:
        raise DetenteError(
            "a run from which a model was registered",
            found=f"none from run {run_id}",
            remedy="Run detente evaluate with --register.",
        )
    client = mlflow.MlflowClient()
    try:
        champion = client.get_model_version_by_alias(REGISTERED, CHAMPION)
    except MlflowException:
        champion = None  # the first one
    differences: dict[str, PairedDifference] = {}
    if champion is not None and champion.run_id != run_id:
        differences = _differences(str(champion.run_id), run_id)
        if not force:
            refuse_worse(differences, run_id)
    client.set_registered_model_alias(REGISTERED, CHAMPION, versions[0].version)
    previous = None if champion is None else str(champion.run_id)
    return Promotion(str(versions[0].version), previous, differences)


def _differences(champion: str, challenger: str) -> dict[str, PairedDifference]:
    before, after = recorded_predictions(champion), recorded_predictions(challenger)
    found = {}
    for name in sorted(before.keys() & after.keys()):
        (old_hash, old), (new_hash, new) = before[name], after[name]
        if old_hash != new_hash or not old.select(["sentence_id", "source", "target"]).equals(
            new.select(["sentence_id", "source", "target"])
        ):
            continue
        gold = np.array([STANCES.index(label) for label in old.column("gold").to_pylist()], dtype=np.int64)
        groups = np.unique(old.column("sentence_id").to_numpy(zero_copy_only=False), return_inverse=True)[1]
        found[name] = paired_difference(
            gold, probabilities_of(old, STANCES), probabilities_of(new, STANCES), groups.astype(np.int64)
        )
    return found


def refuse_worse(differences: dict[str, PairedDifference], run_id: str) -> None:
    """Raise where a run is worse than the champion beyond the interval on a set, or no set is common to both."""
    remedy = "Use --force to promote it all the same."
    if not differences:
        raise DetenteError(
            "a set on which both the champion and the new model were evaluated",
            found=f"none in run {run_id}",
            remedy=f"Evaluate both on the same file. {remedy}",
        )
    for name, difference in differences.items():
        if difference.macro_f1.high < 0:
            raise DetenteError(
                "a model that is no worse than the champion",
                found=f"macro F1 on {name} lower by {-difference.macro_f1.value:.3f} "
                f"[{-difference.macro_f1.high:.3f}, {-difference.macro_f1.low:.3f}]",
                remedy=remedy,
            )
