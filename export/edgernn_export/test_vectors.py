"""Vectors: texts with their ids and outputs, which a host replays to prove itself."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

from edgernn_runtime import Classifier

#: How many of the texts of a comparison become vectors.
COUNT = 20
_ALWAYS = ("", "a", "A word, another: and NO more!", "naïve café\u00a0— 東京", "zzzqqq xxyyzz")


def encode_vectors(classifier: Classifier, texts: Sequence[str]) -> bytes:
    """Return `vectors.json`: for each text its base64 UTF-8, its ids and the model's output."""
    rows = [
        {
            "text": base64.b64encode(text.encode()).decode(),
            "ids": classifier.tokenize(text).tolist(),
            "output": [float(value) for value in classifier.output(text)],
        }
        for text in (*_ALWAYS, *texts[:COUNT])
    ]
    return json.dumps(rows, separators=(",", ":")).encode() + b"\n"
