"""The same pairs cut in different ways, to see where a model fails."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from sklearn.metrics import accuracy_score

from ..data.schema import Actor
from .figures import macro_f1
from .labelling import GoldPair, Labelled

#: Tags that fewer pairs carry say too little to be a slice of their own; challenge families always are.
MIN_TAGGED = 30
_DISTANCES = ((4, "0-4 words apart"), (9, "5-9 words apart"), (19, "10-19 words apart"))
_LENGTHS = ((15, "up to 15 words"), (30, "16-30 words"), (45, "31-45 words"))


@dataclass(frozen=True, slots=True)
class Slice:
    """The pairs with one value of one property."""

    property: str
    value: str
    pairs: int
    right: int
    accuracy: float
    macro_f1: float


def slice_masks(labelled: Labelled) -> dict[tuple[str, str], np.ndarray]:
    """(property, value) -> which pairs have it (pairs,), in the order in which slices are shown."""
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, pair in enumerate(labelled.pairs):
        for key in _properties(pair):
            rows[key].append(number)
    masks = {}
    for key in sorted(rows):
        if key[0] == "tag" and len(rows[key]) < MIN_TAGGED:
            continue
        mask = np.zeros(len(labelled.pairs), dtype=bool)
        mask[rows[key]] = True
        masks[key] = mask
    return masks


def slices(labelled: Labelled) -> list[Slice]:
    """How good a model is on each slice."""
    gold, said = labelled.gold, labelled.said
    found = []
    for (name, value), mask in slice_masks(labelled).items():
        present = sorted(set(gold[mask].tolist()))
        found.append(
            Slice(
                property=name,
                value=value,
                pairs=int(mask.sum()),
                right=int((gold[mask] == said[mask]).sum()),
                accuracy=float(accuracy_score(gold[mask], said[mask])),
                macro_f1=macro_f1(gold[mask], said[mask], present),
            )
        )
    return found


def _properties(pair: GoldPair) -> Iterator[tuple[str, str]]:
    sentence = pair.sentence
    actors = {actor.id: actor for actor in sentence.actors}
    source, target = actors[pair.dyad.source], actors[pair.dyad.target]
    yield "label", pair.label
    yield "actors", str(min(len(sentence.actors), 5)) + (" or more" if len(sentence.actors) >= 5 else "")
    yield "distance", _bin(_words_between(sentence.text, source, target), _DISTANCES, "20 or more words apart")
    yield "length", _bin(len(sentence.text.split()), _LENGTHS, "46 or more words")
    yield "direction", "source first" if source.mentions[0] < target.mentions[0] else "target first"
    for region in sorted({region_of(actor_id) for actor_id in pair.dyad}):
        yield "region", region
    for tag in sentence.tags:
        prefix, _, rest = tag.partition(":")
        if prefix == "family":
            yield "family", rest
        elif prefix not in ("pair", "swap"):
            yield "tag", tag


def _bin(number: int, bins: tuple[tuple[int, str], ...], beyond: str) -> str:
    return next((name for limit, name in bins if number <= limit), beyond)


def _words_between(text: str, one: Actor, other: Actor) -> int:
    """Words between the nearest mentions of two actors."""
    gaps = [text[min(a.end, b.end) : max(a.start, b.start)] for a in one.mentions for b in other.mentions]
    return min(len(gap.split()) for gap in gaps)


def region_of(actor_id: str) -> str:
    """The continent of a state by its ISO alpha-3 code; "no state" for every other actor."""
    return _regions().get(actor_id, "no state")


@lru_cache(maxsize=1)
def _regions() -> Mapping[str, str]:
    from countryinfo import all_countries

    return {str(info.iso(3)): str(info.region() or "elsewhere") for info in all_countries()}
