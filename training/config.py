"""How to train: a typed configuration, read from YAML, that refuses what it does not know."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..data.errors import DetenteError
from ..data.schema import STANCES

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Augmentation(_Strict):
    """What keeps the model from learning who the actors are; each is a chance, drawn anew for every sentence and pass.

    Attributes:
        swap: other states stand in for the states of a sentence.
        exchange: two states of a sentence change places, and so do their stances.
        mask: the word pieces of an actor are hidden from the model; drawn for each actor.
    """

    swap: Share = 0.0
    exchange: Share = 0.0
    mask: Share = 0.0


class Distillation(_Strict):
    """How a student learns from a teacher (Hinton, Vinyals and Dean, 2015).

    Attributes:
        label_weight: share of the labels in the loss of a pair that has one; the teacher has the rest.
        temperature: both distributions are softened by it.
        max_sentences: of the unlabelled archive, at most so many sentences are used.
        reworded: of this share of the wholly labelled sentences there is a copy, with some words exchanged for near
            ones, that the teacher alone labels.
    """

    label_weight: Share = 0.3
    temperature: Positive = 2.0
    max_sentences: Annotated[int, Field(gt=0)] = 20_000
    reworded: Share = 0.0


class TrainConfig(_Strict):
    """Settings of a training run.

    Attributes:
        start: ``small``, the folder of a stance model, an MLflow URI or run, or ``encoder:NAME`` for any encoder that
            transformers can load, by name or path, with new heads.
        labels: the label set, in the order of the logits. Where it has no ``neutral``, pairs that a sentence does not
            list are unknown; where it has, they are neutral.
        epochs: passes over the data at most.
        patience: evaluations without a better macro F1 on dev after which training stops.
        evaluations: how often dev is scored, and a checkpoint written, in the whole run.
        learning_rate: peak, of the encoder; it falls linearly to 0 after the warm-up.
        head_factor: the heads learn so many times faster.
        frozen_layers: so many of the encoder's lowest layers, with all that lies below, stay as they were at the
            start, which saves time.
        warmup: share of all steps.
        batch_tokens: word pieces of a batch, padding included.
        label_smoothing: of the stances.
        class_weights: weigh the labels by the inverse square root of how often they occur.
        tag_weight: weight of the loss of the actor tagger beside that of the stances.
        max_pieces: sentences are cut after so many word pieces; for new heads only.
        seed: of the order of the data, dropout, new weights and augmentation.
    """

    start: str = "small"
    labels: Annotated[tuple[str, ...], Field(min_length=2)] = STANCES
    epochs: Annotated[int, Field(gt=0)] = 4
    patience: Annotated[int, Field(gt=0)] = 4
    evaluations: Annotated[int, Field(gt=1)] = 8
    learning_rate: Positive = 5e-5
    head_factor: Positive = 10.0
    frozen_layers: Annotated[int, Field(ge=0)] = 0
    warmup: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.06
    weight_decay: Annotated[float, Field(ge=0.0)] = 0.01
    batch_tokens: Annotated[int, Field(ge=64)] = 1_024
    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.05
    class_weights: bool = False
    tag_weight: Annotated[float, Field(ge=0.0)] = 0.3
    max_pieces: Annotated[int, Field(ge=16)] = 256
    seed: int = 0
    augmentation: Augmentation = Augmentation()
    distillation: Distillation = Distillation()


def read_config(name: str) -> TrainConfig:
    """Read a YAML file, or one that comes with the package, by its name without the suffix.

    Raises:
        DetenteError: there is none, it is no YAML mapping, or a key is unknown or its value out of bounds.
    """
    shipped = {Path(str(file)).stem: file for file in (files("detente.training") / "configs").iterdir()}
    if name in shipped:
        text = shipped[name].read_text(encoding="utf-8")
    elif Path(name).is_file():
        text = Path(name).read_text(encoding="utf-8")
    else:
        known = ", ".join(sorted(shipped))
        raise DetenteError(f"a YAML file or one of {known}", found=f"no file {name}", remedy="Check the path.")
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DetenteError("YAML", found=" ".join(str(error).split()), remedy="Mend the file.", where=name) from error
    if not isinstance(content or {}, dict):
        found = type(content).__name__
        raise DetenteError("a mapping from settings to values", found=found, remedy="Mend the file.", where=name)
    try:
        return TrainConfig.model_validate(content or {})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        if first["type"] == "extra_forbidden":
            known = ", ".join(TrainConfig.model_fields)
            raise DetenteError(f"the settings {known}", found=key, remedy="Remove or rename it.", where=name) from error
        message = str(first["msg"])
        raise DetenteError(
            f"{key} to be valid ({message[:1].lower()}{message[1:]})",
            found=repr(first["input"]),
            remedy="Mend the value.",
            where=name,
        ) from error


def flat(config: TrainConfig) -> dict[str, str]:
    """The settings by dotted name, as text."""
    found: dict[str, str] = {}
    for key, value in config.model_dump().items():
        for part, one in value.items() if isinstance(value, dict) else [("", value)]:
            found[f"{key}.{part}" if part else key] = ", ".join(one) if isinstance(one, tuple) else str(one)
    return found
