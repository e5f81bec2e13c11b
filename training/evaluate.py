"""One model on one labelled set: all that the harness knows of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..data.formats import PublicSet
from ..data.schema import Dyad
from ..data.sources import LabelledSet
from ..inference.gazetteer import Gazetteer
from ..inference.scorer import StanceScorer
from .end_to_end import EndToEnd, end_to_end
from .figures import Figures, bootstrap_weights, dse_macro_f1, intervals, measure
from .labelling import Labelled, Labeller, ModelLabeller, label_pairs
from .slices import Slice, slices
from .swap import Invariance, invariance


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model's figures on a set; ``end_to_end`` and ``swaps`` are None where the set allows neither."""

    data: LabelledSet
    labelled: Labelled
    figures: Figures
    slices: tuple[Slice, ...]
    end_to_end: EndToEnd | None
    swaps: Invariance | None

    def metrics(self) -> dict[str, float]:
        """Every figure and its bounds by name, as a run records them; figures that are not defined are left out."""
        values = dict(self.figures.values)
        if self.end_to_end is not None:
            values |= {f"end_to_end_{name}": figure for name, figure in self.end_to_end.values.items()}
        if self.swaps is not None:
            values["swap_invariance"] = self.swaps.survived
        named: dict[str, float] = {f"{self.data.name}/pairs": float(self.figures.pairs)}
        for name, figure in values.items():
            for suffix, value in (("", figure.value), ("_low", figure.low), ("_high", figure.high)):
                if not math.isnan(value):
                    named[f"{self.data.name}/{name}{suffix}"] = value
        return named


@dataclass(frozen=True, slots=True)
class Mistake:
    """A pair that the model labels otherwise than gold."""

    sentence_id: str
    text: str
    dyad: Dyad
    gold: str
    said: str
    probability: float


def evaluate(
    labeller: Labeller,
    data: LabelledSet,
    *,
    scorer: StanceScorer | None = None,
    gazetteer: Gazetteer | None = None,
    resamples: int = 1_000,
    seed: int = 0,
) -> Evaluation:
    """Label the pairs of given actors and, with a scorer and a gazetteer, the bare texts."""
    labelled = label_pairs(labeller, data.sentences)
    figures = measure(labelled, resamples=resamples, seed=seed)
    if data.format == PublicSet.DSE:
        weights = bootstrap_weights(labelled.groups, resamples=resamples, seed=seed)
        of = dse_macro_f1(labelled)
        five = intervals(lambda row: {"dse_five_class_macro_f1": of(row)}, weights)
        figures = replace(figures, values={**figures.values, **five})
    found = None
    if scorer is not None and gazetteer is not None:
        found = end_to_end(scorer, gazetteer, data.sentences, resamples=resamples, seed=seed)
    return Evaluation(
        data=data,
        labelled=labelled,
        figures=figures,
        slices=tuple(slices(labelled)),
        end_to_end=found,
        swaps=invariance(labeller, data.sentences, resamples=resamples, seed=seed),
    )


def evaluate_model(scorer: StanceScorer, gazetteer: Gazetteer, data: LabelledSet, *, resamples: int) -> Evaluation:
    """Both levels of a stance model."""
    return evaluate(ModelLabeller(scorer), data, scorer=scorer, gazetteer=gazetteer, resamples=resamples)


def mistakes(labelled: Labelled) -> list[Mistake]:
    """Every pair that is labelled wrong, the surest first."""
    found = []
    for pair, gold, said, row in zip(labelled.pairs, labelled.gold, labelled.said, labelled.probabilities, strict=True):
        if gold != said:
            found.append(
                Mistake(
                    sentence_id=pair.sentence.id,
                    text=pair.sentence.text,
                    dyad=pair.dyad,
                    gold=pair.label,
                    said=labelled.labels[int(said)],
                    probability=float(row[said]),
                )
            )
    return sorted(found, key=lambda mistake: -mistake.probability)
