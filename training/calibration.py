"""Temperature scaling: one number by which the logits are divided, so that probabilities mean what they say."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.metrics import log_loss

from .labelling import Floats, Labelled


def fit_temperature(labelled: Labelled) -> float:
    """The temperature that minimises the log loss on held-out pairs (Guo et al., ICML 2017).

    Args:
        labelled: pairs that the model did not learn from, labelled at temperature 1.
    """
    gold = labelled.gold

    def loss(log_temperature: float) -> float:
        scaled = at_temperature(labelled.probabilities, float(np.exp(log_temperature)))
        return float(log_loss(gold, scaled, labels=range(scaled.shape[1])))

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.2), np.log(5.0)), method="bounded").x))


def at_temperature(probabilities: Floats, temperature: float) -> Floats:
    """What probabilities at temperature 1 become at another one; (pairs, labels)."""
    # Logits are log probabilities but for a constant in each row, which the softmax takes away again.
    logits = np.log(np.clip(probabilities, 1e-12, 1.0)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    scaled: Floats = powers / powers.sum(axis=1, keepdims=True)
    return scaled
