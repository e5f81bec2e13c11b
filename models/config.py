"""The configuration of a stance model."""

from __future__ import annotations

from typing import Any

from transformers import PretrainedConfig

from ..data.schema import STANCES

#: Tags of the actor tagger: outside, first and later word pieces of a mention.
TAGS: tuple[str, ...] = ("O", "B", "I")


class StanceConfig(PretrainedConfig):
    """What it takes to build a ``StanceModel`` without its weights.

    Args:
        encoder: the configuration of the encoder as a dictionary, its ``model_type`` included.
        stances: the labels of the pair head, in the order of its logits.
        pair_hidden: width of the hidden layer of the pair head.
        pair_dropout: dropout before each layer of the pair head.
        calibration_temperature: the logits are divided by it before the softmax (calibration).
        tag_thresholds: from which probability on the tagger's word pieces make a mention, and a name that the
            gazetteer knows is one; None where the tagger has not been trained, and the gazetteer alone finds actors.
        max_pieces: sentences are cut after so many word pieces, the special ones included.
    """

    model_type = "detente-stance"

    def __init__(
        self,
        *,
        encoder: dict[str, Any] | None = None,
        stances: tuple[str, ...] | list[str] = STANCES,
        pair_hidden: int = 384,
        pair_dropout: float = 0.1,
        calibration_temperature: float = 1.0,
        tag_thresholds: tuple[float, float] | list[float] | None = None,
        max_pieces: int = 256,
        **kwargs: Any,
    ) -> None:
        self.encoder = encoder or {"model_type": "bert"}
        self.stances = list(stances)
        self.pair_hidden = pair_hidden
        self.pair_dropout = pair_dropout
        self.calibration_temperature = calibration_temperature
        self.tag_thresholds = None if tag_thresholds is None else list(tag_thresholds)
        self.max_pieces = max_pieces
        super().__init__(**kwargs)
