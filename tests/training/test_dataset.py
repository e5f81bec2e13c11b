"""Batches of training: every sentence once in each pass, within the budget; hidden actors; the losses."""

from __future__ import annotations

import math

import torch
from detente.models.batch import EncodedSentence
from detente.models.stance import StanceOutput
from detente.training.config import Augmentation, TrainConfig
from detente.training.dataset import Collator, VariantBatches, Variants, make_dataset
from detente.training.examples import IGNORED, Example, Targets
from detente.training.loss import batch_loss
from hypothesis import given, settings
from hypothesis import strategies as st


def example(length: int, *, targets: Targets | None = None) -> Example:
    """Pieces 10, 11, ... with an actor at 1 and one at 2, and both pairs of them."""
    ids = tuple(range(10, 10 + length))
    encoded = EncodedSentence(ids=ids, actors=((1,), (2,)), pairs=((0, 1), (1, 0)))
    return Example(encoded, (0, 1), (IGNORED, 1, 1) + (0,) * (length - 3), targets)


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(3, 40), st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=25),
    st.integers(64, 200),
    st.integers(0, 3),
)
def test_each_pass_shows_each_sentence_once(shapes: list[tuple[int, int, int]], budget: int, epoch: int) -> None:
    variants = [
        Variants(example(length), (example(length + 1),) * swaps, (example(length),) * exchanges)
        for length, swaps, exchanges in shapes
    ]
    data = make_dataset(variants)
    sampler = VariantBatches(data, augmentation=Augmentation(swap=0.5, exchange=0.3), batch_tokens=budget, seed=5)
    passes = []
    for number in (epoch, epoch, epoch + 1):
        sampler.set_epoch(number)
        passes.append(list(sampler))
    assert passes[0] == passes[1]
    for batches in passes:
        assert sorted(data["group"][row] for batch in batches for row in batch) == list(range(len(variants)))
        assert len(batches) == len(sampler)
        for batch in batches:
            longest = max(len(data["ids"][row]) for row in batch)
            assert len(batch) == 1 or len(batch) * longest <= budget


def test_forms_are_drawn_as_often_as_asked_for() -> None:
    variants = [Variants(example(5), (example(5),) * 2, (example(5),)) for _ in range(2_000)]
    data = make_dataset(variants)
    sampler = VariantBatches(data, augmentation=Augmentation(swap=0.5, exchange=0.2), batch_tokens=500, seed=1)
    forms = [data["form"][row] for batch in sampler for row in batch]
    assert abs(forms.count("swapped") / 2_000 - 0.5) < 0.05
    assert abs(forms.count("exchanged") / 2_000 - 0.2) < 0.05


def test_hidden_actors_are_masked_and_not_tagged() -> None:
    rows = list(make_dataset([Variants(example(6))]))
    shown = Collator(pad_id=0, mask_id=3, mask=0.0, labels=4)(rows)
    hidden = Collator(pad_id=0, mask_id=3, mask=1.0, labels=4)(rows)
    assert shown["input_ids"].tolist() == [[10, 11, 12, 13, 14, 15]]
    assert hidden["input_ids"].tolist() == [[10, 3, 3, 13, 14, 15]]
    assert hidden["tags"].tolist() == [[IGNORED, IGNORED, IGNORED, 0, 0, 0]]
    assert hidden["pair_labels"].tolist() == shown["pair_labels"].tolist() == [0, 1]


def loss_of(logits: list[list[float]], one: Example, config: TrainConfig) -> float:
    tensors = Collator(pad_id=0, mask_id=None, mask=0.0, labels=4)(list(make_dataset([Variants(one)])))
    output = StanceOutput(torch.tensor(logits), torch.zeros(1, 4, 3))
    return float(batch_loss(output, tensors, config, weights=torch.ones(4)))


def test_the_loss_against_a_calculation_by_hand() -> None:
    config = TrainConfig(label_smoothing=0.0, tag_weight=0.0)
    # Logits that say nothing: every label has a quarter.
    assert math.isclose(loss_of([[0.0] * 4] * 2, example(4), config), math.log(4), rel_tol=1e-6)
    tagged = TrainConfig(label_smoothing=0.0, tag_weight=0.5)
    assert math.isclose(loss_of([[0.0] * 4] * 2, example(4), tagged), math.log(4) + 0.5 * math.log(3), rel_tol=1e-6)


def test_a_student_that_repeats_its_teacher_has_only_the_labels_to_lose_on() -> None:
    config = TrainConfig(label_smoothing=0.0, tag_weight=0.0)
    said = [[2.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]
    targets = Targets(tuple(map(tuple, said)), ())
    taught = example(4, targets=targets)
    without_labels = Example(taught.encoded, (IGNORED, IGNORED), taught.tags, targets)
    assert math.isclose(loss_of(said, without_labels, config), 0.0, abs_tol=1e-6)
    labels_alone = loss_of(said, example(4), config)
    assert math.isclose(loss_of(said, taught, config), 0.3 * labels_alone, rel_tol=1e-5)
    assert loss_of([[0.0, 0.0, 0.0, 5.0]] * 2, without_labels, config) > 1.0
