"""The most frequent dyads of a job, with an example sentence each."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from ..data.schema import Dyad
from .surfaces import UNLISTED

_KEYS = ["source_id", "target_id", "stance"]


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

    def add(self, rows: pa.Table) -> None:
        """Count the rows of an output file."""
        labels = [name for name in rows.column_names if name.startswith("p_")]
        surest = pc.max_element_wise(*(rows.column(name) for name in labels))
        rows = rows.select([*_KEYS, "sentence"]).append_column("probability", surest)
        # Sorted, and by one thread: the first row of a group is then the one of which the model is surest.
        groups = rows.sort_by([("probability", "descending")]).group_by(_KEYS, use_threads=False)
        found = groups.aggregate([("sentence", "count"), ("probability", "first"), ("sentence", "first")])
        for row in found.to_pylist():
            dyad = Dyad(row["source_id"], row["target_id"])
            count = self._counts.setdefault((dyad, row["stance"]), DyadCount(dyad, row["stance"]))
            count.sentences += row["sentence_count"]
            if row["probability_first"] > count.probability:
                count.probability, count.example = row["probability_first"], row["sentence_first"]

    def top(self, stance: str, number: int) -> list[DyadCount]:
        """The dyads with the most sentences of a stance; among equals the surer first.

        The id of an actor that no list holds is one within its article alone: its dyads say nothing of the archive.
        """
        of_stance = (
            count
            for count in self._counts.values()
            if count.stance == stance and not any(actor.startswith(UNLISTED) for actor in count.dyad)
        )
        return heapq.nlargest(number, of_stance, key=lambda count: (count.sentences, count.probability))
