"""Classify three film reviews with the sample bundle; `make quickstart` runs it."""

from pathlib import Path

import edgernn_runtime

BUNDLE = Path(__file__).parent / "sentiment" / "sentiment.edgernn"

with edgernn_runtime.load(BUNDLE) as classifier:
    for text in (
        "Funny, warm and surprisingly clever.",
        "A dull script, wooden actors and a terrible ending.",
        "I wanted to like it, but the plot makes no sense at all.",
    ):
        prediction = classifier.predict(text)
        print(f"{prediction.label or '-'}  {prediction.probability:.3f}  {text}")
