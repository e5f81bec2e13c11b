"""The most frequent dyads of a job, with an example sentence each."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from ..data.schema import Dyad
from .rows import StanceRow


@dataclass(slots=True)
class DyadCount:
    """How often a dyad had a stance, and the sentence of which the model was surest."""

    dyad: Dyad
    stance: str
    sentences: int = 0
    example: str = ""
    probability: float = 0.0


@dataclass(slots=True)
class DyadTable:
    """Counts of dyads by stance; grows with the number of different dyads, not with the archive."""

    _counts: dict[tuple[Dyad, str], DyadCount] = field(default_factory=dict)

    def add(self, row: StanceRow) -> None:
        """Count a row."""
        dyad = Dyad(row.source_id, row.target_id)
        count = self._counts.setdefault((dyad, row.stance), DyadCount(dyad, row.stance))
        count.sentences += 1
        if max(row.probabilities) > count.probability:
            count.probability, count.example = max(row.probabilities), row.sentence

    def top(self, stance: str, number: int) -> list[DyadCount]:
        """The dyads with the most sentences of a stance; among equals the surer first."""
        of_stance = (count for count in self._counts.values() if count.stance == stance)
        return heapq.nlargest(number, of_stance, key=lambda count: (count.sentences, count.probability))
