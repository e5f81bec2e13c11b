"""How fast training is: ours, beside the library's Trainer with every sentence padded to a fixed length, in one run.

python benchmarks/train.py [MODEL] [--sentences N]

Both train the same model on the same sentences of the corpus with the same losses; the share of the peak is that of the
multiplications of the encoder's layers, 6 for each weight and word piece (Kaplan et al., 2020), padding not counted, in
what a large matrix product reaches here.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from detente.data.labelled import read_labelled
from detente.data.schema import STANCES
from detente.models.loading import LoadedModel, fast_dtype, load_model
from detente.training.config import TrainConfig
from detente.training.dataset import Collator, Variants, make_dataset, to_batch
from detente.training.examples import Example, make_examples
from detente.training.loss import batch_loss
from detente.training.trainer import StanceTrainer
from torch import Tensor, nn
from transformers import Trainer, TrainingArguments

_FIXED = 128
_BATCH = 32
_CORPUS = Path(__file__).parents[1] / "data" / "corpus" / "train.jsonl"


class PlainTrainer(Trainer):
    """The library's own loop: batches of so many sentences, in random order, padded to one length."""

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Tensor | Any],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor | tuple[Tensor, Any]:
        output = model(to_batch(inputs))
        loss = batch_loss(output, inputs, TrainConfig(), weights=torch.ones(len(STANCES)))
        return (loss, output) if return_outputs else loss


class FixedCollator(Collator):
    """Adds a row of padding to the length that is fixed, and takes its sentence away again."""

    def __call__(self, rows: Any) -> dict[str, Tensor]:
        tensors = super().__call__(rows)
        sentences, longest = tensors["input_ids"].shape
        more = _FIXED - longest
        row, piece = tensors["piece_index"] // longest, tensors["piece_index"] % longest
        return {
            **tensors,
            "input_ids": nn.functional.pad(tensors["input_ids"], (0, more), value=self._pad_id),
            "attention_mask": nn.functional.pad(tensors["attention_mask"], (0, more)),
            "piece_index": row * _FIXED + piece,
            "tags": nn.functional.pad(tensors["tags"], (0, more), value=-100),
            "tag_targets": torch.full((sentences, _FIXED, tensors["tag_targets"].shape[-1]), torch.nan),
        }


def main() -> None:
    """Train for one pass both ways and print sentences/s and shares of the peak."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="small")
    parser.add_argument("--sentences", type=int, default=600)
    args = parser.parse_args()
    sentences = list(read_labelled(_CORPUS))[: args.sentences]
    loaded = load_model(args.model, device="cpu", dtype=torch.float32)
    examples = [
        example
        for example in make_examples(sentences, loaded.tokenizer, labels=STANCES)
        if len(example.encoded) <= _FIXED
    ]
    ways: Mapping[str, Callable[[LoadedModel, list[Example], str], Trainer]] = {
        "ours": _ours,
        f"plain, padded to {_FIXED}": _plain,
    }
    pieces = sum(len(example.encoded) for example in examples)
    weights = sum(p.numel() for name, p in loaded.model.encoder.named_parameters() if "embeddings" not in name)
    peak = matrix_product_peak(fast_dtype(torch.device("cpu")))
    print(f"{len(examples):,} sentences, {pieces:,} word pieces; matrix product {peak / 1e9:,.0f} GFLOP/s")
    speeds = []
    for name, make in ways.items():
        model = load_model(args.model, device="cpu", dtype=torch.float32)
        with tempfile.TemporaryDirectory() as folder:
            trainer = make(model, examples, folder)
            started = time.perf_counter()
            trainer.train()
            seconds = time.perf_counter() - started
        speeds.append(len(examples) / seconds)
        share = 6 * weights * pieces / seconds / peak
        print(f"{name}: {speeds[-1]:.1f} sentences/s, {share:.0%} of the peak")
    print(f"ratio {speeds[0] / speeds[1]:.2f}")


def _ours(loaded: LoadedModel, examples: list[Example], folder: str) -> Trainer:
    config = TrainConfig(epochs=1, evaluations=2)
    # One sentence of dev: scoring it is no part of training.
    dev = list(read_labelled(_CORPUS))[-1:]
    data = make_dataset([Variants(example) for example in examples])
    return StanceTrainer(loaded.model, loaded.tokenizer, data, dev=dev, config=config, folder=Path(folder))


def _plain(loaded: LoadedModel, examples: list[Example], folder: str) -> Trainer:
    return PlainTrainer(
        model=loaded.model,
        args=TrainingArguments(
            output_dir=folder,
            num_train_epochs=1,
            per_device_train_batch_size=_BATCH,
            use_cpu=True,
            bf16=fast_dtype(torch.device("cpu")) is torch.bfloat16,
            dataloader_pin_memory=False,
            remove_unused_columns=False,
            report_to="none",
            disable_tqdm=True,
            save_strategy="epoch",
        ),
        train_dataset=make_dataset([Variants(example) for example in examples]),
        data_collator=FixedCollator(pad_id=loaded.pad_id, mask_id=None, mask=0.0, labels=len(STANCES)),
    )


def matrix_product_peak(dtype: torch.dtype, *, size: int = 2_048, rounds: int = 6) -> float:
    """FLOP/s of the product of two square matrices, the best of a few rounds."""
    one, other = (torch.randn(size, size).to(dtype) for _ in range(2))
    best = 0.0
    for _ in range(rounds):
        started = time.perf_counter()
        _ = one @ other
        best = max(best, 2 * size**3 / (time.perf_counter() - started))
    return best


if __name__ == "__main__":
    main()
