"""Replays lines of the corpus in MicroPython; micropython.py puts the calls behind it."""

import binascii
import gc

import edgernn


def text_of(word):
    return b"" if word == "-" else binascii.unhexlify(word)


def is_prediction(classifier, words):
    text, label, _, _, _, probabilities, tolerance = words
    best, found = classifier.predict(text_of(text))
    labels = classifier.labels()
    values = probabilities.split(",")
    for i, name in enumerate(labels):
        if abs(found[name] - float(values[i])) > float(tolerance):
            return False
    return best == (None if label == "-" else labels[int(label)])


def is_tokens(classifier, words):
    text, ids = words
    expected = [] if ids == "-" else [int(i) for i in ids.split(",")]
    return classifier.tokenize(text_of(text)) == expected


def replay(part, data, lines):
    """Print the part, how many lines were replayed, and how many passed."""
    classifier = edgernn.load(data)
    # What the model still needs must survive the collection.
    gc.collect()
    check = is_prediction if part == "predictions" else is_tokens
    print(part, len(lines), sum(check(classifier, line.split()) for line in lines))
