"""Labelled sentences as examples: what is known of them, how they are parted, and averages of models."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import torch
from detente.data.schema import STANCES, LabelledSentence
from detente.models.loading import load_model
from detente.training.examples import IGNORED, make_examples, split_folds
from hypothesis import given
from hypothesis import strategies as st


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


def test_pairs_that_are_not_listed(tiny_folder: Path) -> None:
    """Neutral where the labels have it, else unknown; for a teacher every pair is kept."""
    loaded = load_model(str(tiny_folder), device="cpu")
    record = {"id": "a", "text": "Oz met Ev.", "actors": {"O": [[0, 2]], "E": [[7, 9]]}, "stances": [["O", "E", "yes"]]}

    def labels_of(labels: tuple[str, ...], *, every_pair: bool) -> dict[tuple[int, int], int]:
        sentence = LabelledSentence.from_json(record, labels=("yes", "no", "neutral"))
        (example,) = make_examples([sentence], loaded.tokenizer, labels=labels, every_pair=every_pair)
        return dict(zip(example.encoded.pairs, example.pair_labels, strict=True))

    assert labels_of(("yes", "neutral"), every_pair=False) == {(0, 1): 0, (1, 0): 1}
    assert labels_of(("yes", "no"), every_pair=False) == {(0, 1): 0}
    assert labels_of(("yes", "no"), every_pair=True) == {(0, 1): 0, (1, 0): IGNORED}


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
