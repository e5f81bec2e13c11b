from __future__ import annotations

from pathlib import Path

import pytest
from detente.data.errors import DetenteError
from detente.data.formats import Refused, dse
from detente.data.schema import LabelledSentence


def read(tmp_path: Path, *rows: tuple[str, str, str, str]) -> list[LabelledSentence | Refused]:
    path = tmp_path / "dse_toy.txt"
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    return list(dse.read(path))


def one(tmp_path: Path, *row: str) -> LabelledSentence:
    ((sentence),) = read(tmp_path, (row[0], row[1], row[2], row[3]))
    assert isinstance(sentence, LabelledSentence), sentence
    return sentence


def words(sentence: LabelledSentence) -> list[str]:
    return [sentence.text[span.start : span.end] for actor in sentence.actors for span in actor.mentions]


@pytest.mark.parametrize(
    ("code", "forth", "back"),
    [
        ("0", "neutral", "neutral"),
        ("1", "cooperative", "neutral"),
        ("2", "neutral", "cooperative"),
        ("3", "hostile", "neutral"),
        ("4", "neutral", "hostile"),
    ],
)
def test_class_gives_both_directions(tmp_path: Path, code: str, forth: str, back: str) -> None:
    sentence = one(tmp_path, "[Malta] spoke of [Tunis].", "Malta", "Tunis", code)

    assert sentence.text == "Malta spoke of Tunis."
    assert dict(sentence.pairs()) == {("malta", "tunis"): forth, ("tunis", "malta"): back}
    assert (sentence.id, sentence.partial, sentence.round, sentence.tags) == (
        "dse_toy:1",
        True,
        "dse",
        (f"class:{code}",),
    )


@pytest.mark.parametrize(
    ("bracketed", "p", "q", "mentions"),
    [
        ("[Senator]s met [Moreno'] friends.", "Senator", "Moreno'", ["Senators", "Moreno"]),
        ("[Moreno\u2019]s friends met [the Red]s\u2019 men.", "Moreno\u2019", "the Red", ["Moreno", "the Reds"]),
        ("[Congre]ss met [ Ban ] again.", "Congre", "Ban", ["Congress", "Ban"]),
        ("A [Malta]-backed group met [Tunis]Nobody.", "Malta", "Tunis", ["Malta", "Tunis"]),
        ("[U. S.] ships left [Crete] [sic].", "U. S.", "Crete", ["U. S.", "Crete"]),
    ],
)
def test_mentions_end_with_their_word(tmp_path: Path, bracketed: str, p: str, q: str, mentions: list[str]) -> None:
    assert words(one(tmp_path, bracketed, p, q, "0")) == mentions


def test_other_brackets_stay_in_the_text(tmp_path: Path) -> None:
    assert one(tmp_path, "[Malta] met [the] [Reds].", "Malta", "Reds", "0").text == "Malta met [the] Reds."


def test_q_may_stand_before_p(tmp_path: Path) -> None:
    sentence = one(tmp_path, "[Tunis] was praised by [Malta].", "Malta", "Tunis", "1")

    assert sentence.stances["malta", "tunis"] == "cooperative"  # type: ignore[index]


def test_equal_names_are_two_actors(tmp_path: Path) -> None:
    sentence = one(tmp_path, "[Moreno] is no friend of [Moreno].", "Moreno", "Moreno", "3")

    assert [actor.id for actor in sentence.actors] == ["moreno", "moreno-2"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("Malta met [Tunis].", "Malta", "Tunis", "0"), "the p is not in brackets in the sentence"),
        (("[Malta] met [].", "Malta", "", "0"), "the q is empty"),
        (("[Malta] met the nation[\u2019]s heart.", "Malta", "\u2019", "0"), "the target is marked on no words"),
        (
            ('"[Malta.""The] men met [Tunis]."', '"Malta.""The"', "Tunis", "0"),
            "a bracket runs over the end of a sentence",
        ),
        (("[Malta] met [Tunis].", "Malta", "Tunis", "7"), "the class is not one of 0 to 4"),
    ],
)
def test_bad_rows_are_refused(tmp_path: Path, row: tuple[str, str, str, str], reason: str) -> None:
    good = ("[Malta] met [Tunis].", "Malta", "Tunis", "1")

    kept, refused = read(tmp_path, good, row)

    assert isinstance(kept, LabelledSentence)
    assert isinstance(refused, Refused)
    assert refused.reason == reason
    assert refused.place.endswith("dse_toy.txt:2")


def test_another_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "other.txt"
    path.write_text("text\tlabel\n")

    with pytest.raises(
        DetenteError, match=r"expected a DSE file: .* found a first line of 2 cells that ends in 'label'"
    ):
        list(dse.read(path))
