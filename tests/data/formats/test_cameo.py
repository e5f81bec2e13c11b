from __future__ import annotations

import json
from pathlib import Path

import pytest
from detente.data.errors import DetenteError
from detente.data.formats import Refused, cameo
from detente.data.formats.cameo import join_tokens
from detente.data.schema import LabelledSentence
from hypothesis import given
from hypothesis import strategies as st


def read(tmp_path: Path, tagged: str, penta: object) -> LabelledSentence | Refused:
    """Read one row, given as "Malta/B-S met Tunis/B-T ."; tokens without a tag are O."""
    cells = [token.rpartition("/") if token[1:-1].count("/") else (token, "/", "O") for token in tagged.split()]
    path = tmp_path / "cameo_st.jsonl"
    row = {"tokens": [cell[0] for cell in cells], "tags": [cell[2] for cell in cells], "penta": penta}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    (sentence,) = cameo.read(path)
    return sentence


def kept(row: LabelledSentence | Refused) -> LabelledSentence:
    assert isinstance(row, LabelledSentence), row
    return row


def words(sentence: LabelledSentence) -> list[list[str]]:
    return [[sentence.text[span.start : span.end] for span in actor.mentions] for actor in sentence.actors]


@pytest.mark.parametrize(("penta", "label"), [(1, "cooperative"), (2, "cooperative"), (3, "hostile"), (4, "hostile")])
def test_code_gives_the_stance_of_source_towards_target(tmp_path: Path, penta: int, label: str) -> None:
    sentence = kept(read(tmp_path, "The/B-S Reds/I-S wrote to Malta/B-T 's/I-T king/I-T .", penta))

    assert sentence.text == "The Reds wrote to Malta's king."
    assert words(sentence) == [["The Reds"], ["Malta's king"]]
    assert dict(sentence.pairs()) == {("the-reds", "malta-s-king"): label}
    assert (sentence.id, sentence.partial, sentence.tags) == ("cameo_st:1", True, (f"penta:{penta}",))


@pytest.mark.parametrize(("penta", "tag"), [(0, "penta:0"), (None, "penta:null")])
def test_statements_and_unknown_codes_keep_the_actors_without_a_stance(
    tmp_path: Path, penta: int | None, tag: str
) -> None:
    sentence = kept(read(tmp_path, "Malta/B-S urged Tunis/B-T to wait .", penta))

    assert words(sentence) == [["Malta"], ["Tunis"]]
    assert list(sentence.pairs()) == []
    assert sentence.tags == (tag,)


def test_the_code_holds_for_each_pair_of_several_actors(tmp_path: Path) -> None:
    sentence = kept(read(tmp_path, "Malta/B-S and Crete/B-S shelled Tunis/B-T and Sfax/B-T .", 4))

    assert set(sentence.stances) == {("malta", "tunis"), ("malta", "sfax"), ("crete", "tunis"), ("crete", "sfax")}


def test_equal_words_are_mentions_of_one_actor(tmp_path: Path) -> None:
    sentence = kept(read(tmp_path, "Malta/B-S shelled Tunis/B-T , and Tunis/B-T fell .", 4))

    assert words(sentence) == [["Malta"], ["Tunis", "Tunis"]]


def test_other_tags_are_outside_and_an_inside_tag_may_begin(tmp_path: Path) -> None:
    sentence = kept(read(tmp_path, "Crete/B-R and Malta/B-T 's/I-S king/I-S met .", 1))

    assert words(sentence) == [["'s king"], ["Malta"]]


def test_hidden_mediation_is_relabelled(tmp_path: Path) -> None:
    sentence = kept(read(tmp_path, "Malta/B-S offered to mediate between Tunis/B-T and Sfax/B-T .", 1))

    assert set(sentence.stances.values()) == {"mediating"}
    assert sentence.tags == ("penta:1", "relabelled")


@pytest.mark.parametrize(
    ("tagged", "penta", "reason"),
    [
        ("Malta/B-R met .", 1, "neither a source nor a target is marked"),
        ("Malta/B-S met .", 9, "the penta code is 9, not 0 to 4 or null"),
        ("Malta/B-S met '/B-T .", 1, "the target is marked on no words"),
    ],
)
def test_bad_rows_are_refused(tmp_path: Path, tagged: str, penta: int, reason: str) -> None:
    row = read(tmp_path, tagged, penta)

    assert isinstance(row, Refused)
    assert row.reason == reason


def test_tokens_without_tags_are_refused_and_another_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "cameo.jsonl"
    path.write_text('{"tokens": ["a", "b"], "tags": ["O"], "penta": 1}\n{"tokens": 3}\nno json\n')

    reasons = [row.reason for row in cameo.read(path) if isinstance(row, Refused)]

    assert reasons[:2] == ["2 tokens but 1 tags", "the line is without a proper 'tokens' and 'tags'"]
    assert reasons[2].startswith("the line is no JSON")
    path.write_text('{"words": []}\n')
    with pytest.raises(DetenteError, match=r"expected a CAMEO S/T file: JSON objects with tokens, tags, found"):
        list(cameo.read(path))


@pytest.mark.parametrize(
    "sentence",
    [
        "It cost $5.3 million, or 20,000 (at most 30%).",
        "On June 5, 2016, at 12:30, pro-Red troops left.",
        "The unions' plan didn't please Malta's king.",
        "He called them 'old men' and left.",
        "They\u2019re the kings\u2019 men, said \u201cMoss\u201d.",
        "Bjorg said she isn't the charge d'affaires.",
        "Jos\u00e9 Go\u00f1i and Andr\u00e9s L\u00f3pez met.",
        'He called it "war" and left.',
        "The U.S. and/or the U.N.-backed side won.",
    ],
)
def test_sentences_are_written_as_they_were(sentence: str) -> None:
    text, _ = join_tokens(cut(sentence))

    assert text == sentence


def cut(sentence: str) -> list[str]:
    """Cut as the set does: at everything but ASCII letters and digits, known abbreviations and 's apart."""
    import re

    return re.findall(r"U\.S\.|U\.N\.|(?<=[a-z])'s|n't|[A-Za-z0-9]+?(?=n't)|[A-Za-z0-9]+|[^\sA-Za-z0-9]", sentence)


@given(st.lists(st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=5), min_size=1))
def test_every_token_stands_at_its_place(tokens: list[str]) -> None:
    text, places = join_tokens(tokens)

    assert [text[place.start : place.end] for place in places] == tokens
    assert text.replace(" ", "") == "".join(tokens)
