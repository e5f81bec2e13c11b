"""Whether one model is really better than another on the same pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from .evaluate import Evaluation
from .figures import Figure, Ints, bootstrap_weights, intervals, macro_f1
from .labelling import Floats
from .slices import slice_masks

#: Pairs beyond these on which two models differ are counted, not shown.
_SENTENCES_SHOWN = 200


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Second model less the first on the same pairs.

    ``macro_f1`` and ``accuracy`` hold the difference with its paired bootstrap interval (the same resamples for both).
    ``wins`` are the pairs that only the second labels right, ``losses`` those that only the first does; ``p_value`` is
    that of McNemar's exact test on them (McNemar, 1947).
    """

    macro_f1: Figure
    accuracy: Figure
    wins: int
    losses: int
    p_value: float

    @property
    def is_noise(self) -> bool:
        """Whether the interval of the difference in macro F1 holds 0."""
        return self.macro_f1.low <= 0 <= self.macro_f1.high

    def in_words(self, first: str, second: str) -> str:
        """One sentence for a reader who wants to know which model to take."""
        size = (
            f"macro F1 {self.macro_f1.value:+.3f}, 95 % interval {self.macro_f1.low:+.3f} to {self.macro_f1.high:+.3f}"
        )
        test = f"McNemar p = {self.p_value:.3g}"
        if self.wins == self.losses == 0:
            return f"{second} answers every pair as right or as wrong as {first}."
        if self.is_noise and self.p_value < 0.05:
            more, fewer = (second, first) if self.wins > self.losses else (first, second)
            return (
                f"Not settled: {more} is right on more pairs than {fewer}, beyond chance, but in macro F1 the two "
                f"cannot be told apart here ({size}; {test})."
            )
        if self.is_noise:
            return f"No more than noise: {second} and {first} cannot be told apart here ({size}; {test})."
        verdict = "better" if self.macro_f1.value > 0 else "worse"
        return f"More than noise: {second} is {verdict} than {first} ({size}; {test})."


@dataclass(frozen=True, slots=True)
class SliceDifference:
    """Pairs of one slice that only the second, or only the first, model labels right."""

    property: str
    value: str
    pairs: int
    wins: int
    losses: int


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A pair that two models label differently."""

    sentence_id: str
    text: str
    dyad: str
    gold: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on one set; ``parameters`` are the training parameters that differ: name -> (first, second)."""

    first: str
    second: str
    difference: PairedDifference
    slices: tuple[SliceDifference, ...]
    disagreements: tuple[Disagreement, ...]
    disagreeing_pairs: int
    parameters: Mapping[str, tuple[str, str]]


def paired_difference(
    gold: Ints, first: Floats, second: Floats, groups: Ints, *, resamples: int = 1_000, seed: int = 0
) -> PairedDifference:
    """Compare the probabilities of two models (pairs, labels) for the same pairs.

    Args:
        groups: the sentence of each pair; pairs of a sentence are resampled together.
    """
    one, other = first.argmax(axis=1).astype(np.int64), second.argmax(axis=1).astype(np.int64)
    present = sorted(set(gold.tolist()))
    weights = bootstrap_weights(groups, resamples=resamples, seed=seed)
    right_one, right_other = one == gold, other == gold
    wins, losses = int((right_other & ~right_one).sum()), int((right_one & ~right_other).sum())
    gain = right_other.astype(np.float64) - right_one.astype(np.float64)

    def measure(row: Floats) -> dict[str, float]:
        return {
            "macro_f1": macro_f1(gold, other, present, row) - macro_f1(gold, one, present, row),
            "accuracy": float(np.average(gain, weights=row)),
        }

    differences = intervals(measure, weights)
    return PairedDifference(
        macro_f1=differences["macro_f1"],
        accuracy=differences["accuracy"],
        wins=wins,
        losses=losses,
        p_value=float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0,
    )


def compare(
    first: Evaluation,
    second: Evaluation,
    *,
    names: tuple[str, str],
    parameters: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {}),
    resamples: int = 1_000,
) -> Comparison:
    """Compare two evaluations of one set."""
    one, other = first.labelled, second.labelled
    gold = one.gold
    right_one, right_other = one.said == gold, other.said == gold
    differ = np.flatnonzero(one.said != other.said)
    return Comparison(
        first=names[0],
        second=names[1],
        difference=paired_difference(gold, one.probabilities, other.probabilities, one.groups, resamples=resamples),
        slices=tuple(
            SliceDifference(
                property=name,
                value=value,
                pairs=int(mask.sum()),
                wins=int((mask & right_other & ~right_one).sum()),
                losses=int((mask & right_one & ~right_other).sum()),
            )
            for (name, value), mask in slice_masks(one).items()
        ),
        disagreements=tuple(
            Disagreement(
                sentence_id=one.pairs[row].sentence.id,
                text=one.pairs[row].sentence.text,
                dyad=" -> ".join(one.pairs[row].dyad),
                gold=one.pairs[row].label,
                first=one.labels[int(one.said[row])],
                second=other.labels[int(other.said[row])],
            )
            for row in differ[:_SENTENCES_SHOWN]
        ),
        disagreeing_pairs=len(differ),
        parameters=differing(*parameters),
    )


def differing(first: Mapping[str, str], second: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The parameters that two runs do not share; an em dash stands for one that a run lacks."""
    return {
        key: (first.get(key, "\u2014"), second.get(key, "\u2014"))
        for key in sorted(first.keys() | second.keys())
        if first.get(key) != second.get(key)
    }


def headline_figures(evaluations: Sequence[Evaluation]) -> dict[str, list[Figure | None]]:
    """Figure -> its value for each evaluation; None where an evaluation lacks it."""
    names = list(dict.fromkeys(name for evaluation in evaluations for name in evaluation.figures.values))
    return {name: [evaluation.figures.values.get(name) for evaluation in evaluations] for name in names}
