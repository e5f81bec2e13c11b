"""Text alone in: who is found, and which stances between them, compared with gold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from ..data.schema import Actor, Article, Dyad, LabelledSentence, Span, Stance
from ..inference.finding import ActorFinder
from ..inference.gazetteer import Gazetteer
from ..inference.scorer import Candidate, StanceScorer
from .figures import Figure, bootstrap_weights, intervals
from .labelling import Floats


@dataclass(frozen=True, slots=True)
class EndToEnd:
    """Precision, recall and F1 of actors and of triples (source, target, stance), over ``sentences`` full sentences.

    ``misses`` and ``inventions`` are the triples that only the gold data, or only the model, has.
    """

    sentences: int
    values: dict[str, Figure]
    misses: tuple[tuple[str, str], ...]
    inventions: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Outcomes:
    """What is in gold and what is predicted, item by item, with the sentence of each."""

    groups: list[int]
    gold: list[bool]
    said: list[bool]

    def add(self, group: int, gold: bool, said: bool) -> None:
        self.groups.append(group)
        self.gold.append(gold)
        self.said.append(said)


def end_to_end(
    scorer: StanceScorer,
    gazetteer: Gazetteer,
    sentences: Sequence[LabelledSentence],
    *,
    resamples: int = 1_000,
    seed: int = 0,
) -> EndToEnd | None:
    """Find actors and stances in the bare texts; None where no sentence lists all its actors.

    A predicted actor counts as the gold actor whose mention it overlaps most. Pairs that are marked unsure are
    skipped on both sides. A pair of which an end is no gold actor, or whose ends are one gold actor, is an error.
    """
    full = [sentence for sentence in sentences if not sentence.partial]
    if not full:
        return None
    finder = ActorFinder(scorer, gazetteer)
    # Also actors that are alone in their text, and have no pair, are found or missed.
    parts = [finder.part(Article(one.id, one.text), (Span(0, len(one.text)),)) for one in full]
    found = [actors for (actors,) in finder.find_all(parts)]
    scores = scorer.score([Candidate(sentence.text, actors) for sentence, actors in zip(full, found, strict=True)])
    actors, triples = _Outcomes([], [], []), _Outcomes([], [], [])
    misses: list[tuple[str, str]] = []
    inventions: list[tuple[str, str]] = []
    for row, (sentence, predicted, pairs) in enumerate(zip(full, found, scores, strict=True)):
        gold_of = {actor.id: _gold_actor(actor, sentence) for actor in predicted}
        reached = {gold for gold in gold_of.values() if gold}
        for actor in sentence.actors:
            actors.add(row, True, actor.id in reached)
        for gold in gold_of.values():
            if gold is None:
                actors.add(row, False, True)
        said: set[tuple[str, str, str]] = set()
        for pair in pairs:
            if pair.probabilities is None:
                continue
            stance = scorer.labels[int(np.argmax(pair.probabilities))]
            if stance == Stance.NEUTRAL:
                continue
            source, target = gold_of[pair.dyad.source], gold_of[pair.dyad.target]
            if source and target and Dyad(source, target) in sentence.unsure:
                continue
            said.add((source or f"?{pair.dyad.source}", target or f"?{pair.dyad.target}", stance))
        wanted = {
            (*dyad, label)
            for dyad, label in sentence.stances.items()
            if label != Stance.NEUTRAL and dyad not in sentence.unsure
        }
        for triple in sorted(wanted | said):
            triples.add(row, triple in wanted, triple in said)
            if (triple in wanted) != (triple in said):
                (misses if triple in wanted else inventions).append((sentence.id, " ".join(triple)))
    values = {
        **_figures("actor", actors, len(full), resamples, seed),
        **_figures("triple", triples, len(full), resamples, seed),
    }
    return EndToEnd(len(full), values, tuple(misses), tuple(inventions))


def _gold_actor(actor: Actor, sentence: LabelledSentence) -> str | None:
    overlaps = {
        gold.id: sum(
            max(0, min(one.end, other.end) - max(one.start, other.start))
            for one in actor.mentions
            for other in gold.mentions
        )
        for gold in sentence.actors
    }
    best = max(overlaps, key=overlaps.__getitem__, default=None)
    return best if best is not None and overlaps[best] else None


def _figures(name: str, outcomes: _Outcomes, sentences: int, resamples: int, seed: int) -> dict[str, Figure]:
    if not outcomes.groups:
        return {}
    # Sentences without an item are drawn too: what is resampled is the set of sentences.
    gold, said = np.array(outcomes.gold), np.array(outcomes.said)
    groups = np.array(outcomes.groups, dtype=np.int64)
    weights = bootstrap_weights(np.arange(sentences), resamples=resamples, seed=seed)[:, groups]

    def measure(row: Floats) -> dict[str, float]:
        precision, recall, f1, _ = precision_recall_fscore_support(
            gold, said, average="binary", sample_weight=row, zero_division=0.0
        )
        return {f"{name}_precision": float(precision), f"{name}_recall": float(recall), f"{name}_f1": float(f1)}

    return intervals(measure, weights)
