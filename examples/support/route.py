"""Route support questions to a queue: python route.py BUNDLE < questions.txt.

A question with a low probability goes to a person.
"""

import sys

import edgernn_runtime

LEAST = 0.4


def choose_queue(classifier: edgernn_runtime.Classifier, question: str) -> str:
    """Return the queue of a question."""
    prediction = classifier.predict(question)
    if prediction.label is None or prediction.probability < LEAST:
        return "person"
    return prediction.label


def main(bundle: str) -> None:
    """Print the queue of each line of stdin."""
    with edgernn_runtime.load(bundle) as classifier:
        for line in sys.stdin:
            print(choose_queue(classifier, line), line.rstrip(), sep="\t")


if __name__ == "__main__":
    main(sys.argv[1])
