"""How good predictions are: figures with bootstrap intervals. scikit-learn computes wherever it can."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
)

from ..data.schema import Stance
from .labelling import Floats, Labelled

Ints = NDArray[np.int64]

#: Bins of equal width for the expected calibration error, as in Guo et al. (ICML 2017).
CALIBRATION_BINS = 15


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % percentile bootstrap interval; NaN where it is not defined."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one model on one set; ``confusion`` (gold, said) and ``support`` count pairs."""

    pairs: int
    sentences: int
    labels: tuple[str, ...]
    support: Mapping[str, int]
    confusion: Ints
    values: Mapping[str, Figure]


#: Figures by name from the weights of the pairs (pairs,); NaN where one is not defined.
Measures = Callable[[Floats], dict[str, float]]


def measure(labelled: Labelled, *, resamples: int = 1_000, seed: int = 0) -> Figures:
    """All figures of one model on one set.

    Intervals are percentile bootstrap over sentences (Efron and Tibshirani, 1993): a resample weighs each sentence,
    and all its pairs, by how often it was drawn.
    """
    gold, said, labels = labelled.gold, labelled.said, labelled.labels
    weights = bootstrap_weights(labelled.groups, resamples=resamples, seed=seed)
    values = intervals(lambda row: _measure_all(labelled, row), weights)
    return Figures(
        pairs=len(gold),
        sentences=len(set(labelled.groups.tolist())),
        labels=labels,
        support={label: int((gold == number).sum()) for number, label in enumerate(labels)},
        confusion=confusion_matrix(gold, said, labels=range(len(labels))),
        values=values,
    )


def point_figures(labelled: Labelled) -> dict[str, float]:
    """All figures without intervals, which take a while: for the log of a training run."""
    return _measure_all(labelled, np.ones(len(labelled.pairs)))


def bootstrap_weights(groups: Ints, *, resamples: int, seed: int) -> Floats:
    """How often each pair is drawn in each resample of the groups; (resamples, pairs)."""
    drawn = np.random.default_rng(seed)
    number = int(groups.max()) + 1
    counts = drawn.multinomial(number, np.full(number, 1 / number), size=resamples)
    return counts[:, groups].astype(np.float64)


def intervals(of: Measures, weights: Floats) -> dict[str, Figure]:
    """Figures on all pairs and their percentile intervals over the resamples in which they are defined."""
    # The same arrays are checked once for all: with the checks of each call this takes three times as long.
    with config_context(assume_finite=True, skip_parameter_validation=True):
        values = of(np.ones(weights.shape[1]))
        # A resample of few sentences may draw none that holds anything to score.
        samples = [of(row) for row in weights if row.any()]
    found = {}
    for name, value in values.items():
        drawn = np.array([sample[name] for sample in samples])
        defined = drawn[~np.isnan(drawn)]
        if np.isnan(value) or not len(defined):
            found[name] = Figure(value, float("nan"), float("nan"))
        else:
            low, high = np.percentile(defined, [2.5, 97.5])
            found[name] = Figure(value, float(low), float(high))
    return found


def _measure_all(labelled: Labelled, weights: Floats) -> dict[str, float]:
    gold, said, labels, probabilities = labelled.gold, labelled.said, labelled.labels, labelled.probabilities
    present = sorted(set(gold.tolist()))
    found = {
        "accuracy": float(accuracy_score(gold, said, sample_weight=weights)),
        "macro_f1": macro_f1(gold, said, present, weights),
        "calibration_error": calibration_error(gold, probabilities, weights),
        "brier": brier(gold, probabilities, weights),
    }
    precision, recall, f1, _ = precision_recall_fscore_support(
        gold, said, labels=present, sample_weight=weights, zero_division=0.0
    )
    for place, number in enumerate(present):
        label, is_gold = labels[number], gold == number
        found |= {
            f"precision_{label}": float(precision[place]),
            f"recall_{label}": float(recall[place]),
            f"f1_{label}": float(f1[place]),
            f"average_precision_{label}": float(
                average_precision_score(is_gold, probabilities[:, number], sample_weight=weights)
            )
            if weights[is_gold].any()
            else float("nan"),
        }
    if {Stance.COOPERATIVE, Stance.HOSTILE} <= {labels[number] for number in present}:
        found |= _two_way(labelled, weights)
    return found


def _two_way(labelled: Labelled, weights: Floats) -> dict[str, float]:
    """Cooperative against hostile on the pairs that are one of the two, as the literature on PLV scores it.

    ``two_way`` compares the two probabilities; ``two_way_with_neutral`` lets the model say anything.
    """
    two = [labelled.labels.index(Stance.COOPERATIVE), labelled.labels.index(Stance.HOSTILE)]
    polar = np.isin(labelled.gold, two)
    gold, said, kept = labelled.gold[polar], labelled.said[polar], weights[polar]
    forced = np.array(two)[labelled.probabilities[polar][:, two].argmax(axis=1)]
    answers = {"two_way": forced, "two_way_with_neutral": said}
    return {
        name: float(accuracy_score(gold, answer, sample_weight=kept)) if kept.any() else float("nan")
        for name, answer in answers.items()
    }


def macro_f1(gold: Ints, said: Ints, labels: list[int], weights: Floats | None = None) -> float:
    """Mean of the F1 over the labels that occur in the gold data."""
    return float(f1_score(gold, said, labels=labels, average="macro", sample_weight=weights, zero_division=0.0))


def brier(gold: Ints, probabilities: Floats, weights: Floats | None = None) -> float:
    """Brier score: the mean squared distance to the gold label, summed over labels, between 0 and 2 (Brier, 1950)."""
    return float(
        brier_score_loss(
            gold, probabilities, sample_weight=weights, labels=range(probabilities.shape[1]), scale_by_half=False
        )
    )


def calibration_error(gold: Ints, probabilities: Floats, weights: Floats | None = None) -> float:
    """Expected calibration error of the chosen label: mean gap of confidence and accuracy, by bins of confidence."""
    weights = np.ones(len(gold)) if weights is None else weights
    confidence = probabilities.max(axis=1)
    right = (probabilities.argmax(axis=1) == gold).astype(np.float64)
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, weights=weights * (confidence - right), minlength=CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / weights.sum())


def dse_macro_f1(labelled: Labelled) -> Callable[[Floats], float]:
    """Macro F1 over the five classes of DSE (Park et al., 2021) from the stances in the two directions.

    A class is scored by the two directions together: neutral by p(neutral) in both, "p positive towards q" by
    p(cooperative or mediating) from p to q and p(neutral) back, and so on; the best class counts.

    The set's sentences label exactly two pairs each, p to q and q to p.
    """
    index = {label: number for number, label in enumerate(labelled.labels)}
    positive, negative, neutral = index[Stance.COOPERATIVE], index[Stance.HOSTILE], index[Stance.NEUTRAL]
    forth, back = labelled.probabilities[0::2].copy(), labelled.probabilities[1::2].copy()
    if Stance.MEDIATING in index:
        for side in (forth, back):
            side[:, positive] += side[:, index[Stance.MEDIATING]]
    scores = np.stack(
        [
            forth[:, neutral] * back[:, neutral],
            forth[:, positive] * back[:, neutral],
            forth[:, neutral] * back[:, positive],
            forth[:, negative] * back[:, neutral],
            forth[:, neutral] * back[:, negative],
        ],
        axis=1,
    )
    said = scores.argmax(axis=1)
    gold_forth, gold_back = labelled.gold[0::2], labelled.gold[1::2]
    gold = np.select(
        [gold_forth == positive, gold_back == positive, gold_forth == negative, gold_back == negative], [1, 2, 3, 4], 0
    )
    return lambda weights: macro_f1(gold, said, [0, 1, 2, 3, 4], weights[0::2])
