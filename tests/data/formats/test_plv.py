from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from detente.data.errors import DetenteError
from detente.data.formats import READERS, PublicSet, Refused, plv
from detente.data.schema import LabelledSentence

HEADER = "sentence_id\tsentence\tmarked_sentence\tsource\ttarget\tgold_penta\tgold_root\n"

Read = Callable[..., list[LabelledSentence | Refused]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read rows of (id, marked sentence, penta, root)."""

    def reader(*rows: tuple[str, str, str, str]) -> list[LabelledSentence | Refused]:
        path = tmp_path / "plv.tsv"
        cells = (f"{row_id}\t-\t{marked}\t-\t-\t{penta}\t{root}\n" for row_id, marked, penta, root in rows)
        path.write_text(HEADER + "".join(cells), encoding="utf-8")
        return list(plv.read(path))

    return reader


def the_sentence(rows: list[LabelledSentence | Refused]) -> LabelledSentence:
    (row,) = rows
    assert isinstance(row, LabelledSentence), row
    return row


def words(sentence: LabelledSentence) -> list[list[str]]:
    return [[sentence.text[span.start : span.end] for span in actor.mentions] for actor in sentence.actors]


@pytest.mark.parametrize(
    ("penta", "label"), [("1", "cooperative"), ("2", "cooperative"), ("3", "hostile"), ("4", "hostile")]
)
def test_penta_code_gives_the_stance_of_source_towards_target(read: Read, penta: str, label: str) -> None:
    sentence = the_sentence(read(("7", "<s>Malta</s> answered <t>the port of Tunis</t>.", penta, "X")))

    assert sentence.id == "plv:7"
    assert sentence.text == "Malta answered the port of Tunis."
    assert words(sentence) == [["Malta"], ["the port of Tunis"]]
    assert list(sentence.pairs()) == [(("malta", "the-port-of-tunis"), label)]
    assert sentence.partial
    assert sentence.round == "plv"
    assert sentence.tags == ("root:X", f"penta:{penta}")


def test_the_other_direction_is_unknown(read: Read) -> None:
    sentence = the_sentence(read(("1", "<t>Oslo</t> was bombed by <s>the League</s>.", "4", "ASSAULT")))

    assert dict(sentence.pairs()) == {("the-league", "oslo"): "hostile"}


def test_repeated_marks_are_mentions_of_one_actor(read: Read) -> None:
    sentence = the_sentence(
        read(("1", "<s>Chile</s> lent money to <t>Peru</t>, and <t>Peru</t>'s bank took it.", "2", "AID"))
    )

    assert words(sentence) == [["Chile"], ["Peru", "Peru"]]


def test_spaces_inside_a_mark_and_a_possessive_are_left_out(read: Read) -> None:
    sentence = the_sentence(read(("1", "<s>The Guard (TG) </s>fined <t>Kenya's</t> club.", "4", "COERCE")))

    assert words(sentence) == [["The Guard (TG)"], ["Kenya"]]


def test_an_abbreviation_gets_its_last_full_stop(read: Read) -> None:
    sentence = the_sentence(read(("1", "<t>U.S</t>. and <s>Cuban</s> boats met.", "1", "CONSULT")))

    assert words(sentence) == [["Cuban"], ["U.S."]]


def test_a_quoted_cell_is_unquoted(read: Read) -> None:
    sentence = the_sentence(read(("1", '"<s>Fiji</s> called <t>Tonga</t> ""brave""."', "1", "SUPPORT")))

    assert sentence.text == 'Fiji called Tonga "brave".'


def test_a_sentence_that_begins_with_a_quotation_mark_is_kept(read: Read) -> None:
    sentence = the_sentence(read(("1", '"Brave" is what <s>Fiji</s> called <t>Tonga</t>.', "1", "SUPPORT")))

    assert sentence.text == '"Brave" is what Fiji called Tonga.'


def test_rows_of_one_sentence_have_ids_of_their_own(read: Read) -> None:
    rows = read(
        ("9", "<s>Fiji</s> and <t>Tonga</t> and Samoa met.", "1", "CONSULT"),
        ("9", "<s>Fiji</s> and Tonga and <t>Samoa</t> met.", "1", "CONSULT"),
    )

    assert [row.id for row in rows if isinstance(row, LabelledSentence)] == ["plv:9", "plv:9.2"]


@pytest.mark.parametrize(
    ("marked", "penta", "reason"),
    [
        ("<s>Fiji</s> resigned.", "3", "no target is marked"),
        ("<s> </s> met <t>Tonga</t>.", "1", "the source is marked on no words"),
        ("<s><t>Fiji</t></s> met itself.", "1", "source and target are the same words"),
        ("<s>Fiji met <t>Tonga</t>.", "1", "the mark <s> is never closed"),
        ("Fiji</s> met <t>Tonga</t>.", "1", "the mark </s> has no partner"),
        ("<s>Fiji</s> met <t>Tonga</t>.", "5", "the penta code is '5', not 1, 2, 3 or 4"),
    ],
)
def test_bad_rows_are_refused_with_place_and_reason(
    read: Read, tmp_path: Path, marked: str, penta: str, reason: str
) -> None:
    good = ("2", "<s>Fiji</s> met <t>Tonga</t>.", "1", "CONSULT")

    refused, kept = read(("1", marked, penta, "CONSULT"), good)

    assert isinstance(refused, Refused)
    assert (refused.place, refused.reason) == (f"{tmp_path / 'plv.tsv'}:2", reason)
    assert marked in refused.text
    assert isinstance(kept, LabelledSentence)


def test_a_row_with_too_few_cells_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plv.tsv"
    path.write_text(HEADER + "1\tonly two\n")

    (row,) = plv.read(path)

    assert isinstance(row, Refused)
    assert row.reason == "2 cells where the header has 7"


def test_another_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "other.tsv"
    path.write_text("a\tb\n1\t2\n")

    with pytest.raises(DetenteError, match=r"expected a tab-separated PLV file with the columns sentence_id.*found"):
        list(plv.read(path))


def test_an_empty_and_a_missing_file_are_errors(tmp_path: Path) -> None:
    (tmp_path / "empty.tsv").touch()

    with pytest.raises(DetenteError, match="expected rows, found nothing"):
        list(plv.read(tmp_path / "empty.tsv"))
    with pytest.raises(DetenteError, match="found no file"):
        list(plv.read(tmp_path / "missing.tsv"))


def test_a_file_in_another_encoding_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "plv.tsv"
    path.write_bytes(HEADER.encode() + "1\t\t<s>Perú</s>".encode("latin-1"))

    with pytest.raises(DetenteError, match=r":2: expected UTF-8, found byte 0xfa"):
        list(plv.read(path))


def test_hidden_mediation_is_relabelled(read: Read) -> None:
    marked = "<s>Norway</s> began a mediation effort between <t>the Reds and the Blues</t>."

    sentence = the_sentence(read(("1", marked, "1", "CONSULT")))

    assert [label for _, label in sentence.pairs()] == ["mediating"]
    assert sentence.tags[-1] == "relabelled"


def test_mediation_is_not_looked_for_among_hostile_roots(read: Read) -> None:
    marked = "<s>Norway</s> stopped mediating between <t>the Reds and the Blues</t>."

    sentence = the_sentence(read(("1", marked, "4", "SANCTION")))

    assert [label for _, label in sentence.pairs()] == ["hostile"]


def test_every_public_set_has_a_reader() -> None:
    assert set(READERS) == set(PublicSet)
