"""The library's ``Trainer`` with our two losses, batches and dev score."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from datasets import Dataset
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import EarlyStoppingCallback, PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from ..data.schema import LabelledSentence
from ..inference.scorer import StanceScorer
from ..models.loading import LoadedModel, fast_dtype
from ..models.stance import StanceModel
from .config import TrainConfig
from .dataset import Collator, VariantBatches, to_batch
from .examples import IGNORED
from .figures import point_figures
from .labelling import ModelLabeller, label_pairs
from .loss import batch_loss


class StanceTrainer(Trainer):
    """Trains a stance model; ``evaluate`` labels the pairs of the dev sentences and gives their figures."""

    def __init__(
        self,
        model: StanceModel,
        tokenizer: Tokenizer,
        data: Dataset,
        *,
        dev: Sequence[LabelledSentence],
        config: TrainConfig,
        folder: Path,
        callbacks: Sequence[TrainerCallback] = (),
    ) -> None:
        """Args: folder, where checkpoints go, which hold pickles of the library's and are for resuming alone."""
        if config.frozen_layers:
            model.freeze(config.frozen_layers)
        self.config = config
        self._tokenizer = tokenizer
        self._sampler = VariantBatches(
            data, augmentation=config.augmentation, batch_tokens=config.batch_tokens, seed=config.seed
        )
        self._label_weights = _label_weights(data, config)
        pad_id = int(model.encoder.config.pad_token_id or 0)
        super().__init__(
            model=model,
            args=_arguments(config, folder),
            train_dataset=data,
            # The library wants a data set here; ours is read by our own ``evaluate`` alone.
            eval_dataset=cast(Dataset, dev),
            data_collator=Collator(
                pad_id=pad_id,
                mask_id=next(
                    (i for piece in ("[MASK]", "<mask>") if (i := tokenizer.token_to_id(piece)) is not None), None
                ),
                mask=config.augmentation.mask,
                labels=len(config.labels),
                lot=lambda group: f"{config.seed}:{self._sampler.epoch}:{group}",
            ),
            callbacks=[EarlyStoppingCallback(config.patience), *callbacks],
        )
        self.remove_callback(PrinterCallback)

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Batches by word pieces, where the library would count sentences."""
        loader: DataLoader[Any] = DataLoader(
            cast(Dataset, self.train_dataset), batch_sampler=self._sampler, collate_fn=self.data_collator
        )
        prepared: DataLoader[Any] = self.accelerator.prepare(loader)
        return prepared

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """AdamW; the heads, which start from nothing, learn faster."""
        if self.optimizer is None:
            stance_model = cast(StanceModel, self.model)
            heads = [*stance_model.pair_head.parameters(), *stance_model.tag_head.parameters()]
            rate = self.config.learning_rate
            self.optimizer = torch.optim.AdamW(
                [
                    {"params": list(stance_model.encoder.parameters()), "lr": rate},
                    {"params": heads, "lr": rate * self.config.head_factor},
                ],
                weight_decay=self.config.weight_decay,
                fused=True,
            )
        return self.optimizer

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Tensor | Any],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor | tuple[Tensor, Any]:
        """See ``batch_loss``."""
        output = model(to_batch(inputs))
        loss = batch_loss(output, inputs, self.config, weights=self._label_weights.to(output.pair_logits.device))
        return (loss, output) if return_outputs else loss

    def evaluate(self, *_: Any, metric_key_prefix: str = "eval", **__: Any) -> dict[str, float]:
        """Figures of the dev pairs, without intervals."""
        started = time.perf_counter()
        stance_model = cast(StanceModel, self.accelerator.unwrap_model(self.model))
        stance_model.train(False)
        labelled = label_pairs(
            ModelLabeller(StanceScorer(LoadedModel(stance_model, self._tokenizer, "in training"))),
            cast(Sequence[LabelledSentence], self.eval_dataset),
        )
        stance_model.train()
        figures = {f"{metric_key_prefix}_{name}": value for name, value in point_figures(labelled).items()}
        figures[f"{metric_key_prefix}_seconds"] = time.perf_counter() - started
        self.log(figures)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, figures)
        return figures


def _arguments(config: TrainConfig, folder: Path) -> TrainingArguments:
    on_gpu = torch.cuda.is_available()
    device = torch.device("cuda" if on_gpu else "cpu")
    every = 1 / config.evaluations  # below 1 the library takes it as a share of all steps
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=config.epochs,
        learning_rate=config.learning_rate,
        warmup_steps=config.warmup,
        lr_scheduler_type="linear",
        weight_decay=config.weight_decay,
        max_grad_norm=1.0,
        seed=config.seed,
        # Autocast pays where the device multiplies bf16 in hardware, and only there.
        bf16=fast_dtype(device) is torch.bfloat16,
        use_cpu=not on_gpu,
        dataloader_pin_memory=on_gpu,
        eval_strategy="steps",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="eval_macro_f1",
        greater_is_better=True,
        logging_steps=20,
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
    )


def _label_weights(data: Dataset, config: TrainConfig) -> Tensor:
    """One weight for each label (labels,), of mean 1 over the labelled pairs of all forms."""
    weights = torch.ones(len(config.labels))
    if not config.class_weights:
        return weights
    labels = torch.tensor([label for row in data["pair_labels"] for label in row if label != IGNORED], dtype=torch.long)
    counts = torch.bincount(labels, minlength=len(config.labels)).float()
    weights = counts.clamp(min=1.0).rsqrt()
    return weights * counts.sum() / (weights * counts).sum().clamp(min=1e-9)
