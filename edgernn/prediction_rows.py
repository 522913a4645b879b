"""Predictions as `edgernn predict` prints them."""

from __future__ import annotations

from edgernn_runtime import Prediction


def join_labels(prediction: Prediction) -> str:
    """Return the label, all labels that apply with commas between them, or -."""
    return ",".join(prediction.labels) or prediction.label or "-"


def prediction_row(text: str, prediction: Prediction) -> dict[str, object]:
    """Return a text with its prediction as JSON values."""
    return {
        "text": text,
        "label": prediction.label,
        "labels": prediction.labels,
        "best": prediction.best,
        "runner_up": prediction.runner_up,
        "probability": prediction.probability,
        "probabilities": prediction.probabilities,
    }
