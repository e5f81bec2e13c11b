"""Training as a user meets it: from a labelled file to a model; killed and resumed; with labels of one's own."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import pytest
import torch
from detente.data.errors import DetenteError
from detente.data.sources import read_set
from detente.models.loading import load_model
from detente.models.stance import StanceModel
from detente.training.config import read_config
from detente.training.examples import only_fold
from detente.training.material import gather
from safetensors.torch import load_file
from transformers import PreTrainedTokenizerFast

from ..conftest import make_config, make_tokenizer
from .conftest import write_labelled_file

SETTINGS = """
epochs: 40
patience: 9
learning_rate: 1.0e-3
evaluations: 6
augmentation: {swap: 0.4, exchange: 0.2, mask: 0.1}
"""


def start(folder: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "OMP_NUM_THREADS": "1"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    command = [sys.executable, "-m", "detente", *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True)


def run(folder: Path, *arguments: str | Path) -> tuple[int, str, str]:
    process = start(folder, *arguments)
    out, err = process.communicate()
    return process.returncode, out, err


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model with the small weights with which training begins."""
    folder = tmp_path_factory.mktemp("fresh")
    torch.manual_seed(1)
    StanceModel(make_config()).save_pretrained(folder)
    make_tokenizer().save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("train")
    write_labelled_file(folder / "data.jsonl", sentences=90)
    write_labelled_file(folder / "dev.jsonl", sentences=30, extra=" It rained.")
    (folder / "settings.yaml").write_text(SETTINGS)
    return folder


@pytest.fixture(scope="module")
def trained(work: Path, fresh: Path) -> Path:
    """A model that was trained in one go."""
    arguments = ("--start", fresh, "--config", "settings.yaml", "--data", "data.jsonl", "--dev", "dev.jsonl")
    code, out, err = run(work, "train", *arguments, "--out", "whole")
    assert code == 0, err
    assert "before: accuracy" in out
    assert "after: accuracy" in out
    return work / "whole"


def test_training_learns_and_is_recorded(trained: Path, fresh: Path, work: Path) -> None:
    assert sorted(path.name for path in trained.iterdir()) == sorted(
        ["README.md", "config.json", "model.safetensors", "tokenizer.json", "training.json"]
    )
    record = json.loads((trained / "training.json").read_text())
    weights = hashlib.sha256((fresh / "model.safetensors").read_bytes()).hexdigest()
    assert record["start/weights"] == f"{fresh.name} {weights[:16]}"
    mlflow.set_tracking_uri(f"sqlite:///{work / 'mlflow.db'}")
    recorded = mlflow.get_run(record["run"])
    assert recorded.data.params["learning_rate"] == "0.001"
    assert recorded.data.metrics["after/macro_f1"] > 0.8
    history = mlflow.MlflowClient().get_metric_history(record["run"], "eval_macro_f1")
    assert len(history) >= 4
    assert history[-1].value > history[0].value
    assert recorded.inputs is not None
    assert {one.dataset.name for one in recorded.inputs.dataset_inputs} == {"data", "dev"}
    loaded = load_model(str(trained), device="cpu")
    assert loaded.version != load_model(str(fresh), device="cpu").version
    assert loaded.model.config.calibration_temperature != 1.0
    card = (trained / "README.md").read_text()
    assert "| data (detente) | 90 | 1 |" in card


def test_a_killed_run_ends_as_if_it_had_not_been(work: Path, trained: Path, fresh: Path) -> None:
    arguments = ("--start", fresh, "--config", "settings.yaml", "--data", "data.jsonl", "--dev", "dev.jsonl")
    process = start(work, "train", *arguments, "--out", "killed")
    deadline = time.monotonic() + 120
    while not list((work / "killed" / "checkpoints").glob("checkpoint-*/trainer_state.json")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (work / "killed" / "model.safetensors").exists()

    code, _, err = run(work, "train", *arguments, "--seed", "9", "--out", "killed")
    assert code == 2
    assert "seed: 0 before, 9 now" in err

    # A checkpoint that the kill left half written is passed over.
    half = work / "killed" / "checkpoints" / "checkpoint-9999"
    half.mkdir()
    (half / "model.safetensors").write_bytes(b"half")

    code, out, err = run(work, "train", *arguments, "--out", "killed")
    assert code == 0, err
    assert "going on from checkpoint-" in out
    whole, resumed = (load_file(work / name / "model.safetensors") for name in ("whole", "killed"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)

    code, _, err = run(work, "train", *arguments, "--out", "killed")
    assert code == 2
    assert "expected a folder without a trained model" in err


def test_a_student_learns_from_its_teacher_alone(work: Path, trained: Path, fresh: Path) -> None:
    """Text without labels and a teacher that knows them: the student ends up closer to the teacher than it began."""
    texts = [json.loads(line)["text"] for line in (work / "data.jsonl").read_text().splitlines()]
    (work / "news.jsonl").write_text("".join(json.dumps({"id": str(n), "text": t}) + "\n" for n, t in enumerate(texts)))
    arguments = ("--student", "settings.yaml", "--start", fresh, "--unlabelled", "news.jsonl")
    code, out, err = run(work, "distil", "--teacher", trained, *arguments, "--dev", "dev.jsonl", "--out", "student")
    assert code == 0, err
    assert "0 labelled sentences, 90 unlabelled" in out
    before, after = (
        float(next(line for line in out.splitlines() if line.startswith(word)).split("macro F1 ")[1].split()[0])
        for word in ("before", "after")
    )
    assert after > before + 0.2


def test_a_teacher_labels_reworded_copies(work: Path, trained: Path, fresh: Path) -> None:
    worded = work / "worded"
    shutil.copytree(fresh, worded)
    make_tokenizer("signed", "treaty", "shelled", "offered", "day").save(str(worded / "tokenizer.json"))
    (work / "reword.yaml").write_text(f"distillation: {{reworded: 1}}\n{SETTINGS}")
    arguments = ("--student", "reword.yaml", "--start", worded, "--data", "data.jsonl", "--dev", "dev.jsonl")
    code, out, err = run(work, "distil", "--teacher", trained, *arguments, "--out", "reworded")
    assert code == 0, err
    assert "90 labelled sentences, 0 unlabelled" in out
    assert "90 reworded, for the teachers to label" in out
    assert "will label 180 sentences" in out


def test_labels_of_ones_own(work: Path, fresh: Path) -> None:
    lines = [json.loads(line) for line in (work / "data.jsonl").read_text().splitlines()]
    for line in lines:
        line["stances"] = [
            [a, b, {"cooperative": "yes", "hostile": "no"}.get(label, "no")] for a, b, label in line["stances"]
        ]
    (work / "own.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (work / "own.yaml").write_text("labels: [yes_, 'no']\n".replace("yes_", "'yes'") + SETTINGS)
    arguments = ("--start", fresh, "--config", "own.yaml", "--data", "own.jsonl", "--out", "own")
    code, out, err = run(work, "train", *arguments)
    assert code == 0, err
    assert "after: accuracy" in out
    assert "(yes " in out
    assert load_model(str(work / "own"), device="cpu").model.config.stances == ["yes", "no"]
    code, _, err = run(work, "train", "--start", fresh, "--data", "own.jsonl", "--out", "other")
    assert code == 2
    assert "expected a label out of cooperative, hostile, mediating, neutral" in err


def test_a_model_that_is_learned_from_is_not_overwritten(trained: Path, work: Path) -> None:
    before = (trained / "model.safetensors").read_bytes()
    for start in ("whole", "no-such-model"):
        arguments = ("--start", start, "--data", "data.jsonl", "--dev", "dev.jsonl", "--out", "whole", "--overwrite")
        assert run(work, "train", *arguments)[0] == 2
    assert (trained / "model.safetensors").read_bytes() == before


def test_what_is_measured_on_is_not_learned(tmp_path: Path) -> None:
    data = write_labelled_file(tmp_path / "data.jsonl", sentences=50)
    shouted = tmp_path / "dev.jsonl"
    shouted.write_text("\n".join(data.read_text().splitlines()[:7]) + "\n")
    from detente.data.schema import STANCES

    material = gather([f"{data}:2"], dev=str(shouted), labels=STANCES)
    assert material.kept_out == 7
    assert len(material.sentences()) == 2 * 43
    assert not {s.text for s in material.sentences()} & {s.text for s in material.dev.sentences}
    half = gather([f"{data}:0.5"], dev=str(shouted), labels=STANCES)
    assert 10 < len(half.sentences()) < 34
    share = gather([str(data)], hold_out=[f"{data}:0.2"], dev=str(shouted), labels=STANCES)
    fifth = only_fold(read_set(str(data)), 0, held_out=True)
    assert not {s.text for s in share.sentences()} & {s.text for s in fifth.sentences}
    parted = gather([str(data)], hold_out=[str(data)], labels=STANCES)
    # The texts of the fifth that is held out of the one are not learned through the other.
    assert len({s.text for s in parted.sentences()}) < 50 - len(parted.dev.sentences)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch: 3", "epoch"),
        ("epochs: 0", "epochs to be valid"),
        ("augmentation: {swop: 0.1}", "augmentation.swop"),
        ("- 3", "expected a mapping from settings to values, found list"),
        ("epochs: [", "expected YAML"),
    ],
)
def test_settings_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(text)
    with pytest.raises(DetenteError, match=message):
        read_config(str(path))


def test_the_settings_of_the_package_are_valid() -> None:
    assert read_config("finetune").start == "small"
    assert read_config("small").augmentation.swap > 0
    with pytest.raises(DetenteError, match="one of finetune, refine, small, teacher"):
        read_config("smal")


def test_frozen_layers_stay_as_they_were(work: Path, fresh: Path) -> None:
    (work / "frozen.yaml").write_text("epochs: 2\nlearning_rate: 1.0e-3\nevaluations: 2\nfrozen_layers: 1\n")
    arguments = ("--start", fresh, "--config", "frozen.yaml", "--data", "data.jsonl", "--dev", "dev.jsonl")
    code, _, err = run(work, "train", *arguments, "--out", "frozen")
    assert code == 0, err
    before = load_file(fresh / "model.safetensors")
    after = load_file(work / "frozen" / "model.safetensors")
    changed = {name for name in before if not torch.equal(before[name].half(), after[name])}
    assert any("layer.1." in name for name in changed)
    assert not [name for name in changed if "embeddings" in name or "layer.0." in name]
    (work / "frozen.yaml").write_text("frozen_layers: 2\n")
    code, _, err = run(work, "train", *arguments, "--out", "none-left")
    assert code == 2
    assert "expected layers that can be frozen, found 2 to freeze of 2" in " ".join(err.split())


def test_a_pretrained_encoder_gets_new_heads(work: Path, fresh: Path, tmp_path: Path) -> None:
    encoder = tmp_path / "tiny-bert"
    load_model(str(fresh), device="cpu", dtype=torch.float32).model.encoder.save_pretrained(encoder)
    PreTrainedTokenizerFast(tokenizer_object=make_tokenizer(), pad_token="[PAD]").save_pretrained(encoder)
    (work / "short.yaml").write_text("epochs: 2\nlearning_rate: 1.0e-3\nevaluations: 2\n")
    arguments = ("--start", f"encoder:{encoder}", "--config", "short.yaml", "--data", "data.jsonl")
    code, out, err = run(work, "train", *arguments, "--dev", "dev.jsonl", "--out", "from-encoder")
    assert code == 0, err
    assert "before" not in out
    record = json.loads((work / "from-encoder" / "training.json").read_text())
    weights = hashlib.sha256((encoder / "model.safetensors").read_bytes()).hexdigest()
    # Which encoder it was is told, not where it lay.
    assert (record["start"], record["start/weights"]) == ("encoder:tiny-bert", f"tiny-bert {weights[:16]}")
    code, _, err = run(work, "train", "--start", "encoder:./none", "--data", "data.jsonl", "--out", "nothing")
    assert code == 2
    assert "expected the folder of an encoder, found no folder ./none" in " ".join(err.split())


def test_nothing_to_learn_from(work: Path, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text(json.dumps({"id": "1", "text": "Nobody is in this sentence."}) + "\n")
    dev = ("--dev", work / "dev.jsonl", "--out", "new")
    for arguments, expected in {
        ("train", *dev): "at least one labelled set",
        ("train", "--data", work / "dev.jsonl", *dev): "sentences to learn from",
        ("distil", "--teacher", trained, "--unlabelled", "empty.jsonl", *dev): "sentences to learn from",
        ("distil", "--teacher", trained, "--unlabelled", "empty.jsonl", "--out", "new"): "at least one labelled set",
    }.items():
        code, _, err = run(tmp_path, *arguments)
        assert code == 2
        assert f"expected {expected}" in err
