"""Thresholds of the actor tagger, fitted on held-out sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from ..data.schema import LabelledSentence, Span
from ..inference.gazetteer import Gazetteer
from ..inference.mentions import unite
from ..inference.scorer import StanceScorer

_MENTION = (0.3, 0.4, 0.5, 0.6, 0.7)
_NAME = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)


def fit_thresholds(
    scorer: StanceScorer, gazetteer: Gazetteer, sentences: Sequence[LabelledSentence]
) -> tuple[float, float] | None:
    """The thresholds with the best F1 of mentions; None where the gazetteer alone is as good, or nothing can be said.

    A mention is found where a predicted one overlaps it, and a predicted one is right where it overlaps one.

    Args:
        sentences: not learned from; those that do not list all their actors are left out.
    """
    full = [sentence for sentence in sentences if not sentence.partial]
    if not full:
        return None
    reading = scorer.read([sentence.text for sentence in full])
    names = [[match.span for match in gazetteer.find(sentence.text)] for sentence in full]
    alone = _f1(full, names)
    best: tuple[float, tuple[float, float]] | None = None
    for thresholds in product(_MENTION, _NAME):
        found = (
            unite(tags, encoding.offsets, own, sentence.text, thresholds=thresholds)
            for sentence, own, tags, encoding in zip(full, names, reading.tags, reading.encodings, strict=True)
        )
        f1 = _f1(full, found)
        if best is None or f1 > best[0]:
            best = f1, thresholds
    return best[1] if best is not None and best[0] > alone else None


def _f1(sentences: Iterable[LabelledSentence], found: Iterable[Sequence[Span]]) -> float:
    hits = right = gold = said = 0
    for sentence, spans in zip(sentences, found, strict=True):
        mentions = list(_mentions(sentence))
        gold += len(mentions)
        said += len(spans)
        hits += sum(any(one.overlaps(other) for other in spans) for one in mentions)
        right += sum(any(one.overlaps(other) for other in mentions) for one in spans)
    if not hits:
        return 0.0
    precision, recall = right / said, hits / gold
    return 2 * precision * recall / (precision + recall)


def _mentions(sentence: LabelledSentence) -> Iterator[Span]:
    return (span for actor in sentence.actors for span in actor.mentions)
