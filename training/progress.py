"""What a training run says of itself: to the terminal and to MLflow."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from .tracking import log_metrics


def in_words(figures: Mapping[str, float]) -> str:
    """The figures of a set on one line."""
    each = ", ".join(
        f"{key.removeprefix('f1_')} {value:.3f}" for key, value in figures.items() if key.startswith("f1_")
    )
    return f"accuracy {figures['accuracy']:.3f}, macro F1 {figures['macro_f1']:.3f} ({each})"


class ProgressCallback(TrainerCallback):
    """Losses and dev figures to MLflow and, with an estimate of the time left, to the terminal."""

    def __init__(self, run_id: str, say: Callable[[str], None]) -> None:
        self._run_id, self._say = run_id, say
        self._started, self._first_step = 0.0, 0

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._started, self._first_step = time.perf_counter(), state.global_step

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        numbers = {key: float(value) for key, value in (logs or {}).items() if isinstance(value, int | float)}
        log_metrics(self._run_id, numbers, step=state.global_step)
        done = max(state.global_step - self._first_step, 1)
        left = (time.perf_counter() - self._started) / done * (state.max_steps - state.global_step)
        if "loss" in numbers:
            place = f"step {state.global_step:,} of {state.max_steps:,}"
            self._say(f"{place}, loss {numbers['loss']:.3f}, left {left / 60:.1f} min")
        elif "eval_macro_f1" in numbers:
            figures = {key.removeprefix("eval_"): value for key, value in numbers.items()}
            self._say(f"step {state.global_step:,}, dev: {in_words(figures)}")
