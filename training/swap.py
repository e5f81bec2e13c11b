"""Actor-swap invariance: does a stance survive when other states stand in for the states of the sentence?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data.invariance import SWAP_TAG, swapped
from ..data.schema import Dyad, LabelledSentence, Stance
from .figures import Figure, bootstrap_weights, intervals
from .labelling import Labeller


@dataclass(frozen=True, slots=True)
class StateShift:
    """Mean change of p(hostile) over the pairs in which a state stands in for another: a prior against it if high."""

    state: str
    pairs: int
    shift: float


@dataclass(frozen=True, slots=True)
class Invariance:
    """Share of pairs whose stance survives a swap, over ``pairs`` pairs of ``sentences`` swapped sentences."""

    sentences: int
    pairs: int
    survived: Figure
    shifts: tuple[StateShift, ...]


def invariance(
    labeller: Labeller,
    sentences: Sequence[LabelledSentence],
    *,
    copies: int = 3,
    resamples: int = 1_000,
    seed: int = 0,
) -> Invariance | None:
    """Swap the states of sentences and compare; None where no sentence names a state that can be swapped."""
    originals = {sentence.id: sentence for sentence in sentences}
    swaps = list(swapped(sentences, seed=seed, copies=copies))
    if not swaps:
        return None
    source_ids = [_original_id(swap) for swap in swaps]
    used = sorted(set(source_ids))
    before = dict(zip(used, labeller.label([originals[name] for name in used]), strict=True))
    hostile = labeller.labels.index(Stance.HOSTILE)
    survived: list[float] = []
    groups: list[int] = []
    shifts: dict[str, list[float]] = defaultdict(list)
    rows = {name: row for row, name in enumerate(used)}
    for swap, name, after in zip(swaps, source_ids, labeller.label(swaps), strict=True):
        original = originals[name]
        # A swap keeps the order of the actors, so that a pair is found again by the places of its ends.
        old_id = {new.id: old.id for new, old in zip(swap.actors, original.actors, strict=True)}
        changed = {new for new, old in old_id.items() if new != old}
        for dyad, _ in swap.pairs():
            if not changed & {*dyad}:
                continue
            then, now = before[name][Dyad(old_id[dyad.source], old_id[dyad.target])], after[dyad]
            survived.append(float(np.argmax(then) == np.argmax(now)))
            groups.append(rows[name])
            for state in changed & {*dyad}:
                shifts[state].append(now[hostile] - then[hostile])
    if not survived:
        return None
    kept = np.array(survived)
    places = np.unique(np.array(groups, dtype=np.int64), return_inverse=True)[1]
    weights = bootstrap_weights(places, resamples=resamples, seed=seed)
    return Invariance(
        sentences=len(swaps),
        pairs=len(kept),
        survived=intervals(lambda row: {"survived": float(np.average(kept, weights=row))}, weights)["survived"],
        shifts=tuple(
            sorted(
                (StateShift(state, len(values), float(np.mean(values))) for state, values in shifts.items()),
                key=lambda shift: -shift.shift,
            )
        ),
    )


def _original_id(swap: LabelledSentence) -> str:
    return next(tag for tag in reversed(swap.tags) if tag.startswith(SWAP_TAG)).removeprefix(SWAP_TAG)
