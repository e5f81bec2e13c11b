"""Everything that is written to MLflow and read back from it."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from mlflow.entities import Metric, Param, Run
from mlflow.exceptions import MlflowException

from ..data.errors import DetenteError
from ..data.sources import LabelledSet
from .evaluate import Evaluation, mistakes
from .plots import confusion_plot, precision_recall_plot, reliability_plot

EXPERIMENT = "detente"
_PREDICTIONS = "predictions"
_VERSIONS = ("detente", "torch", "transformers", "scikit-learn", "numpy", "mlflow")
#: Mistakes beyond these, the least sure ones, are not listed in a run.
_MISTAKES_LISTED = 1_000


def use_store() -> None:
    """Use the store that ``MLFLOW_TRACKING_URI`` names, else ``mlflow.db`` in the working directory."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    # Nothing of ours is a pickle, so none is ever read.
    os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    local = "MLFLOW_TRACKING_URI" not in os.environ
    if local:
        mlflow.set_tracking_uri(f"sqlite:///{Path.cwd() / 'mlflow.db'}")
    if mlflow.get_experiment_by_name(EXPERIMENT) is None:
        place = (Path.cwd() / "mlruns").as_uri() if local else None
        mlflow.create_experiment(EXPERIMENT, artifact_location=place)
    mlflow.set_experiment(EXPERIMENT)


@contextmanager
def recorded_run(name: str, params: Mapping[str, Any], *, run_id: str | None = None) -> Iterator[str]:
    """A run with its parameters, package versions and git commit; gives its id.

    Args:
        run_id: go on with this run, if the store still holds it.
    """
    if run_id is not None:
        try:
            mlflow.get_run(run_id)
        except MlflowException:
            run_id = None
    with mlflow.start_run(run_id=run_id, run_name=name) as run:
        run_id = str(run.info.run_id)
        everything = {**params, **{f"version/{package}": version(package) for package in _VERSIONS}}
        # A run that goes on has them already, and MLflow lets none be changed.
        known = run.data.params
        new = [Param(_name(key), str(value)) for key, value in everything.items() if _name(key) not in known]
        mlflow.MlflowClient().log_batch(run_id, params=new)
        if commit := _git_commit():
            mlflow.set_tag("mlflow.source.git.commit", commit)
        yield run_id


@contextmanager
def continued_run(run_id: str) -> Iterator[None]:
    """Make a run that has ended the active one again."""
    with mlflow.start_run(run_id=run_id):
        yield


def log_evaluation(run_id: str, evaluation: Evaluation) -> None:
    """Metrics, tables, plots, predictions and the hash of the data, under the name of the set."""
    name = evaluation.data.name
    log_data(evaluation.data, context="evaluation")
    metrics = [Metric(key, value, 0, 0) for key, value in evaluation.metrics().items()]
    mlflow.MlflowClient().log_batch(run_id, metrics=metrics)
    listed = mistakes(evaluation.labelled)[:_MISTAKES_LISTED]
    mlflow.log_table(_columns([asdict(mistake) | _ends(mistake.dyad) for mistake in listed]), f"{name}/mistakes.json")
    mlflow.log_table(_columns([asdict(one) for one in evaluation.slices]), f"{name}/slices.json")
    if evaluation.swaps is not None:
        mlflow.log_table(_columns([asdict(one) for one in evaluation.swaps.shifts]), f"{name}/state_shifts.json")
    if evaluation.end_to_end is not None:
        errors = [
            {"sentence_id": sentence, "triple": triple, "kind": kind}
            for kind, triples in (
                ("missed", evaluation.end_to_end.misses),
                ("invented", evaluation.end_to_end.inventions),
            )
            for sentence, triple in triples
        ]
        mlflow.log_table(_columns(errors), f"{name}/triple_errors.json")
    labelled = evaluation.labelled
    for kind, plot in (
        ("confusion", confusion_plot),
        ("reliability", reliability_plot),
        ("precision_recall", precision_recall_plot),
    ):
        mlflow.log_figure(plot(labelled, name), f"{name}/{kind}.png")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.parquet"
        pq.write_table(_prediction_table(evaluation), path)
        mlflow.log_artifact(str(path), _PREDICTIONS)


def log_metrics(run_id: str, values: Mapping[str, float], *, step: int) -> None:
    """Several metrics at one step, in one write; what is not a finite number is left out."""
    now = int(time.time() * 1_000)
    metrics = [Metric(_name(key), value, now, step) for key, value in values.items() if isfinite(value)]
    mlflow.MlflowClient().log_batch(run_id, metrics=metrics)


def _name(text: str) -> str:
    """A name that MLflow takes: labels and file names of a user's own may hold anything."""
    return re.sub(r"[^\w\-. /]", "_", text, flags=re.ASCII)


def log_data(data: LabelledSet, *, context: str) -> None:
    """The set's name, place, hash and counts as an input of the run."""
    import pandas as pd

    frame = pd.DataFrame({"id": [s.id for s in data.sentences], "text": [s.text for s in data.sentences]})
    with warnings.catch_warnings():
        # MLflow warns that two of its classes could stand for a local path; both do.
        warnings.simplefilter("ignore")
        dataset = mlflow.data.from_pandas(  # type: ignore[attr-defined]
            frame, source=str(data.path), name=data.name, digest=data.sha256[:32]
        )
    mlflow.log_input(dataset, context=context)
    active = mlflow.active_run()
    known = mlflow.get_run(active.info.run_id).data.params if active else {}
    place = _name(f"{context}/{data.name}")
    if known.get(f"{place}/sha256", data.sha256) != data.sha256:
        place += f" {data.sha256[:8]}"  # another set of the same name
    if f"{place}/sha256" not in known:
        mlflow.log_params({f"{place}/sha256": data.sha256, f"{place}/sentences": len(data.sentences)})


def _ends(dyad: Sequence[str]) -> dict[str, str]:
    return {"dyad": " -> ".join(dyad)}


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows as columns, which is what ``log_table`` takes; one empty column where there are no rows."""
    return {key: [row[key] for row in rows] for key in rows[0]} if rows else {"none": []}


def _prediction_table(evaluation: Evaluation) -> pa.Table:
    labelled = evaluation.labelled
    columns: dict[str, Any] = {
        "sentence_id": [pair.sentence.id for pair in labelled.pairs],
        "source": [pair.dyad.source for pair in labelled.pairs],
        "target": [pair.dyad.target for pair in labelled.pairs],
        "gold": [pair.label for pair in labelled.pairs],
        **{f"p_{label}": labelled.probabilities[:, number] for number, label in enumerate(labelled.labels)},
    }
    return pa.table(columns).replace_schema_metadata({"sha256": evaluation.data.sha256})


def _git_commit() -> str:
    here = Path(__file__).parent
    try:
        done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=False)
    except OSError:  # no git on this machine
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def get_run(run_id: str) -> Run:
    """A run by its id.

    Raises:
        DetenteError: the store holds none.
    """
    try:
        return mlflow.get_run(run_id)
    except MlflowException as error:
        raise DetenteError(
            "the id of a run in the MLflow store",
            found=f"{run_id!r}, which {mlflow.get_tracking_uri()} does not hold",
            remedy="Check the id, or set MLFLOW_TRACKING_URI.",
        ) from error


def recorded_predictions(run_id: str) -> dict[str, tuple[str, pa.Table]]:
    """The predictions that a run's evaluations left: name of the set -> (hash of its file, table)."""
    found = {}
    for entry in mlflow.MlflowClient().list_artifacts(run_id, _PREDICTIONS):
        path = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=entry.path)
        table = pq.read_table(path)
        digest = (table.schema.metadata or {}).get(b"sha256", b"").decode()
        found[Path(entry.path).stem] = (digest, table)
    return found


def probabilities_of(table: pa.Table, labels: Sequence[str]) -> np.ndarray:
    """The probabilities of a predictions table, (pairs, labels)."""
    return np.stack([table.column(f"p_{label}").to_numpy() for label in labels], axis=1)
