"""The forms in which sentences are shown to a model in training, and what teachers say of them."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from datasets import Dataset, disable_progress_bars, load_from_disk
from tokenizers import Tokenizer
from torch import Tensor

from ..data.invariance import exchange_states, swapped
from ..data.schema import LabelledSentence
from ..inference.scorer import StanceScorer
from ..models.loading import load_model
from .config import TrainConfig
from .dataset import Variants, make_dataset
from .examples import IGNORED, Example, Targets, make_examples, share_of
from .material import Material
from .rewording import near_words, reworded
from .teacher import Teacher

#: Swapped copies of each sentence from which a pass draws.
_SWAPS = 3


def training_data(
    folder: Path,
    material: Material,
    config: TrainConfig,
    tokenizer: Tokenizer,
    embeddings: Tensor,
    teachers: Sequence[Path],
    unlabelled: Sequence[LabelledSentence],
    say: Callable[[str], None],
) -> Dataset:
    """The examples of a run with their variants, labelled by the teachers if there are any.

    Kept in the folder, which a resumed run reads again: a teacher's labels take a while.

    Args:
        embeddings: of the tokenizer's word pieces (pieces, width), see ``near_words``.
    """
    disable_progress_bars()
    kept = folder / "data"
    if kept.is_dir():
        return load_from_disk(str(kept))
    learned = material.sentences()
    alone = list(unlabelled)
    if teachers and config.distillation.reworded:
        near = near_words(learned, tokenizer, embeddings)
        # A set that is taken several times is reworded once.
        distinct = {id(sentence): sentence for sentence in learned}.values()
        copies = list(reworded(share_of(distinct, config.distillation.reworded), near, seed=config.seed))
        say(f"{len(copies):,} reworded, for the teachers to label")
        alone += copies
    data = make_dataset(_variants(learned, config, tokenizer, teachers, alone, say))
    temporary = folder / "data.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    data.save_to_disk(str(temporary))
    temporary.rename(kept)
    return data


def _variants(
    learned: Sequence[LabelledSentence],
    config: TrainConfig,
    tokenizer: Tokenizer,
    teachers: Sequence[Path],
    unlabelled: Sequence[LabelledSentence],
    say: Callable[[str], None],
) -> list[Variants]:
    # A set that is taken several times is tokenized, and taught, once.
    distinct = list(dict.fromkeys(map(id, learned)))
    sentences = [*{id(sentence): sentence for sentence in learned}.values(), *unlabelled]
    plain = make_examples(sentences, tokenizer, labels=config.labels, every_pair=bool(teachers))
    # What a machine took for actors in unlabelled text is no label: there the teacher alone speaks.
    plain[len(distinct) :] = [replace(one, tags=(IGNORED,) * len(one.tags)) for one in plain[len(distinct) :]]
    targets: Sequence[Targets | None] = [None] * len(sentences)
    if teachers:
        say(f"{', '.join(teacher.name for teacher in teachers)} will label {len(sentences):,} sentences")
        scorers = [StanceScorer(load_model(str(teacher))) for teacher in teachers]
        targets = Teacher(scorers, labels=config.labels).teach(
            sentences, plain, tokenizer, on_progress=_every(2_000, len(sentences) * len(teachers), say)
        )
    augmentation = config.augmentation
    made: list[Variants] = []
    for sentence, example, target in zip(sentences, plain, targets, strict=True):
        swaps = list(swapped([sentence], seed=config.seed, copies=_SWAPS)) if augmentation.swap else []
        one = (
            exchange_states(sentence, random.Random(f"{config.seed}:{sentence.id}")) if augmentation.exchange else None
        )
        forms = make_examples(
            [*swaps, *([one] if one else [])], tokenizer, labels=config.labels, every_pair=bool(teachers)
        )
        if len(made) >= len(distinct):
            forms = [replace(form, tags=(IGNORED,) * len(form.tags)) for form in forms]
        told = [_told(form, example, target) for form in forms]
        made.append(Variants(_told(example, example, target), tuple(told[: len(swaps)]), tuple(told[len(swaps) :])))
    by_id = dict(zip(distinct, made, strict=False))
    return [*(by_id[id(sentence)] for sentence in learned), *made[len(distinct) :]]


def _told(form: Example, plain: Example, targets: Targets | None) -> Example:
    """A form with what the teacher said of the sentence: the actors stand in the same places, so the pairs do too.

    The word pieces of another name are others: of the forms only the pairs are taught.
    """
    if targets is None or form.encoded.pairs != plain.encoded.pairs:
        return form
    return Example(
        form.encoded, form.pair_labels, form.tags, Targets(targets.pairs, targets.tags if form is plain else ())
    )


def _every(number: int, of: int, say: Callable[[str], None]) -> Callable[[int], None]:
    started, next_at = time.perf_counter(), number

    def progress(done: int) -> None:
        nonlocal next_at
        if done >= next_at:
            next_at += number
            left = (time.perf_counter() - started) / done * (of - done)
            say(f"taught {done:,} of {of:,}, left {left / 60:.1f} min")

    return progress
