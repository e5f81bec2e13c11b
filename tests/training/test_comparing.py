from __future__ import annotations

import numpy as np
import pytest
from detente.data.errors import DetenteError
from detente.training.comparing import differing, paired_difference
from detente.training.registry import refuse_worse


def one_hot(said: list[int]) -> np.ndarray:
    return np.eye(4)[said]


def test_mcnemar_p_as_in_the_table_of_the_binomial() -> None:
    # 9 wins against 1 loss: two-sided exact p = 2 * (1 + 10) / 2**10 = 0.021484375.
    gold = np.zeros(20, dtype=np.int64)
    first = one_hot([1] * 9 + [0] * 11)
    second = one_hot([0] * 9 + [1] + [0] * 10)
    result = paired_difference(gold, first, second, np.arange(20))
    assert (result.wins, result.losses) == (9, 1)
    assert result.p_value == pytest.approx(0.021484375)
    assert result.accuracy.value == pytest.approx(8 / 20)


def test_words_tell_noise_from_more() -> None:
    gold = np.array([0, 1] * 100, dtype=np.int64)
    poor, good = one_hot([0, 0] * 100), one_hot([0, 1] * 100)
    groups = np.arange(200)
    better = paired_difference(gold, poor, good, groups)
    assert better.in_words("old", "new").startswith("More than noise: new is better than old")
    assert (
        paired_difference(gold, good, poor, groups).in_words("old", "new").startswith("More than noise: new is worse")
    )
    one_apart = one_hot([0, 1] * 99 + [0, 0])
    assert paired_difference(gold, good, one_apart, groups).is_noise
    # Nine more pairs right of a common label, the only pair of a rare one wrong: accuracy and macro F1 disagree.
    skewed = np.array([0] * 40 + [1], dtype=np.int64)
    careful, bold = one_hot([2] * 9 + [0] * 31 + [1]), one_hot([0] * 40 + [0])
    split = paired_difference(skewed, careful, bold, np.arange(41))
    assert (split.wins, split.losses, split.is_noise) == (9, 1, True)
    assert split.in_words("old", "new").startswith("Not settled: new is right on more pairs than old")
    same = paired_difference(gold, good, good, groups)
    assert same.p_value == 1
    assert same.in_words("old", "new") == "new answers every pair as right or as wrong as old."


def test_parameters_that_differ() -> None:
    first, second = {"epochs": "3", "seed": "0", "lr": "1"}, {"epochs": "4", "seed": "0"}
    assert differing(first, second) == {"epochs": ("3", "4"), "lr": ("1", "\u2014")}


def test_only_what_is_worse_beyond_the_interval_is_refused() -> None:
    gold = np.array([0, 1] * 100, dtype=np.int64)
    poor, good, near = one_hot([0, 0] * 100), one_hot([0, 1] * 100), one_hot([0, 1] * 99 + [0, 0])
    groups = np.arange(200)
    with pytest.raises(DetenteError, match=r"no worse than the champion, found macro F1 on dev lower by 0\.6"):
        refuse_worse({"dev": paired_difference(gold, good, poor, groups)}, "run")
    refuse_worse({"dev": paired_difference(gold, good, near, groups)}, "run")
    refuse_worse({"dev": paired_difference(gold, poor, good, groups)}, "run")
    with pytest.raises(DetenteError, match="both the champion and the new model were evaluated, found none"):
        refuse_worse({}, "run")
