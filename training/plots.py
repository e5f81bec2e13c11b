"""Figures as pictures: confusion matrix, reliability diagram, precision-recall curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import ConfusionMatrixDisplay, PrecisionRecallDisplay

from .figures import CALIBRATION_BINS
from .labelling import Labelled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def confusion_plot(labelled: Labelled, title: str) -> Figure:
    """Counts of (gold, said)."""
    figure = _figure()
    axes = figure.subplots()
    ConfusionMatrixDisplay.from_predictions(
        labelled.gold,
        labelled.said,
        labels=range(len(labelled.labels)),
        display_labels=labelled.labels,
        ax=axes,
        cmap="Blues",
        colorbar=False,
    )
    axes.set(title=title, xlabel="said", ylabel="gold")
    return figure


def reliability_plot(labelled: Labelled, title: str) -> Figure:
    """Accuracy of the chosen label against its probability, with the share of pairs in each bin."""
    figure = _figure()
    axes = figure.subplots()
    confidence = labelled.probabilities.max(axis=1)
    right = (labelled.said == labelled.gold).astype(float)
    edges = np.linspace(0, 1, CALIBRATION_BINS + 1)
    place = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    shown = [number for number in range(CALIBRATION_BINS) if (place == number).any()]
    axes.plot([0, 1], [0, 1], linestyle="--", color="grey", label="perfectly calibrated")
    axes.plot(
        [confidence[place == number].mean() for number in shown],
        [right[place == number].mean() for number in shown],
        marker="o",
        label="accuracy",
    )
    axes.bar(
        edges[:-1],
        np.bincount(place, minlength=CALIBRATION_BINS) / max(len(place), 1),
        width=1 / CALIBRATION_BINS,
        align="edge",
        alpha=0.3,
        label="share of pairs",
    )
    axes.set(title=title, xlabel="probability of the chosen label", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
    axes.legend()
    return figure


def precision_recall_plot(labelled: Labelled, title: str) -> Figure:
    """A curve for each label that occurs in the gold data."""
    figure = _figure()
    axes = figure.subplots()
    for number, label in enumerate(labelled.labels):
        if (labelled.gold == number).any():
            PrecisionRecallDisplay.from_predictions(
                labelled.gold == number, labelled.probabilities[:, number], name=label, ax=axes
            )
    axes.set(title=title, xlim=(0, 1), ylim=(0, 1.02))
    return figure


def _figure() -> Figure:
    # Built without pyplot: no global state, no display.
    from matplotlib.figure import Figure

    return Figure(figsize=(6, 5), layout="constrained")
