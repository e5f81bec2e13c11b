"""Labels without their texts, and together with them again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from detente.data.annotations import detach, join, read_texts
from detente.data.errors import DetenteError
from detente.data.schema import LabelledSentence
from hypothesis import given
from hypothesis import strategies as st

ARTICLE = "Rain fell. Kenya praised Peru; Peru said nothing. Fog followed."


def labelled(text: str, **fields: object) -> LabelledSentence:
    actors = {"KEN": [[0, 1]], "PER": [[len(text) - 1, len(text)]]}
    record = {"id": "s", "text": text, "actors": actors, "stances": [["KEN", "PER", "cooperative"]], **fields}
    return LabelledSentence.from_json(record)


def written(path: Path, annotations: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in annotations), encoding="utf-8")
    return path


@given(st.text(max_size=20), st.text(min_size=2, max_size=30), st.text(max_size=20))
def test_what_is_detached_joins_again(
    tmp_path_factory: pytest.TempPathFactory, before: str, text: str, after: str
) -> None:
    sentence = labelled(text, split="dev", ignore=[["PER", "KEN"]])
    texts = {"a": "something else", "b": before + text + after}
    annotations = list(detach([sentence], texts))
    assert "text" not in annotations[0]
    path = written(tmp_path_factory.mktemp("a") / "labels.jsonl", annotations)
    assert list(join(path, texts)) == [sentence]
    assert list(join(path, texts, split="train")) == []


def test_another_text_is_refused(tmp_path: Path) -> None:
    sentence = labelled("Kenya praised Peru; Peru said nothing.")
    path = written(tmp_path / "labels.jsonl", list(detach([sentence], {"b": ARTICLE})))
    with pytest.raises(
        DetenteError, match=r"labels\.jsonl:1: expected the text that was annotated, found another text"
    ):
        list(join(path, {"b": ARTICLE.replace("Rain", "Snow falls")}))
    with pytest.raises(DetenteError, match="found no article 'b'"):
        list(join(path, {"c": ARTICLE}))
    with pytest.raises(DetenteError, match="sentences that stand in the archive"):
        list(detach([sentence], {"c": "Nothing of it."}))


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "7",
        '{"article": "b"}',
        '{"article": "b", "span": [1], "sha256": ""}',
        '{"article": "b", "span": ["x", 2], "sha256": ""}',
    ],
)
def test_lines_that_are_no_annotations(tmp_path: Path, line: str) -> None:
    (tmp_path / "labels.jsonl").write_text(line)
    with pytest.raises(DetenteError, match=r"labels\.jsonl:1: expected an annotation"):
        list(join(tmp_path / "labels.jsonl", {"b": ARTICLE}))


def test_texts_by_id(tmp_path: Path) -> None:
    path = tmp_path / "archive.jsonl"
    path.write_text('{"id": 7, "text": "x"}\n\n{"id": "b", "text": "y"}\n')
    assert read_texts(path) == {"7": "x", "b": "y"}
    other = tmp_path / "other.jsonl"
    other.write_text('{"id": "c", "text": "z"}\n')
    assert read_texts(path, other) == {"7": "x", "b": "y", "c": "z"}
    other.write_text('{"id": "b", "text": "z"}\n')
    with pytest.raises(DetenteError, match=r"other\.jsonl:1: expected one text for an id"):
        read_texts(path, other)
    path.write_text('{"id": "b"}\n')
    with pytest.raises(DetenteError, match=r"archive\.jsonl:1: expected an object with id and text"):
        read_texts(path)
