"""What is drawn from an archive for a teacher to label."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from detente.data.schema import STANCES
from detente.inference.scorer import StanceScorer
from detente.models.loading import LoadedModel
from detente.training.material import Material, gather
from detente.training.unlabelled import draw_sentences

from .conftest import write_labelled_file


@pytest.fixture
def beside(tmp_path: Path) -> Material:
    learned = write_labelled_file(tmp_path / "learned.jsonl", sentences=6)
    dev = write_labelled_file(tmp_path / "dev.jsonl", sentences=6)
    dev.write_text(dev.read_text().replace("day", "May"))  # other sentences, with the actors in the same places
    return gather([str(learned)], dev=str(dev), labels=STANCES)


def archive(path: Path, texts: list[str]) -> str:
    path.write_text("".join(json.dumps({"id": str(n), "text": text}) + "\n" for n, text in enumerate(texts)))
    return str(path)


def test_different_sentences_are_drawn_whatever_their_order_and_number(
    tmp_path: Path, tiny: LoadedModel, beside: Material
) -> None:
    texts = [f"Kenya met Peru on day {number}." for number in range(40)]
    once = archive(tmp_path / "once.jsonl", [*texts, "Kenya slept."])
    often = archive(tmp_path / "often.jsonl", [*reversed(texts), *texts[::3], *texts[:10]])
    scorer = StanceScorer(tiny)
    drawn = draw_sentences([once], scorer=scorer, beside=beside, limit=15, seed=1)
    assert len({one.text for one in drawn}) == 15
    assert {one.text for one in drawn} < set(texts)
    again = draw_sentences([often], scorer=scorer, beside=beside, limit=15, seed=1)
    assert [one.text for one in again] == [one.text for one in drawn]
    other = draw_sentences([once], scorer=scorer, beside=beside, limit=15, seed=2)
    assert {one.text for one in other} != {one.text for one in drawn}
    assert len(draw_sentences([often], scorer=scorer, beside=beside, limit=100, seed=1)) == 40


def test_nothing_is_drawn_that_has_labels_or_is_measured_on(
    tmp_path: Path, tiny: LoadedModel, beside: Material
) -> None:
    labelled = [one.text for one in (*beside.sentences(), *beside.dev.sentences)]
    assert len(set(labelled)) == 12
    spaced = [text.replace(" ", "  ") for text in labelled]  # white space makes no other sentence
    new = [text.replace("day", "June") for text in labelled[:6]]
    path = archive(tmp_path / "news.jsonl", [*labelled, *spaced, *new])
    drawn = draw_sentences([path], scorer=StanceScorer(tiny), beside=beside, limit=100, seed=0)
    assert {one.text for one in drawn} == set(new)
