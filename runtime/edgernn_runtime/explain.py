"""Explanations: the weight of each token in a prediction, found by leaving it out.

The weight of a token is the probability of the most probable label with it minus that without it. A
positive weight supports the label. A text of T tokens costs T + 1 predictions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from edgernn_runtime.bundle import Bundle
from edgernn_runtime.prediction import Prediction
from edgernn_runtime.tokenizer import PAD_ID, with_padding

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class TokenWeight:
    """A token and its weight in a prediction.

    Attributes:
        token: the token's text; invalid UTF-8 is shown as U+FFFD.
        id: its id.
        is_known: whether it is in the vocabulary.
        weight: the probability of the most probable label minus that without the token, -1 to 1.
    """

    token: str
    id: int
    is_known: bool
    weight: float


@dataclass(frozen=True)
class Explanation:
    """A prediction and the weight of each token in it.

    Attributes:
        prediction: the prediction for the whole text.
        tokens: the tokens that the model read, in their order.
    """

    prediction: Prediction
    tokens: tuple[TokenWeight, ...]


class Explainable(Protocol):
    """The part of a classifier that an explanation needs."""

    bundle: Bundle

    def tokens(self, text: str | bytes) -> tuple[list[bytes], NDArray[np.int32]]:
        """Return the tokens of a text and their ids, int32 [T], before padding."""

    def predict_ids(self, ids: NDArray[np.integer[Any]]) -> Prediction:
        """Return the prediction for ids [T]."""


def explain(classifier: Explainable, text: str | bytes) -> Explanation:
    """Return the prediction for a text with each token's weight.

    Args:
        classifier: an open classifier.
        text: str, or bytes of UTF-8.

    Raises:
        TextError: the text is neither str nor bytes, or is too long.
        EngineError: the engine failed.
        ClosedError: the classifier was closed.
    """
    import numpy as np

    tokens, ids = classifier.tokens(text)
    manifest = classifier.bundle.manifest
    padding = manifest.pad_to, manifest.pad_side
    prediction = classifier.predict_ids(with_padding(ids, *padding))
    best, weights = prediction.best, []
    for i in range(len(ids)):
        without = classifier.predict_ids(with_padding(np.delete(ids, i), *padding))
        change = prediction.probabilities[best] - without.probabilities[best]
        token = tokens[i].decode("utf-8", "replace")
        is_known = ids[i] not in (PAD_ID, manifest.tokenizer.oov)
        weights.append(TokenWeight(token, int(ids[i]), bool(is_known), change))
    return Explanation(prediction, tuple(weights))
