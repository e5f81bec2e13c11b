"""Stances in single texts, without files: what a served model answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..data.schema import Actor, Article, Span, Stance
from .gazetteer import Gazetteer
from .pipeline import actors_by_sentence
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
    located: list[tuple[int, Span, Candidate]] = []
    for row, text in enumerate(texts):
        given = actors[row] if actors is not None else None
        if given is not None:
            located.append((row, Span(0, len(text)), Candidate(text, given)))
            continue
        article = Article(id=str(row), text=text)
        for _, span, found in actors_by_sentence(article, split_sentences(text), gazetteer):
            located.append((row, span, Candidate(text[span.start : span.end], found)))
    answers: list[list[TextStance]] = [[] for _ in texts]
    scores = scorer.score([candidate for _, _, candidate in located])
    for (row, span, candidate), pairs in zip(located, scores, strict=True):
        by_id = {actor.id: _moved(actor, span.start) for actor in candidate.actors}
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
