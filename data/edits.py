"""Other words in a labelled sentence, with its mentions in their new places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from .schema import Actor, Dyad, LabelledSentence, Span


@dataclass(frozen=True, slots=True)
class Edit:
    """Words of a sentence and what replaces them."""

    span: Span
    words: str


def apart(edits: Sequence[Edit], actors: Iterable[Actor]) -> bool:
    """Whether no edit, in the order of the text, touches another, nor part of a mention that it does not lie in."""
    if any(one.span.overlaps(other.span) for one, other in pairwise(edits)):
        return False
    mentions = [span for actor in actors for span in actor.mentions]
    return all(
        not span.overlaps(edit.span) or (span.start <= edit.span.start and edit.span.end <= span.end)
        for span in mentions
        for edit in edits
    )


def rewrite(
    sentence: LabelledSentence, edits: Sequence[Edit], new_ids: Mapping[str, str] | None = None
) -> LabelledSentence:
    """The sentence with other words.

    Args:
        edits: in the order of the text, and apart (see ``apart``).
        new_ids: other ids for actors, by their ids.
    """
    ids = new_ids or {}
    text = sentence.text
    for edit in reversed(edits):
        text = f"{text[: edit.span.start]}{edit.words}{text[edit.span.end :]}"

    def moved(at: int, *, end: bool) -> int:
        """A border of a mention in the new text; an edit in the mention ends with it."""
        growth = (
            len(edit.words) - (edit.span.end - edit.span.start)
            for edit in edits
            if (edit.span.end <= at if end else edit.span.start < at)
        )
        return at + sum(growth)

    def pair(dyad: Dyad) -> Dyad:
        return Dyad(ids.get(dyad.source, dyad.source), ids.get(dyad.target, dyad.target))

    return replace(
        sentence,
        text=text,
        actors=tuple(
            Actor(
                ids.get(actor.id, actor.id),
                tuple(Span(moved(span.start, end=False), moved(span.end, end=True)) for span in actor.mentions),
            )
            for actor in sentence.actors
        ),
        stances={pair(dyad): label for dyad, label in sentence.stances.items()},
        unsure=frozenset(pair(dyad) for dyad in sentence.unsure),
    )
