"""Test vectors: texts with their ids and outputs, for the self-test of a host."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

from edgernn_runtime import Classifier

#: The number of texts of a comparison that become test vectors.
COUNT = 20
_ALWAYS = ("", "a", "A word, another: and NO more!", "naïve café\u00a0— 東京", "zzzqqq xxyyzz")


def encode_test_vectors(classifier: Classifier, texts: Sequence[str]) -> bytes:
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
