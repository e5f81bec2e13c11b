"""Stances in single texts, without files: what a served model answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..data.schema import Actor, Article, Span, Stance
from .finding import ActorFinder
from .gazetteer import Gazetteer
from .scorer import Candidate, StanceScorer
from .sentences import split_sentences


@dataclass(frozen=True, slots=True)
class TextStance:
    """A stance between two actors in one sentence of a text; all spans count characters of the text."""

    sentence: Span
    source: Actor
    target: Actor
    stance: str
    probabilities: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """A JSON object with the spans as [start, end]."""
        return {
            "sentence": list(self.sentence),
            "source_id": self.source.id,
            "source_mentions": [list(span) for span in self.source.mentions],
            "target_id": self.target.id,
            "target_mentions": [list(span) for span in self.target.mentions],
            "stance": self.stance,
            "probabilities": {label: round(value, 6) for label, value in self.probabilities.items()},
        }


def score_texts(
    texts: Sequence[str],
    *,
    scorer: StanceScorer,
    gazetteer: Gazetteer,
    actors: Sequence[tuple[Actor, ...] | None] | None = None,
) -> list[list[TextStance]]:
    """The stances in each text, neutral pairs left out.

    Args:
        actors: for each text, the actors to look at, or None to look for them. A text with given actors is one
            sentence.
    """
    given = {row: found for row, found in enumerate(actors or ()) if found is not None}
    free = [row for row in range(len(texts)) if row not in given]
    finder = ActorFinder(scorer, gazetteer)
    parts = [finder.part(Article(str(row), texts[row]), split_sentences(texts[row])) for row in free]
    reading, found = finder.find(parts)
    located = [(free[one.part], parts[one.part].sentences[one.sentence], one.actors) for one in found]
    scores = scorer.score_read(reading, [(one.text, one.actors) for one in found])
    located += [(row, Span(0, len(texts[row])), own) for row, own in given.items()]
    scores += scorer.score([Candidate(texts[row], own) for row, own in given.items()])
    answers: list[list[TextStance]] = [[] for _ in texts]
    for (row, span, own), pairs in zip(located, scores, strict=True):
        by_id = {actor.id: _moved(actor, span.start) for actor in own}
        for pair in pairs:
            if pair.probabilities is None:
                continue
            probabilities = dict(zip(scorer.labels, pair.probabilities, strict=True))
            stance = max(probabilities, key=probabilities.__getitem__)
            if stance != Stance.NEUTRAL:
                answers[row].append(
                    TextStance(span, by_id[pair.dyad.source], by_id[pair.dyad.target], stance, probabilities)
                )
    return answers


def _moved(actor: Actor, by: int) -> Actor:
    return Actor(actor.id, tuple(Span(span.start + by, span.end + by) for span in actor.mentions))
