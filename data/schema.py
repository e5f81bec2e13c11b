"""What an article, an actor, a pair and a label are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import permutations
from typing import Any, NamedTuple

from .errors import DetenteError


class Stance(StrEnum):
    """How a source stands towards a target (data/CODEBOOK.md)."""

    COOPERATIVE = "cooperative"
    HOSTILE = "hostile"
    MEDIATING = "mediating"
    NEUTRAL = "neutral"


#: The label set of the codebook, in the order of the model's logits.
STANCES: tuple[str, ...] = tuple(stance.value for stance in Stance)


class Span(NamedTuple):
    """Characters ``start`` to ``end`` (exclusive) of a text."""

    start: int
    end: int

    def overlaps(self, other: Span) -> bool:
        """Whether the two share a character."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Actor:
    """One political actor of a sentence and every mention of it, in text order."""

    id: str
    mentions: tuple[Span, ...]


class Dyad(NamedTuple):
    """An ordered pair of actor ids."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Article:
    """One article of an archive; ``date`` is ISO 8601 or empty, like the other optional fields."""

    id: str
    text: str
    date: str = ""
    title: str = ""
    source_name: str = ""


@dataclass(frozen=True, slots=True)
class LabelledSentence:
    """A sentence with its actors and the stances between them.

    Unless ``partial``, every actor is listed and every ordered pair that is not listed is neutral. Of a partial
    sentence only the listed pairs are known, and other actors may stand in it: public data sets that label one
    pair of a sentence are read so. ``unsure`` pairs are those on which competent readers differ: nothing is
    learned from them and they are left out of every score.
    """

    id: str
    text: str
    actors: tuple[Actor, ...]
    stances: Mapping[Dyad, str]
    unsure: frozenset[Dyad] = frozenset()
    partial: bool = False
    split: str = ""
    round: str = ""
    tags: tuple[str, ...] = ()

    def pairs(self, labels: Sequence[str] = STANCES) -> Iterator[tuple[Dyad, str]]:
        """Every ordered pair whose label is known, with its label.

        Args:
            labels: the label set; where it has no ``neutral``, pairs that are not listed are unknown.
        """
        if self.partial or Stance.NEUTRAL not in labels:
            yield from ((dyad, label) for dyad, label in self.stances.items() if dyad not in self.unsure)
            return
        for source, target in permutations((actor.id for actor in self.actors), 2):
            dyad = Dyad(source, target)
            if dyad not in self.unsure:
                yield dyad, self.stances.get(dyad, Stance.NEUTRAL.value)

    def to_json(self) -> dict[str, Any]:
        """The object of one line of a labelled file; fields that hold their default are left out."""
        record: dict[str, Any] = {
            "id": self.id,
            "text": self.text,
            "actors": {actor.id: [list(span) for span in actor.mentions] for actor in self.actors},
            "stances": [[dyad.source, dyad.target, label] for dyad, label in self.stances.items()],
        }
        if self.unsure:
            record["ignore"] = [list(dyad) for dyad in sorted(self.unsure)]
        if self.partial:
            record["partial"] = True
        for name in ("split", "round"):
            if value := getattr(self, name):
                record[name] = value
        if self.tags:
            record["tags"] = list(self.tags)
        return record

    @classmethod
    def from_json(cls, record: object, *, labels: tuple[str, ...] = STANCES, where: str = "") -> LabelledSentence:
        """Check and build one sentence.

        Raises:
            DetenteError: a field is missing, unknown or of the wrong type, a span lies outside the text, a label
                is not one of ``labels``, a pair is of an actor with itself, of an unlisted actor, or listed twice.
        """
        return _Check(where, labels).sentence(record)


_REQUIRED = {"id", "text", "actors", "stances"}
_OPTIONAL = {"ignore", "partial", "split", "round", "tags"}


@dataclass(frozen=True, slots=True)
class _Check:
    """The checks of one record, with errors that name the place and the field."""

    where: str
    labels: tuple[str, ...]

    def fail(self, field: str, expected: str, found: object, remedy: str) -> DetenteError:
        place = f"{self.where}: field {field!r}" if self.where else f"field {field!r}"
        shown = found if isinstance(found, str) else repr(found)
        return DetenteError(expected, found=shown[:200], remedy=remedy, where=place)

    def string(self, field: str, value: object, *, empty: bool = False) -> str:
        if not isinstance(value, str) or not (value or empty):
            raise self.fail(field, "a text" if empty else "a text that is not empty", repr(value), "Mend the field.")
        return value

    def sentence(self, record: object) -> LabelledSentence:
        if not isinstance(record, dict):
            raise self.fail("", "a JSON object", type(record).__name__, "Write one object a line.")
        if missing := _REQUIRED - record.keys():
            raise self.fail(
                min(missing), "the field to be there", f"only {', '.join(sorted(record))}", "Add the field."
            )
        if unknown := record.keys() - _REQUIRED - _OPTIONAL:
            known = ", ".join(sorted(_REQUIRED | _OPTIONAL))
            raise self.fail(min(unknown), f"one of the fields {known}", "an unknown field", "Remove or rename it.")
        text = self.string("text", record["text"])
        actors = self.actors(record["actors"], text)
        ids = {actor.id for actor in actors}
        stances: dict[Dyad, str] = {}
        for row in self.rows("stances", record["stances"], 3):
            dyad = self.dyad("stances", row[:2], ids)
            if dyad in stances:
                raise self.fail("stances", "each ordered pair once", f"{list(dyad)} twice", "Keep one of the rows.")
            if row[2] not in self.labels:
                raise self.fail("stances", f"a label out of {', '.join(self.labels)}", row[2], "Mend the label.")
            stances[dyad] = row[2]
        unsure = frozenset(self.dyad("ignore", row, ids) for row in self.rows("ignore", record.get("ignore", []), 2))
        partial = record.get("partial", False)
        if not isinstance(partial, bool):
            raise self.fail("partial", "true or false", partial, "Mend the field.")
        tags = record.get("tags", [])
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            raise self.fail("tags", "a list of texts", tags, "Mend the field.")
        return LabelledSentence(
            id=self.string("id", record["id"]),
            text=text,
            actors=actors,
            stances=stances,
            unsure=unsure,
            partial=partial,
            split=self.string("split", record.get("split", ""), empty=True),
            round=self.string("round", record.get("round", ""), empty=True),
            tags=tuple(tags),
        )

    def actors(self, value: object, text: str) -> tuple[Actor, ...]:
        if not isinstance(value, dict):
            raise self.fail(
                "actors",
                "an object from actor id to mentions",
                value,
                'Write {"TUR": [[0, 6]]}, offsets in characters.',
            )
        actors = []
        for actor_id, mentions in value.items():
            self.string("actors", actor_id)
            spans = []
            for row in self.rows("actors", mentions, 2, of=int):
                if not 0 <= row[0] < row[1] <= len(text):
                    expected = f"0 <= start < end <= {len(text)}, the length of the text"
                    raise self.fail("actors", expected, f"{row} for {actor_id}", "Count characters, not bytes.")
                spans.append(Span(row[0], row[1]))
            if not spans:
                raise self.fail("actors", "at least one mention", f"none for {actor_id}", "Add it or drop the actor.")
            if len(set(spans)) < len(spans):
                raise self.fail("actors", "each mention once", f"one twice for {actor_id}", "Keep one of them.")
            actors.append(Actor(actor_id, tuple(sorted(spans))))
        return tuple(actors)

    def rows(self, field: str, value: object, width: int, *, of: type = str) -> list[list[Any]]:
        good = isinstance(value, list) and all(
            isinstance(row, list) and len(row) == width and all(type(cell) is of for cell in row) for row in value
        )
        if not good:
            kind = "whole numbers" if of is int else "texts"
            raise self.fail(field, f"a list of lists of {width} {kind}", value, "Mend the field.")
        assert isinstance(value, list)
        return value

    def dyad(self, field: str, row: list[str], ids: set[str]) -> Dyad:
        dyad = Dyad(row[0], row[1])
        if dyad.source == dyad.target:
            raise self.fail(field, "two different actors", f"{dyad.source} twice", "Remove the row.")
        for actor_id in dyad:
            if actor_id not in ids:
                raise self.fail(
                    field, "actors that the field 'actors' lists", actor_id, "Add the actor or mend the id."
                )
        return dyad
