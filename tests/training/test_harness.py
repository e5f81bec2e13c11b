"""The harness as a user meets it: the commands, a real MLflow store on SQLite, a real browser for the page."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pandas as pd
import pytest
import torch
from detente.data.errors import DetenteError
from detente.models.loading import load_model
from detente.training.registry import promote, resolve_model
from detente.training.tracking import EXPERIMENT, recorded_predictions

from .conftest import write_labelled_file


def detente(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    command = [sys.executable, "-m", "detente", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def run_id(output: str) -> str:
    return output.rpartition("MLflow run ")[2].split()[0]


@pytest.fixture(scope="module")
def other_folder(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with another last layer, so that its answers differ."""
    folder = tmp_path_factory.mktemp("other")
    loaded = load_model(str(tiny_folder), device="cpu", dtype=torch.float32)
    torch.manual_seed(7)
    torch.nn.init.normal_(loaded.model.pair_head.out.weight, std=0.4)
    loaded.model.save_pretrained(folder)
    loaded.tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "training.json").write_text('{"epochs": 4}')
    return folder


@pytest.fixture(scope="module")
def evaluated(
    tiny_folder: Path, other_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, str, str]]:
    """A working directory with a store in which both models were evaluated and registered, and their runs."""
    folder = tmp_path_factory.mktemp("work")
    write_labelled_file(folder / "gold.jsonl")
    runs = []
    for model in (tiny_folder, other_folder):
        done = detente(folder, "evaluate", model, "gold.jsonl", "--register", "--resamples", "100")
        assert done.returncode == 0, done.stderr
        runs.append(run_id(done.stdout))
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    mlflow.set_experiment(EXPERIMENT)
    yield folder, runs[0], runs[1]
    mlflow.set_tracking_uri(before)


def test_an_evaluation_leaves_its_record(evaluated: tuple[Path, str, str], tiny_folder: Path) -> None:
    _, first, _ = evaluated
    run = mlflow.get_run(first)
    metrics, params = run.data.metrics, run.data.params
    # 24 sentences of two actors: 24 labelled pairs and the 24 the other way round.
    assert metrics["gold/pairs"] == 48
    assert metrics["gold/macro_f1_low"] <= metrics["gold/macro_f1"] <= metrics["gold/macro_f1_high"]
    assert {"gold/swap_invariance", "gold/end_to_end_triple_f1", "gold/average_precision_mediating"} <= metrics.keys()
    assert params["model"] == str(tiny_folder)
    assert params["version/torch"] == torch.__version__
    assert len(params["evaluation/gold/sha256"]) == 64
    assert run.inputs is not None
    assert [entry.dataset.name for entry in run.inputs.dataset_inputs] == ["gold"]
    names = {entry.path for entry in mlflow.MlflowClient().list_artifacts(first, "gold")}
    assert {"gold/confusion.png", "gold/mistakes.json", "gold/slices.json", "gold/state_shifts.json"} <= names
    wrong = mlflow.load_table("gold/mistakes.json", run_ids=[first])
    _, table = recorded_predictions(first)["gold"]
    columns = [f"p_{label}" for label in ("cooperative", "hostile", "mediating", "neutral")]
    said = table.select(columns).to_pandas().idxmax(axis=1).str.removeprefix("p_")
    assert len(wrong) == int((said != table.column("gold").to_pandas()).sum())


def test_a_registered_model_answers_as_the_folder_does(evaluated: tuple[Path, str, str], tiny_folder: Path) -> None:
    _, first, _ = evaluated
    (version,) = mlflow.search_model_versions(filter_string=f"run_id='{first}'")
    served = mlflow.pyfunc.load_model(f"models:/{version.name}/{version.version}")
    texts = ["Kenya shelled Peru.", "Nobody came."]
    answer = served.predict(pd.DataFrame({"text": texts}))
    assert len(answer) == 2
    assert answer["stances"][1] == "[]"
    folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=f"models:/{version.name}/{version.version}"))
    assert not [path for path in folder.rglob("*") if path.suffix in (".pkl", ".pickle", ".bin")]
    assert (
        resolve_model(first).folder.joinpath("model.safetensors").read_bytes()
        == (tiny_folder / "model.safetensors").read_bytes()
    )


def test_the_champion_is_not_replaced_by_a_worse_model(evaluated: tuple[Path, str, str]) -> None:
    _, first, second = evaluated
    better, worse = sorted(
        (first, second), key=lambda run: mlflow.get_run(run).data.metrics["gold/macro_f1"], reverse=True
    )
    assert promote(better).previous_run is None
    (difference,) = promote(worse, force=True).differences.values()
    assert difference.macro_f1.value < 0
    promote(better)
    assert resolve_model("models:/detente@champion").folder.is_dir()
    if difference.macro_f1.high < 0:
        with pytest.raises(DetenteError, match="expected a model that is no worse than the champion"):
            promote(worse)
    with pytest.raises(DetenteError, match="expected the id of a run in the MLflow store"):
        promote("0" * 32)


def test_two_models_compared_on_a_page(
    evaluated: tuple[Path, str, str], tiny_folder: Path, other_folder: Path, tmp_path: Path
) -> None:
    folder, first, _ = evaluated
    hostile = write_labelled_file(tmp_path / "x.jsonl", extra=" <script>document.title='hacked'</script>")
    page = tmp_path / "page.html"
    done = detente(folder, "compare", first, other_folder, "--data", hostile, "--page", page, "--resamples", "100")
    assert done.returncode == 0, done.stderr
    assert "McNemar p" in done.stdout or "as right or as wrong" in done.stdout
    html = page.read_text(encoding="utf-8")
    assert "<script>" not in html
    assert "train/epochs" in html
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no browser on this machine")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    shown = subprocess.run(
        [browser, *flags, *quiet, "--dump-dom", page.as_uri()], capture_output=True, text=True, check=True, timeout=120
    )
    assert "hacked</title>" not in shown.stdout
    assert "&lt;script&gt;" in shown.stdout


def test_a_baseline_learns_from_what_it_is_not_scored_on(tmp_path: Path) -> None:
    write_labelled_file(tmp_path / "train.jsonl", sentences=60)
    write_labelled_file(tmp_path / "gold.jsonl", sentences=30, extra=" It rained.")
    alone = detente(tmp_path, "evaluate", "bag-of-words", "gold.jsonl")
    assert alone.returncode == 2
    assert "expected sets that the baseline learns from" in alone.stderr
    scores = {}
    for baseline in ("majority", "bag-of-words"):
        done = detente(tmp_path, "evaluate", baseline, "gold.jsonl", "--train", "train.jsonl", "--resamples", "100")
        assert done.returncode == 0, done.stderr
        mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
        scores[baseline] = mlflow.get_run(run_id(done.stdout)).data.metrics["gold/macro_f1"]
    # A set may be learned from and scored, each fold on its own side.
    folds = detente(
        tmp_path, "evaluate", "majority", "train.jsonl", "--train", "train.jsonl", "--fold", "0", "--resamples", "100"
    )
    assert folds.returncode == 0, folds.stderr
    # What is scored is left out of what is learned: of the set itself nothing stays.
    itself = detente(tmp_path, "evaluate", "bag-of-words", "gold.jsonl", "--train", "gold.jsonl")
    assert itself.returncode == 2
    assert "expected sets that the baseline learns from" in itself.stderr
    # The verb tells the label: words must find it, and the commonest label alone has F1 on one of four labels.
    assert scores["bag-of-words"] > 0.9
    assert scores["majority"] < 0.25


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("evaluate", "nothing", "gold.jsonl"), "expected a model: small or a folder"),
        (("evaluate", "small", "none.jsonl"), "found no file none.jsonl"),
        (("compare", "small", "--data", "gold.jsonl"), "expected at least two models, found one"),
        (("promote", "0" * 32), "expected the id of a run in the MLflow store"),
        (("evaluate", "models:/detente/99", "gold.jsonl"), "expected an MLflow URI of a model"),
    ],
)
def test_bad_usage_ends_with_a_message(
    evaluated: tuple[Path, str, str], arguments: tuple[str, ...], message: str
) -> None:
    done = detente(evaluated[0], *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
