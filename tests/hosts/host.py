"""The Python host: python -m tests.hosts.host, which prints what it replayed and what passed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from edgernn_runtime import EdgernnError, load

HOSTS = Path(__file__).parent
BUNDLES = HOSTS / "bundles"


def lines_of(name):
    return [line.split() for line in (HOSTS / name).read_text().splitlines()]


def text_of(word):
    return b"" if word == "-" else bytes.fromhex(word)


def status_of(path):
    """Return the status of opening a file, in the words of the C library."""
    try:
        load(path).close()
    except EdgernnError as error:
        return error.status
    return "OK"


def broken_file(base, parts):
    """Return the bytes of a broken file."""
    found = bytearray()
    for part in parts:
        if part.startswith("="):
            start, length = map(int, part[1:].split(","))
            found += base[start : start + length]
        else:
            found += bytes.fromhex(part[1:])
    return bytes(found)


def described(prediction, names):
    """Return the label, the two most probable labels and all that apply, as the corpus has them."""
    numbers = {name: str(i) for i, name in enumerate(names)}
    label, best, second = (
        numbers.get(name, "-") for name in (prediction.label, prediction.best, prediction.runner_up)
    )
    return f"{label} {best} {second} {','.join(numbers[name] for name in prediction.labels) or '-'}"


def replay_predictions():
    """Yield whether each prediction is the one of the corpus."""
    classifiers = {}
    for bundle, text, *chosen, probabilities, tolerance in lines_of("predictions.txt"):
        if bundle not in classifiers:
            classifiers[bundle] = load(BUNDLES / bundle)
        found = classifiers[bundle].predict(text_of(text))
        expected = map(float, probabilities.split(","))
        near = all(
            abs(ours - theirs) <= float(tolerance)
            for ours, theirs in zip(found.probabilities.values(), expected, strict=True)
        )
        yield near and described(found, classifiers[bundle].labels) == " ".join(chosen)


def replay_tokens():
    """Yield whether each text has the ids of the corpus."""
    classifiers = {}
    for bundle, text, ids in lines_of("tokens.txt"):
        if bundle not in classifiers:
            classifiers[bundle] = load(BUNDLES / bundle)
        expected = [] if ids == "-" else [int(i) for i in ids.split(",")]
        yield classifiers[bundle].tokenize(text_of(text)).tolist() == expected


def replay_broken():
    """Yield whether each broken bundle has the status of the corpus."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "broken.edgernn"
        for _, status, bundle, *parts in lines_of("broken.txt"):
            path.write_bytes(broken_file((BUNDLES / bundle).read_bytes(), parts))
            yield status_of(path) == status


def main():
    for name in ("predictions", "tokens", "broken"):
        found = list(globals()[f"replay_{name}"]())
        print(name, len(found), sum(found))


if __name__ == "__main__":
    main()
