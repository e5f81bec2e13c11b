"""A training run from its data to a model with its card, recorded in MLflow, and resumed where it was killed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import AutoTokenizer, set_seed

from ..data.errors import DetenteError
from ..data.schema import LabelledSentence
from ..inference.gazetteer import load_gazetteer
from ..inference.scorer import StanceScorer
from ..models.batch import cut_at
from ..models.config import StanceConfig
from ..models.loading import LoadedModel, load_model, quiet_transformers
from ..models.stance import StanceModel
from .calibration import fit_temperature
from .card import write_card
from .config import TrainConfig, flat
from .figures import point_figures
from .labelling import Labelled, ModelLabeller, label_pairs
from .material import Material
from .progress import ProgressCallback, in_words
from .registry import resolve_model
from .run_folder import RunFolder
from .tagging import fit_thresholds
from .tracking import log_data, log_metrics, recorded_run
from .trainer import StanceTrainer
from .variants import training_data

_ENCODER = "encoder:"


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """The folder of the new model, its figures on dev before and after, and its MLflow run."""

    folder: Path
    before: Mapping[str, float] | None
    after: Mapping[str, float]
    run_id: str
    seconds: float


def train(
    material: Material,
    config: TrainConfig,
    out: Path,
    *,
    name: str = "",
    teachers: Sequence[Path] = (),
    unlabelled: Sequence[LabelledSentence] = (),
    overwrite: bool = False,
    say: Callable[[str], None] = print,
) -> TrainedModel:
    """Train, calibrate on dev, save, and record.

    Args:
        out: folder of the new model; a run that was killed there goes on from its last checkpoint.
        teachers: folders of the models from whose logits the new one learns (see ``Distillation``).
        unlabelled: sentences with actors that only the teachers label.
        say: gets lines on what goes on.

    Raises:
        DetenteError: there is nothing to learn from, the start or a teacher cannot be loaded or does not fit, or
            ``out`` holds something else.
    """
    started = time.perf_counter()
    if not material.sentences() and not unlabelled:
        raise DetenteError("sentences to learn from", found="none beside those to measure on", remedy="Give more data.")
    # What is to be read is read before --overwrite removes anything.
    set_seed(config.seed)
    start = None if config.start.startswith(_ENCODER) else resolve_model(config.start).folder
    model, tokenizer, as_trained = _new_model(config) if start is None else _known_model(start, config)
    record = _record(config, material, start, teachers, unlabelled)
    if any(one.resolve() == out.resolve() for one in (*teachers, *([start] if start else []))):
        raise DetenteError("another --out", found=f"{out}, which is learned from", remedy="Give a new folder.")
    folder = RunFolder(out, record, overwrite=overwrite)
    say(
        f"{len(material.sentences()):,} labelled sentences, {len(unlabelled):,} unlabelled; "
        f"{material.kept_out:,} left out as they are measured on; dev: {len(material.dev.sentences):,}"
    )
    before = None
    if as_trained:
        before = _dev_figures(LoadedModel(model, tokenizer, "start"), material.dev.sentences)
        say(f"before: {in_words(before)}")
    embeddings = model.encoder.get_input_embeddings().weight.detach()
    data = training_data(folder.checkpoints, material, config, tokenizer, embeddings, teachers, unlabelled, say)
    params = {**record, "model": str(out.resolve())}
    with recorded_run(name or f"train {out.name}", params, run_id=folder.run_id) as run_id:
        folder.begin(run_id)
        for one in material.learned:
            log_data(one.data, context="training")
        log_data(material.dev, context="dev")
        trainer = StanceTrainer(
            model,
            tokenizer,
            data,
            dev=material.dev.sentences,
            config=config,
            folder=folder.checkpoints,
            callbacks=[ProgressCallback(run_id, say)],
        )
        last = folder.last_checkpoint()
        if last is not None:
            say(f"going on from {Path(last).name}")
        with quiet_transformers():
            trainer.train(resume_from_checkpoint=last)
        model.train(False)
        loaded = LoadedModel(model, tokenizer, out.name)
        loaded.model.config.calibration_temperature = fit_temperature(_labelled(loaded, material.dev.sentences))
        thresholds = fit_thresholds(StanceScorer(loaded), load_gazetteer(), material.dev.sentences)
        loaded.model.config.tag_thresholds = None if thresholds is None else list(thresholds)
        after = _dev_figures(loaded, material.dev.sentences)
        seconds = time.perf_counter() - started
        step = trainer.state.global_step
        log_metrics(run_id, {f"after/{key}": value for key, value in after.items()} | {"seconds": seconds}, step=step)
        folder.finish(loaded, {**record, "minutes": round(seconds / 60, 1), "run": run_id})
        write_card(out, config, material, before, after, teachers=teachers, unlabelled=len(unlabelled))
    say(f"after: {in_words(after)}")
    return TrainedModel(out, before, after, run_id, seconds)


def _new_model(config: TrainConfig) -> tuple[StanceModel, Tokenizer, bool]:
    """New heads over an encoder, its tokenizer, and that it does not speak the labels yet."""
    encoder = config.start.removeprefix(_ENCODER)
    if (encoder.startswith((".", "/", "~")) or encoder.count("/") > 1) and not Path(encoder).is_dir():
        raise DetenteError("the folder of an encoder", found=f"no folder {encoder}", remedy="Check the path.")
    with quiet_transformers():
        library_tokenizer = AutoTokenizer.from_pretrained(encoder)
        model = StanceModel.from_encoder(encoder, StanceConfig(stances=config.labels, max_pieces=config.max_pieces))
    return model, cut_at(library_tokenizer.backend_tokenizer, config.max_pieces), False


def _known_model(folder: Path, config: TrainConfig) -> tuple[StanceModel, Tokenizer, bool]:
    """A model of ours, its tokenizer, and whether it already speaks the labels of the configuration."""
    loaded = load_model(str(folder), device="cpu", dtype=torch.float32)
    loaded.model.config.calibration_temperature = 1.0
    fits = tuple(loaded.model.config.stances) == config.labels
    if not fits:
        loaded.model.fit_labels(config.labels)
    return loaded.model, loaded.tokenizer, fits


def _record(
    config: TrainConfig,
    material: Material,
    start: Path | None,
    teachers: Sequence[Path],
    unlabelled: Sequence[LabelledSentence],
) -> dict[str, str]:
    """Everything that decides what is learned, flat, as text."""
    record = flat(config)
    encoder = Path(config.start.removeprefix(_ENCODER))
    if start is not None:
        record["start/weights"] = _weights(start)
    elif (encoder / "model.safetensors").is_file():
        # Which one it is counts, not where it lies.
        record["start"] = f"{_ENCODER}{encoder.name}"
        record["start/weights"] = _weights(encoder)
    for number, learned in enumerate(material.learned, 1):
        one = learned.data
        record[f"data/{number}"] = f"{len(one.sentences)} of {one.name} {one.sha256[:16]}, {learned.times} times"
    record["dev"] = f"{len(material.dev.sentences)} of {material.dev.name} {material.dev.sha256[:16]}"
    for number, teacher in enumerate(teachers, 1):
        record[f"teacher/{number}"] = _weights(teacher)
    if unlabelled:
        texts = "\0".join(sentence.text for sentence in unlabelled)
        record["unlabelled"] = f"{len(unlabelled)}, {_digest(texts.encode())}"
    record["texts"] = _digest("\0".join(sentence.text for sentence in material.sentences()).encode())
    return record


def _weights(folder: Path) -> str:
    """The folder of a model and the beginning of the SHA-256 of its weights: a name may come to mean others."""
    return f"{folder.name} {_digest((folder / 'model.safetensors').read_bytes())}"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _labelled(loaded: LoadedModel, sentences: Sequence[LabelledSentence]) -> Labelled:
    return label_pairs(ModelLabeller(StanceScorer(loaded)), sentences)


def _dev_figures(loaded: LoadedModel, sentences: Sequence[LabelledSentence]) -> dict[str, float]:
    return point_figures(_labelled(loaded, sentences))
