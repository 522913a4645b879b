"""Classify the lines of stdin: python examples/classify.py BUNDLE."""

import sys

import edgernn_runtime

with edgernn_runtime.load(sys.argv[1]) as classifier:
    for line in sys.stdin:
        prediction = classifier.predict(line)
        sys.stdout.write(f"{prediction.label} {prediction.probability:.3f} {line}")
