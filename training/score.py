"""How well a model labels the pairs of given actors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from sklearn.metrics import accuracy_score, f1_score

from ..data.schema import LabelledSentence, Stance
from ..models.loading import LoadedModel
from .examples import batches, make_examples


@dataclass(frozen=True, slots=True)
class LabelScores:
    """Figures over the pairs whose label is known.

    ``two_way``: share of the cooperative and hostile pairs on which the model puts the right one of the two before
    the other, as the literature on PLV scores it; ``two_way_with_neutral`` lets the model say anything.
    """

    pairs: int
    accuracy: float
    macro_f1: float
    f1: dict[str, float]
    two_way: float
    two_way_with_neutral: float

    def in_words(self) -> str:
        """One line for a log."""
        each = ", ".join(f"{label} {value:.3f}" for label, value in self.f1.items())
        return (
            f"{self.pairs:,} pairs: accuracy {self.accuracy:.3f}, macro F1 {self.macro_f1:.3f} ({each}), "
            f"two-way {self.two_way:.3f}, with neutral allowed {self.two_way_with_neutral:.3f}"
        )


@torch.inference_mode()
def score_labels(loaded: LoadedModel, sentences: Sequence[LabelledSentence]) -> LabelScores:
    """Label every known pair of the sentences and compare."""
    labels = tuple(loaded.model.config.stances)
    examples = make_examples(sentences, loaded.tokenizer, labels=labels)
    gold: list[int] = []
    logits: list[torch.Tensor] = []
    for batch in batches(examples, batch_tokens=4_096, pad_id=loaded.pad_id):
        if len(batch.pair_labels):
            logits.append(loaded.model(batch.inputs.to(loaded.model.device)).pair_logits.float().cpu())
            gold += batch.pair_labels.tolist()
    scores = torch.cat(logits)
    said = scores.argmax(dim=-1).tolist()
    present = sorted(set(gold))
    each = f1_score(gold, said, labels=present, average=None, zero_division=0.0)
    two = [labels.index(Stance.COOPERATIVE), labels.index(Stance.HOSTILE)]
    polar = [row for row, label in enumerate(gold) if label in two]
    two_way = [two[int(row)] for row in scores[polar][:, two].argmax(dim=-1)]
    return LabelScores(
        pairs=len(gold),
        accuracy=accuracy_score(gold, said),
        macro_f1=float(sum(each) / len(each)),
        f1={labels[label]: float(value) for label, value in zip(present, each, strict=True)},
        two_way=accuracy_score([gold[row] for row in polar], two_way) if polar else float("nan"),
        two_way_with_neutral=accuracy_score([gold[row] for row in polar], [said[row] for row in polar])
        if polar
        else float("nan"),
    )
