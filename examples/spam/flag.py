"""Flag spam in a stream: python flag.py BUNDLE < messages.txt.

Reads a message per line and prints the spam at once, so that it works behind `tail -f`.
"""

import sys

import edgernn_runtime

#: Messages below this probability pass: a lost message is worse than spam.
LEAST = 0.8


def main(bundle: str) -> None:
    """Classify the lines of stdin."""
    with edgernn_runtime.load(bundle) as classifier:
        for line in sys.stdin:
            probability = classifier.predict(line).probabilities["spam"]
            if probability >= LEAST:
                print(f"{probability:.2f}  {line.rstrip()}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
