from __future__ import annotations

import numpy as np
import pytest
from detente.training.calibration import at_temperature, fit_temperature
from detente.training.figures import calibration_error

from .test_figures import labelled


def test_two_to_one_at_temperature_one_half_is_four_to_one() -> None:
    assert at_temperature(np.array([[2 / 3, 1 / 3, 0, 0]]), 0.5)[0, :2] == pytest.approx([0.8, 0.2])
    assert at_temperature(np.array([[0.7, 0.1, 0.1, 0.1]]), 1.0)[0] == pytest.approx([0.7, 0.1, 0.1, 0.1])


def test_an_overconfident_model_is_cooled_until_it_is_calibrated() -> None:
    # It says 0.97 and is right three times in four.
    rows = [(0 if number % 4 else 1, [0.97, 0.01, 0.01, 0.01]) for number in range(400)]
    pairs = labelled(rows)
    temperature = fit_temperature(pairs)
    assert temperature > 1
    cooled = at_temperature(pairs.probabilities, temperature)
    assert calibration_error(pairs.gold, cooled) < 0.1 < calibration_error(pairs.gold, pairs.probabilities)
