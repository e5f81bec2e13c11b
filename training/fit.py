"""Train a stance model on labelled files: a plain loop.

python -m detente.training.fit --encoder ENCODER --out MODEL --data corpus.jsonl --data plv.jsonl:3 --dev dev.jsonl
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import AutoTokenizer, get_linear_schedule_with_warmup

from ..data.labelled import read_labelled
from ..data.schema import STANCES, LabelledSentence
from ..inference.scorer import StanceScorer
from ..models.batch import cut_at
from ..models.config import StanceConfig
from ..models.loading import LoadedModel, fast_dtype, load_model, quiet_transformers
from ..models.stance import StanceModel
from .calibration import fit_temperature
from .examples import IGNORED, Example, ExampleBatch, batches, make_examples, split_folds
from .figures import point_figures
from .labelling import Labelled, ModelLabeller, label_pairs

_ADVANCED = {"lr_heads": 10.0, "weight_decay": 0.01, "warmup": 0.06}


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How to train: passes over the data, peak learning rate of the encoder, word pieces in a batch."""

    epochs: int = 4
    learning_rate: float = 1e-4
    batch_tokens: int = 1_024
    tag_weight: float = 0.3
    label_smoothing: float = 0.05
    seed: int = 0


def fit(
    model: StanceModel, examples: Sequence[Example], *, pad_id: int, settings: FitSettings, log: bool = True
) -> None:
    """Train in place; in bf16 autocast where the device multiplies bf16 in hardware, which is faster and as good."""
    shuffle = random.Random(settings.seed)
    torch.manual_seed(settings.seed)
    heads = [*model.pair_head.parameters(), *model.tag_head.parameters()]
    optimizer = torch.optim.AdamW(
        [
            {"params": list(model.encoder.parameters()), "lr": settings.learning_rate},
            {"params": heads, "lr": settings.learning_rate * _ADVANCED["lr_heads"]},
        ],
        weight_decay=_ADVANCED["weight_decay"],
    )
    per_epoch = sum(1 for _ in batches(examples, batch_tokens=settings.batch_tokens, pad_id=pad_id))
    steps = per_epoch * settings.epochs
    schedule = get_linear_schedule_with_warmup(optimizer, int(steps * _ADVANCED["warmup"]), steps)
    model.train()
    started, step, running = time.perf_counter(), 0, 0.0
    for _ in range(settings.epochs):
        for batch in batches(examples, batch_tokens=settings.batch_tokens, pad_id=pad_id, shuffle=shuffle):
            loss = _loss(model, batch, settings)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
            step += 1
            running = loss.item() if step == 1 else 0.98 * running + 0.02 * loss.item()
            if log and step % 50 == 0:
                left = (time.perf_counter() - started) / step * (steps - step)
                print(f"step {step}/{steps} loss {running:.3f} left {left / 60:.1f} min", flush=True)
    model.train(False)


def _loss(model: StanceModel, batch: ExampleBatch, settings: FitSettings) -> torch.Tensor:
    with torch.autocast(model.device.type, torch.bfloat16, enabled=fast_dtype(model.device) is torch.bfloat16):
        output = model(batch.inputs.to(model.device))
    pair_labels = batch.pair_labels.to(model.device)
    loss: torch.Tensor = output.tag_logits.sum() * 0.0
    if len(pair_labels):
        loss = loss + functional.cross_entropy(
            output.pair_logits.float(), pair_labels, label_smoothing=settings.label_smoothing
        )
    tags = batch.tags.to(model.device).flatten()
    if settings.tag_weight and bool((tags != IGNORED).any()):
        tag_loss = functional.cross_entropy(output.tag_logits.float().flatten(0, 1), tags, ignore_index=IGNORED)
        loss = loss + settings.tag_weight * tag_loss
    return loss


def _spec(spec: str) -> tuple[Path, int]:
    """The file of ``FILE`` or ``FILE:TIMES``, and how often to take it."""
    name, _, times = spec.rpartition(":")
    return (Path(name), int(times)) if name and times.isdigit() else (Path(spec), 1)


def _read(spec: str) -> tuple[list[LabelledSentence], int]:
    path, times = _spec(spec)
    return list(read_labelled(path)), times


def _report(title: str, labelled: Labelled) -> None:
    figures = point_figures(labelled)
    each = ", ".join(f"{label} {figures[f'f1_{label}']:.3f}" for label in labelled.labels if f"f1_{label}" in figures)
    line = f"{len(labelled.pairs):,} pairs: accuracy {figures['accuracy']:.3f}, "
    line += f"macro F1 {figures['macro_f1']:.3f} ({each})"
    if "two_way" in figures:
        line += f", two-way {figures['two_way']:.3f}, with neutral allowed {figures['two_way_with_neutral']:.3f}"
    print(title, line, flush=True)


def main() -> None:
    """Read the arguments, train, say how good the model is on what was held out, and save it."""
    defaults = FitSettings()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    start = parser.add_mutually_exclusive_group(required=True)
    start.add_argument("--encoder", type=Path, help="start from a pretrained encoder, with new heads: its folder")
    start.add_argument("--start", help="start from a stance model: small, or its folder")
    parser.add_argument("--out", required=True, type=Path, help="folder of the new model")
    parser.add_argument("--data", action="append", default=[], metavar="FILE[:TIMES]", help="sentences to learn from")
    parser.add_argument(
        "--hold-out", action="append", default=[], metavar="FILE[:TIMES]", help="the same, less a fifth"
    )
    parser.add_argument("--dev", action="append", default=[], type=Path, help="sentences to score")
    parser.add_argument("--calibrate", type=Path, help="sentences, not learned from, to fit the temperature on")
    parser.add_argument("--epochs", type=int, default=defaults.epochs)
    parser.add_argument("--learning-rate", type=float, default=defaults.learning_rate)
    parser.add_argument("--batch-tokens", type=int, default=defaults.batch_tokens)
    parser.add_argument("--tag-weight", type=float, default=defaults.tag_weight)
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.add_argument("--fold", type=int, default=0, choices=range(5), help="which fifth is held out")
    args = parser.parse_args()

    train: list[LabelledSentence] = []
    scored: dict[str, list[LabelledSentence]] = {str(path): list(read_labelled(path)) for path in args.dev}
    for spec in args.data:
        sentences, times = _read(spec)
        train += sentences * times
    for spec in args.hold_out:
        sentences, times = _read(spec)
        kept, out = split_folds(sentences, fold=args.fold)
        train += kept * times
        scored[f"{spec}, held-out fifth"] = out
    settings = FitSettings(
        epochs=args.epochs,
        learning_rate=args.learning_rate,
        batch_tokens=args.batch_tokens,
        tag_weight=args.tag_weight,
        seed=args.seed,
    )
    model, tokenizer = _start(args.encoder, args.start)
    examples = make_examples(train, tokenizer, labels=STANCES)
    print(f"{len(examples):,} examples, {sum(len(example.pair_labels) for example in examples):,} pairs", flush=True)
    fit(model, examples, pad_id=int(model.encoder.config.pad_token_id), settings=settings)
    loaded = LoadedModel(model, tokenizer, "new")
    labeller = ModelLabeller(StanceScorer(loaded))
    if args.calibrate:
        held = list(read_labelled(args.calibrate))
        model.config.calibration_temperature = 1.0
        labelled = label_pairs(labeller, held)
        model.config.calibration_temperature = fit_temperature(labelled)
        print(f"temperature {model.config.calibration_temperature:.3f}", flush=True)
    for title, sentences in scored.items():
        _report(title, label_pairs(labeller, sentences))
    with quiet_transformers():
        model.to(torch.float16).save_pretrained(args.out)  # type: ignore[arg-type]
        tokenizer.save(str(args.out / "tokenizer.json"))
    _write_record(args.out / "training.json", settings, start=str(args.start or args.encoder.name), args=args)
    print(f"saved {args.out}")


def _start(encoder: Path | None, start: str | None) -> tuple[StanceModel, Tokenizer]:
    """The untrained model and its tokenizer."""
    if start is not None:
        loaded = load_model(start, dtype=torch.float32)
        return loaded.model, loaded.tokenizer
    with quiet_transformers():
        library_tokenizer = AutoTokenizer.from_pretrained(encoder)
        model = StanceModel.from_encoder(str(encoder), StanceConfig(max_pieces=256))
    return model, cut_at(library_tokenizer.backend_tokenizer, model.config.max_pieces)


def _write_record(path: Path, settings: FitSettings, *, start: str, args: argparse.Namespace) -> None:
    """How the model was trained, beside its weights: comparisons show what differs, and a model can be rebuilt."""
    data = {}
    for kind, specs in (("all of", args.data), ("four fifths of", args.hold_out)):
        for spec in specs:
            file, times = _spec(spec)
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            data[f"data/{file.name}"] = f"{kind} sha256 {digest[:16]}, {times} times"
    record = {"start": start, **asdict(settings), "fold": args.fold, **data}
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
