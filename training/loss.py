"""The loss of a batch: stances and actor tags, from labels and from a teacher."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from ..models.stance import StanceOutput
from .config import TrainConfig
from .examples import IGNORED


def batch_loss(
    output: StanceOutput, tensors: Mapping[str, Tensor], config: TrainConfig, *, weights: Tensor | None = None
) -> Tensor:
    """Mean loss of the pairs, and ``tag_weight`` times that of the word pieces.

    With a teacher it is ``label_weight`` times the cross entropy with the labels and, for the rest, the divergence
    from the teacher's distribution at the temperature, times its square (Hinton et al., 2015); where there is no
    label, the divergence alone.

    Args:
        weights: of the labels (labels,), see ``TrainConfig.class_weights``.
    """
    pairs = _mixed(
        output.pair_logits.float(),
        tensors["pair_labels"],
        tensors["pair_targets"],
        config,
        weights=weights,
        smoothing=config.label_smoothing,
    )
    tags = _mixed(
        output.tag_logits.float().flatten(0, 1), tensors["tags"].flatten(), tensors["tag_targets"].flatten(0, 1), config
    )
    return pairs + config.tag_weight * tags


def _mixed(
    logits: Tensor,
    labels: Tensor,
    targets: Tensor,
    config: TrainConfig,
    *,
    weights: Tensor | None = None,
    smoothing: float = 0.0,
) -> Tensor:
    """The mean over the items that have a label, a teacher's logits, or both; 0 where there is none."""
    labelled = labels != IGNORED
    taught = ~targets.isnan().any(dim=-1)
    hard = functional.cross_entropy(
        logits, labels, weight=weights, ignore_index=IGNORED, reduction="none", label_smoothing=smoothing
    )
    temperature = config.distillation.temperature
    soft = functional.kl_div(
        functional.log_softmax(logits / temperature, dim=-1),
        functional.log_softmax(torch.where(taught.unsqueeze(-1), targets, 0.0) / temperature, dim=-1),
        log_target=True,
        reduction="none",
    ).sum(dim=-1) * (temperature**2)
    share = torch.where(labelled & taught, config.distillation.label_weight, 1.0)
    loss = share * hard * labelled + torch.where(labelled, 1.0 - share, 1.0) * soft * taught
    return loss.sum() / (labelled | taught).sum().clamp(min=1)
