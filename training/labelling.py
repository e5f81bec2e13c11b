"""What a model says of the pairs of labelled sentences, whatever kind of model it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..data.schema import Dyad, LabelledSentence, Stance
from ..inference.scorer import Candidate, StanceScorer

Floats = NDArray[np.float64]


class Labeller(Protocol):
    """Anything that gives stance probabilities to the pairs of given actors."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in the order of the probabilities."""

    def label(self, sentences: Sequence[LabelledSentence]) -> list[dict[Dyad, tuple[float, ...]]]:
        """For each sentence, the probabilities of (at least) each pair whose label is known."""


@dataclass(frozen=True, slots=True)
class GoldPair:
    """An ordered pair with a known label: its sentence, its ends, and its label."""

    sentence: LabelledSentence
    dyad: Dyad
    label: str


@dataclass(frozen=True)
class Labelled:
    """Gold pairs and what a model says of them; ``probabilities`` (pairs, labels).

    What is derived is kept: every resample of the bootstrap reads it again.
    """

    labels: tuple[str, ...]
    pairs: tuple[GoldPair, ...]
    probabilities: Floats

    @cached_property
    def gold(self) -> NDArray[np.int64]:
        """Indices of the gold labels (pairs,)."""
        index = {label: number for number, label in enumerate(self.labels)}
        return np.array([index[pair.label] for pair in self.pairs], dtype=np.int64)

    @cached_property
    def said(self) -> NDArray[np.int64]:
        """Indices of the most probable labels (pairs,)."""
        best: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return best

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """The sentence of each pair (pairs,): pairs of one text are resampled together."""
        texts: dict[str, int] = {}
        return np.array([texts.setdefault(pair.sentence.text, len(texts)) for pair in self.pairs], dtype=np.int64)


def label_pairs(labeller: Labeller, sentences: Sequence[LabelledSentence]) -> Labelled:
    """Label every pair whose gold label is known: all ordered pairs of a full sentence, the listed of a partial one."""
    answers = labeller.label(sentences)
    pairs: list[GoldPair] = []
    rows: list[tuple[float, ...]] = []
    for sentence, answer in zip(sentences, answers, strict=True):
        for dyad, label in sentence.pairs(labeller.labels):
            pairs.append(GoldPair(sentence, dyad, label))
            rows.append(answer[dyad])
    probabilities = np.array(rows, dtype=np.float64).reshape(len(rows), len(labeller.labels))
    # The model's sums are 1 but for the rounding of its own, shorter numbers.
    return Labelled(labeller.labels, tuple(pairs), probabilities / probabilities.sum(axis=1, keepdims=True))


class ModelLabeller:
    """A stance model as a labeller."""

    def __init__(self, scorer: StanceScorer) -> None:
        self._scorer = scorer

    @property
    def labels(self) -> tuple[str, ...]:
        return self._scorer.labels

    def label(self, sentences: Sequence[LabelledSentence]) -> list[dict[Dyad, tuple[float, ...]]]:
        """A pair behind the model's longest input counts as neutral, as a batch job writes no row for it.

        Where the labels have no ``neutral``, all are as likely.
        """
        likely = [label for label in self.labels if label == Stance.NEUTRAL] or self.labels
        unseen = tuple(float(label in likely) / len(likely) for label in self.labels)
        scores = self._scorer.score([Candidate(sentence.text, sentence.actors) for sentence in sentences])
        return [{pair.dyad: pair.probabilities or unseen for pair in pairs} for pairs in scores]
