"""What each token did for an answer, by leaving it out.

The weight of a token is the probability of the predicted label with it less that without it: a
positive one spoke for the label. A text of T tokens costs T + 1 answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgernn_runtime.tokenizer import OUT_OF_VOCABULARY_ID, PAD_ID, with_padding

if TYPE_CHECKING:
    from edgernn_runtime.classifier import Classifier, Prediction


@dataclass(frozen=True)
class TokenWeight:
    """A token and what it did.

    Attributes:
        token: the token as the tokenizer cut it; invalid UTF-8 is shown as U+FFFD.
        id: its id.
        is_known: whether it is in the vocabulary.
        weight: the probability of the predicted label less that without the token, -1 to 1.
    """

    token: str
    id: int
    is_known: bool
    weight: float


@dataclass(frozen=True)
class Explanation:
    """An answer and what each token did for it.

    Attributes:
        prediction: the answer.
        tokens: the tokens that the model read, in their order.
    """

    prediction: Prediction
    tokens: tuple[TokenWeight, ...]


def explain(classifier: Classifier, text: str | bytes) -> Explanation:
    """Return the answer for a text with each token's weight.

    Raises:
        TextError: the text is neither str nor bytes, or is too long.
        EngineError: the engine failed.
        ClosedError: the classifier was closed.
    """
    tokens, ids = classifier.tokens(text)
    pad_to = classifier.bundle.manifest.pad_to
    prediction = classifier.predict_ids(with_padding(ids, pad_to))
    weights = []
    for i in range(len(ids)):
        without = classifier.predict_ids(with_padding(np.delete(ids, i), pad_to))
        change = prediction.probability - without.probabilities[prediction.label]
        token = tokens[i].decode("utf-8", "replace")
        is_known = ids[i] not in (PAD_ID, OUT_OF_VOCABULARY_ID)
        weights.append(TokenWeight(token, int(ids[i]), bool(is_known), change))
    return Explanation(prediction, tuple(weights))
