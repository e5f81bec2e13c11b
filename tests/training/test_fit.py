"""Training by the plain loop: it learns, it is repeatable, and it leaves a record."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import torch
from detente.data.labelled import read_labelled
from detente.data.schema import STANCES, LabelledSentence
from detente.models.loading import load_model
from detente.training.examples import IGNORED, make_examples, split_folds
from detente.training.fit import FitSettings, fit
from hypothesis import given
from hypothesis import strategies as st

from .conftest import write_labelled_file


def trained(tiny_folder: Path, data: Path, seed: int, epochs: int = 2) -> dict[str, torch.Tensor]:
    loaded = load_model(str(tiny_folder), device="cpu", dtype=torch.float32)
    examples = make_examples(list(read_labelled(data)), loaded.tokenizer, labels=STANCES)
    settings = FitSettings(epochs=epochs, learning_rate=1e-3, seed=seed)
    fit(loaded.model, examples, pad_id=loaded.pad_id, settings=settings, log=False)
    return dict(loaded.model.state_dict())


def test_the_seed_decides_the_weights(tiny_folder: Path, labelled_file: Path) -> None:
    first, again, other = (trained(tiny_folder, labelled_file, seed) for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_training_from_the_command_line(tiny_folder: Path, tmp_path: Path) -> None:
    data = write_labelled_file(tmp_path / "train.jsonl", sentences=60)
    dev = write_labelled_file(tmp_path / "dev.jsonl", sentences=30, extra=" It rained.")
    out = tmp_path / "model"
    command = [sys.executable, "-m", "detente.training.fit", "--start", tiny_folder, "--out", out]
    options = ["--hold-out", f"{data}:2", "--dev", dev, "--calibrate", dev, "--epochs", "1", "--learning-rate", "1e-3"]
    done = subprocess.run([*map(str, command), *map(str, options)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # Two pairs a sentence, both directions, of each sentence that was learned from or held out.
    assert f"{dev} 60 pairs: accuracy" in done.stdout
    assert f"{data}:2, held-out fifth" in done.stdout
    record = json.loads((out / "training.json").read_text())
    digest = hashlib.sha256(data.read_bytes()).hexdigest()
    assert record["data/train.jsonl"] == f"four fifths of sha256 {digest[:16]}, 2 times"
    assert (record["start"], record["epochs"]) == (str(tiny_folder), 1)
    model = load_model(str(out), device="cpu")
    assert model.version != load_model(str(tiny_folder), device="cpu").version
    assert model.model.config.calibration_temperature != 1.0


def test_of_a_partial_sentence_only_words_in_mentions_are_tagged(tiny_folder: Path) -> None:
    loaded = load_model(str(tiny_folder), device="cpu")
    record = {"id": "a", "text": "Oz met Ev.", "actors": {"O": [[0, 2]], "E": [[7, 9]]}, "stances": []}
    full, partial = (
        make_examples([LabelledSentence.from_json(record | more)], loaded.tokenizer, labels=STANCES)[0]
        for more in ({}, {"partial": True})
    )
    # One piece a letter between the two special ones: O z m e t E v .
    assert full.tags == (IGNORED, 1, 2, 0, 0, 0, 1, 2, 0, IGNORED)
    assert partial.tags == (IGNORED, 1, 2, IGNORED, IGNORED, IGNORED, 1, 2, IGNORED, IGNORED)
    assert (len(full.pair_labels), len(partial.pair_labels)) == (2, 0)


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=30))
def test_folds_part_the_texts(texts: list[str]) -> None:
    sentences = [
        LabelledSentence.from_json({"id": str(n), "text": text, "actors": {}, "stances": []})
        for n, text in enumerate(texts)
    ]
    held: list[LabelledSentence] = []
    for fold in range(5):
        kept, out = split_folds(sentences, fold=fold)
        assert not {one.text for one in kept} & {one.text for one in out}
        assert len(kept) + len(out) == len(sentences)
        held += out
    assert sorted(one.id for one in held) == sorted(one.id for one in sentences)


def test_the_average_lies_half_way(tiny_folder: Path, labelled_file: Path, tmp_path: Path) -> None:
    moved = load_model(str(tiny_folder), device="cpu", dtype=torch.float32)
    with torch.no_grad():
        for weight in moved.model.parameters():
            weight.add_(2.0)
    moved.model.save_pretrained(tmp_path / "moved")
    moved.tokenizer.save(str(tmp_path / "moved" / "tokenizer.json"))
    command = [sys.executable, "-m", "detente.training.average", tiny_folder, tmp_path / "moved"]
    options = ["--out", tmp_path / "out", "--calibrate", labelled_file]
    subprocess.run([*map(str, command), *map(str, options)], check=True)
    original = load_model(str(tiny_folder), device="cpu", dtype=torch.float32).model.state_dict()
    averaged = load_model(str(tmp_path / "out"), device="cpu", dtype=torch.float32).model.state_dict()
    # Saved in half precision: three digits.
    assert all(torch.allclose(averaged[name], original[name] + 1.0, atol=2e-2) for name in original)
