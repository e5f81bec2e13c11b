from __future__ import annotations

from pathlib import Path

import pytest
from detente.data.errors import DetenteError
from detente.data.formats import Refused, aw
from detente.data.schema import LabelledSentence

COLUMNS = ["uid", "doc_id", "sent_id", "sentence", "marked_sentence", "source", "target", "trigger", "event_type"]


def read_row(
    tmp_path: Path, *, event: str, binary: str, roles: tuple[str, str], marked: str = ""
) -> LabelledSentence | Refused:
    path = tmp_path / "aw.tsv"
    marked = marked or "<s>The Reds</s> and <t>the Blues</t> were there."
    cells = ["5", "1", "1", "-", marked, f"{roles[0]}:The Reds", f"{roles[1]}:the Blues", "-", event, binary]
    path.write_text("\t".join([*COLUMNS, "gold_binary"]) + "\n" + "\t".join(cells) + "\n", encoding="utf-8")
    (row,) = aw.read(path)
    return row


@pytest.mark.parametrize(
    ("event", "roles"),
    [
        ("Conflict:Attack", ("Attacker", "Target")),
        ("Conflict.Attack.DetonateExplode", ("Attacker", "Target")),
        ("Life:Die", ("Agent", "Victim")),
        ("Justice.ArrestJailDetain.Unspecified", ("Jailer", "Detainee")),
        ("Justice:Sue", ("Plaintiff", "Defendant")),
        ("Contact.ThreatenCoerce.Unspecified", ("Communicator", "Recipient")),
    ],
)
def test_conflict_in_a_hostile_event_is_hostile(tmp_path: Path, event: str, roles: tuple[str, str]) -> None:
    sentence = read_row(tmp_path, event=event, binary="1", roles=roles)

    assert isinstance(sentence, LabelledSentence)
    assert dict(sentence.pairs()) == {("the-reds", "the-blues"): "hostile"}
    assert (sentence.id, sentence.round, sentence.partial) == ("aw:5", "aw", True)
    assert sentence.tags == (f"event:{event}", "binary:1")


def test_a_meeting_is_cooperative_both_ways(tmp_path: Path) -> None:
    sentence = read_row(tmp_path, event="Contact:Meet", binary="0", roles=("Entity", "Entity"))

    assert isinstance(sentence, LabelledSentence)
    assert dict(sentence.pairs()) == {
        ("the-reds", "the-blues"): "cooperative",
        ("the-blues", "the-reds"): "cooperative",
    }


def test_money_is_cooperative_from_giver_to_recipient_alone(tmp_path: Path) -> None:
    sentence = read_row(tmp_path, event="Transaction:Transfer-Money", binary="0", roles=("Giver", "Recipient"))

    assert isinstance(sentence, LabelledSentence)
    assert dict(sentence.pairs()) == {("the-reds", "the-blues"): "cooperative"}


@pytest.mark.parametrize(
    ("event", "binary", "roles", "reason"),
    [
        ("Personnel:End-Position", "0", ("Person", "Entity"), "the event type has no stance"),
        ("Justice.InvestigateCrime.Unspecified", "1", ("Investigator", "Defendant"), "the event type has no stance"),
        ("Contact.Contact.Meet", "0", ("Participant", "Participant"), "the event type has no stance"),
        ("Conflict:Attack", "0", ("Attacker", "Target"), "code and event type differ"),
        ("Contact:Meet", "1", ("Entity", "Entity"), "code and event type differ"),
        ("Conflict:Attack", "1", ("Attacker", "Place"), "a place is no actor"),
        ("Conflict.Attack.DetonateExplode", "1", ("ExplosiveDevice", "Target"), "a thing is no actor"),
        ("Conflict:Attack", "yes", ("Attacker", "Target"), "the code is 'yes', not 0 or 1"),
    ],
)
def test_what_has_no_stance_is_refused(
    tmp_path: Path, event: str, binary: str, roles: tuple[str, str], reason: str
) -> None:
    row = read_row(tmp_path, event=event, binary=binary, roles=roles)

    assert isinstance(row, Refused)
    assert row.reason == reason


def test_a_mark_that_cuts_a_word_gives_way_to_one_that_does_not(tmp_path: Path) -> None:
    marked = "The <s>guard</s> hit an <t>officer</t>, and other <t>officer</t>s ran."

    sentence = read_row(tmp_path, event="Conflict:Attack", binary="1", roles=("Attacker", "Target"), marked=marked)

    assert isinstance(sentence, LabelledSentence)
    assert [sentence.text[span.start : span.end] for span in sentence.actors[1].mentions] == ["officer"]


def test_a_mark_that_alone_cuts_a_word_is_widened(tmp_path: Path) -> None:
    marked = "The <s>guard</s> hit two <t>officer</t>s."

    sentence = read_row(tmp_path, event="Conflict:Attack", binary="1", roles=("Attacker", "Target"), marked=marked)

    assert isinstance(sentence, LabelledSentence)
    assert [sentence.text[span.start : span.end] for span in sentence.actors[1].mentions] == ["officers"]


def test_another_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "aw.tsv"
    path.write_text("uid\tmarked_sentence\n")

    with pytest.raises(DetenteError, match="found a first line without source, target, event_type, gold_binary"):
        list(aw.read(path))
