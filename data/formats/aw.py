"""AW: event mentions with one marked pair (Hu et al., ACL 2024; sentences of ACE 2005 and WikiEvents).

Tab-separated with a header; ``source`` and ``target`` give each actor with its role in the event
(``Attacker:the rebels``). ``gold_binary`` is 1 for conflict and 0 for no conflict. It does not say whether the pair
stands in the event: rows of meetings are 0 and their pairs did meet.

The label needs code and event type together, and the two have to agree:

- 1 and an event in which the source harms, fights, threatens or prosecutes the target: hostile.
- 0 and a meeting: cooperative in both directions, because ACE gives the people at a meeting no order; 0 and a gift
  or payment of money: cooperative from giver to recipient.
- Anything else is refused: resignations, moves and remarks to a newspaper have no stance, an investigation finds
  none yet, and where code and event differ (a pardon that is "conflict") no rule says which of them is right.
- Places as targets and things (bombs, vehicles) on either side are refused: neither is an actor.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..schema import Dyad, LabelledSentence, Stance
from .base import RefusalError, Refused, Row, name_pair, read_rows, tab_rows, unmark

COLUMNS = ("uid", "marked_sentence", "source", "target", "event_type", "gold_binary")

#: Beginnings of event types, after ``:`` has become ``.``, that are hostile where the code is conflict.
HOSTILE_EVENTS = (
    "Conflict.",
    "Life.Die",
    "Life.Injure",
    "Justice.Arrest",
    "Justice.Charge",
    "Justice.Convict",
    "Justice.Execute",
    "Justice.Extradite",
    "Justice.Fine",
    "Justice.Sentence",
    "Justice.Sue",
    "Justice.Trial",
    "Contact.ThreatenCoerce",
    "Control.ImpedeInterfereWith",
    "GenericCrime",
)
#: Event types that are cooperative where the code is no conflict. WikiEvents files what a witness told a court or
#: a newspaper under its ``Contact.Contact.Meet``, which is therefore not here.
MUTUAL_EVENTS = ("Contact.Meet",)
GIVING_EVENTS = ("Transaction.Transfer-Money",)

PLACES = frozenset({"Place", "Destination", "Origin", "PlaceOfEmployment"})
THINGS = frozenset({"ExplosiveDevice", "Vehicle", "Instrument", "Artifact", "PassengerArtifact"})


def read(path: Path) -> Iterator[LabelledSentence | Refused]:
    """Read an AW file, such as ``aw_train.tsv``.

    Raises:
        DetenteError: no such file, or the header lacks a column of the format.
    """
    return read_rows(tab_rows(path, COLUMNS, name="AW"), _sentence)


def _sentence(row: Row) -> LabelledSentence:
    fields = row.fields
    roles = tuple(fields[side].partition(":")[0] for side in ("source", "target"))
    for role in roles:
        if role in PLACES:
            raise RefusalError("a place is no actor")
        if role in THINGS:
            raise RefusalError("a thing is no actor")
    label, mutual = _stance(fields["event_type"].replace(":", "."), fields["gold_binary"])
    text, source_marks, target_marks = unmark(fields["marked_sentence"])
    source, target = name_pair(text, source_marks, target_marks)
    stances = {Dyad(source.id, target.id): label.value}
    if mutual:
        stances[Dyad(target.id, source.id)] = label.value
    return LabelledSentence(
        id=f"aw:{fields['uid'] or row.number}",
        text=text,
        actors=(source, target),
        stances=stances,
        partial=True,
        round="aw",
        tags=(f"event:{fields['event_type']}", f"binary:{fields['gold_binary']}"),
    )


def _stance(event: str, binary: str) -> tuple[Stance, bool]:
    """The stance that event and code give together, and whether it holds both ways."""
    if binary not in {"0", "1"}:
        raise RefusalError(f"the code is {binary!r}, not 0 or 1")
    if binary == "1" and event.startswith(HOSTILE_EVENTS):
        return Stance.HOSTILE, False
    if binary == "0" and event in MUTUAL_EVENTS:
        return Stance.COOPERATIVE, True
    if binary == "0" and event in GIVING_EVENTS:
        return Stance.COOPERATIVE, False
    if event.startswith(HOSTILE_EVENTS) or event in (*MUTUAL_EVENTS, *GIVING_EVENTS):
        raise RefusalError("code and event type differ")
    raise RefusalError("the event type has no stance")
