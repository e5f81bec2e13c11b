"""Figures against values worked out by hand or printed in the literature."""

from __future__ import annotations

import math

import numpy as np
import pytest
from detente.data.schema import STANCES, LabelledSentence
from detente.training.figures import bootstrap_weights, brier, calibration_error, dse_macro_f1, intervals, measure
from detente.training.labelling import GoldPair, Labelled
from hypothesis import given
from hypothesis import strategies as st

C, H, M, N = range(4)


def labelled(rows: list[tuple[int, list[float]]], *, per_sentence: int = 1) -> Labelled:
    """Pairs (gold, probabilities), ``per_sentence`` of them in each sentence."""
    pairs = []
    for number, (gold, _) in enumerate(rows):
        text = f"Oz and Ev, {number // per_sentence}."
        record = {
            "id": str(number // per_sentence),
            "text": text,
            "actors": {"OZZ": [[0, 2]], "EVV": [[7, 9]]},
            "stances": [["OZZ", "EVV", STANCES[gold]]],
        }
        sentence = LabelledSentence.from_json(record)
        pairs.append(GoldPair(sentence, next(iter(sentence.stances)), STANCES[gold]))
    return Labelled(STANCES, tuple(pairs), np.array([row for _, row in rows]))


def sure(said: int) -> list[float]:
    return [0.97 if number == said else 0.01 for number in range(4)]


def test_f1_by_label_and_macro_as_worked_out_by_hand() -> None:
    # cooperative: 2 right, 1 missed, 1 invented -> P 2/3, R 2/3, F1 2/3. hostile: 1 right, 1 missed, 1 invented -> 1/2.
    rows = [(C, sure(C)), (C, sure(C)), (C, sure(H)), (H, sure(H)), (H, sure(C)), (N, sure(N))]
    figures = measure(labelled(rows), resamples=200)
    values = {name: figure.value for name, figure in figures.values.items()}
    assert values["f1_cooperative"] == pytest.approx(2 / 3)
    assert values["f1_hostile"] == pytest.approx(1 / 2)
    assert values["f1_neutral"] == 1
    assert values["macro_f1"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)  # no mediating pair in gold: not averaged
    assert "f1_mediating" not in values
    assert values["accuracy"] == pytest.approx(4 / 6)
    assert values["two_way"] == values["two_way_with_neutral"] == pytest.approx(3 / 5)
    assert figures.confusion.tolist() == [[2, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]]
    assert figures.support == {"cooperative": 3, "hostile": 2, "mediating": 0, "neutral": 1}


def test_two_way_sets_neutral_aside() -> None:
    figures = measure(labelled([(C, [0.3, 0.1, 0.0, 0.6]), (H, sure(H))]), resamples=100)
    assert figures.values["two_way"].value == 1
    assert figures.values["two_way_with_neutral"].value == 0.5


def test_average_precision_is_that_of_the_ranking() -> None:
    # Ranked by p(hostile): right, wrong, right -> mean of precision 1/1 and 2/3.
    rows = [(H, [0.0, 0.9, 0.0, 0.1]), (N, [0.0, 0.8, 0.0, 0.2]), (H, [0.0, 0.7, 0.0, 0.3])]
    figures = measure(labelled(rows), resamples=100)
    assert figures.values["average_precision_hostile"].value == pytest.approx((1 + 2 / 3) / 2)


def test_brier_score_of_the_forecasts_of_brier_1950() -> None:
    # Table 1 of Brier (1950): ten forecasts of rain, p(rain) and whether it rained; the score printed there is 0.19.
    forecasts = [(0.7, 0), (0.9, 1), (0.8, 1), (0.4, 1), (0.2, 0), (0.0, 0), (0.0, 0), (0.0, 0), (0.0, 0), (0.1, 0)]
    gold = np.array([1 - rained for _, rained in forecasts], dtype=np.int64)
    score = brier(gold, np.array([[rain, 1 - rain] for rain, _ in forecasts]))
    assert score == pytest.approx(0.19)


def test_calibration_error_as_worked_out_by_hand() -> None:
    # Confidence 0.9, half right: gap 0.4 on two pairs. Confidence 0.6, all right: gap 0.4 on one. Mean 0.4.
    probabilities = np.array([[0.9, 0.1, 0, 0], [0.9, 0.1, 0, 0], [0.4, 0.6, 0, 0]])
    assert calibration_error(np.array([C, H, H]), probabilities) == pytest.approx(0.4)
    # A bin in which confidence and accuracy cancel out over pairs has no gap.
    assert calibration_error(np.array([C, H]), np.array([[0.5, 0.5 - 1e-9, 0, 0]] * 2)) == pytest.approx(0, abs=1e-6)


def test_dse_classes_come_from_the_two_directions() -> None:
    classes = [(N, N), (C, N), (N, C), (H, N), (N, H)]
    rows = [(gold, sure(gold)) for forth_back in classes for gold in forth_back]
    right = dse_macro_f1(labelled(rows, per_sentence=2))
    assert right(np.ones(len(rows))) == 1
    # One of five classes answered as another: that F1 is 0, and the other's 2/3.
    wrong = [*rows[:2], (C, sure(H)), *rows[3:]]
    assert dse_macro_f1(labelled(wrong, per_sentence=2))(np.ones(len(rows))) == pytest.approx((3 + 0 + 2 / 3) / 5)


@given(st.lists(st.integers(0, 5), min_size=2, max_size=40), st.integers(0, 99))
def test_resamples_draw_whole_groups(groups: list[int], seed: int) -> None:
    dense = np.unique(np.array(groups), return_inverse=True)[1].astype(np.int64)
    weights = bootstrap_weights(dense, resamples=5, seed=seed)
    for row in weights:
        by_group = [{*row[dense == group].tolist()} for group in range(dense.max() + 1)]
        assert all(len(drawn) == 1 for drawn in by_group)
        assert sum(drawn.pop() for drawn in by_group) == dense.max() + 1


def test_the_interval_of_a_mean_has_the_width_that_theory_gives() -> None:
    # Accuracy of 0.8 on 400 independent pairs: standard error 0.02, so the 95 % interval is 0.0392 to each side.
    right = np.array([1.0] * 320 + [0.0] * 80)
    weights = bootstrap_weights(np.arange(400), resamples=4_000, seed=1)
    figure = intervals(lambda row: {"mean": float(np.average(right, weights=row))}, weights)["mean"]
    assert figure.value == pytest.approx(0.8)
    assert figure.high - figure.low == pytest.approx(2 * 1.96 * 0.02, rel=0.08)


def test_an_interval_where_nothing_is_defined_is_nan() -> None:
    figure = intervals(lambda _: {"it": math.nan}, np.ones((3, 2)))["it"]
    assert math.isnan(figure.value)
    assert math.isnan(figure.low)
