from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from detente.data.errors import DetenteError
from detente.data.formats import Refused, newsmtsc
from detente.data.schema import LabelledSentence

TEXT = "Mayor Moss met Lund, and she thanked Moss."


def target(words: str, polarity: float, *further: str, start: int | None = None) -> dict[str, Any]:
    def place(mention: str, at: int | None = None) -> dict[str, Any]:
        begin = TEXT.index(mention) if at is None else at
        return {"from": begin, "to": begin + len(mention), "mention": mention}

    return {**place(words, start), "polarity": polarity, "further_mentions": [place(mention) for mention in further]}


def read(tmp_path: Path, *targets: dict[str, Any]) -> LabelledSentence | Refused:
    path = tmp_path / "mtsc.jsonl"
    path.write_text(json.dumps({"primary_gid": "g1", "sentence_normalized": TEXT, "targets": targets}) + "\n")
    (row,) = newsmtsc.read(path)
    return row


def kept(row: LabelledSentence | Refused) -> LabelledSentence:
    assert isinstance(row, LabelledSentence), row
    return row


def words(sentence: LabelledSentence) -> list[list[str]]:
    return [[sentence.text[span.start : span.end] for span in actor.mentions] for actor in sentence.actors]


def test_targets_are_actors_without_a_stance(tmp_path: Path) -> None:
    sentence = kept(read(tmp_path, target("Mayor Moss", 2.0), target("Lund", 6.0)))

    assert (sentence.id, sentence.partial, dict(sentence.stances)) == ("newsmtsc:g1", True, {})
    assert words(sentence) == [["Mayor Moss"], ["Lund"]]
    assert sentence.tags == ("polarity:negative:mayor-moss", "polarity:positive:lund")


def test_pronouns_are_no_mentions(tmp_path: Path) -> None:
    assert words(kept(read(tmp_path, target("Lund", 4.0, "she")))) == [["Lund"]]


def test_the_longest_of_overlapping_mentions_counts(tmp_path: Path) -> None:
    sentence = kept(read(tmp_path, target("Moss", 4.0, "Mayor Moss")))

    assert words(sentence) == [["Mayor Moss"]]


def test_a_target_listed_twice_counts_once(tmp_path: Path) -> None:
    sentence = kept(read(tmp_path, target("Lund", 4.0), target("Lund", 4.0)))

    assert words(sentence) == [["Lund"]]


@pytest.mark.parametrize(
    ("targets", "reason"),
    [
        ([target("she", 2.0)], "every target is a pronoun"),
        ([], "every target is a pronoun"),
        ([target("Lund", 5.0)], "the polarity is 5.0, not 2, 4 or 6"),
        ([target("Lund", 2.0), target("Lund", 6.0)], "one mention has two polarities"),
        ([target("Lund", 2.0, start=3)], "the mention 'Lund' is not at its offsets"),
    ],
)
def test_bad_rows_are_refused(tmp_path: Path, targets: list[dict[str, Any]], reason: str) -> None:
    row = read(tmp_path, *targets)

    assert isinstance(row, Refused)
    assert row.reason == reason


def test_another_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text("[1]\n")

    with pytest.raises(DetenteError, match=r"expected a NewsMTSC file.*found a first line no JSON object"):
        list(newsmtsc.read(path))
