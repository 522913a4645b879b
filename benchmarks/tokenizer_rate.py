"""Throughput of edgernn's tokenizer, beside the Keras layer with the same ids.

python benchmarks/tokenizer_rate.py [--model model]

The validation texts of the model folder are repeated to 20 MB. The tokenizer gets one text at a
time, the layer batches of 128, which is faster for it. Then texts of growing length show that the
time is linear. Prints Markdown.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from edgernn.model_folder import read_model_folder
from edgernn.tensorflow_import import import_tensorflow
from edgernn_export.keras.model_file import load_keras
from edgernn_export.keras.reader import read_source
from edgernn_runtime.tokenizer import Tokenizer

_BYTES, _ROUNDS, _BATCH = 20_000_000, 3, 128


def main() -> None:
    """Print the two rates, and the tokenizer's over the length of a text."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, default=Path("model"))
    folder = read_model_folder(parser.parse_args().model)
    import_tensorflow()
    source = read_source(load_keras(folder.model))
    tokenizer = Tokenizer(source.task.tokenizer, source.task.vocabulary)
    texts = [text.encode() for text in folder.validation.texts]
    texts *= _BYTES // sum(map(len, texts)) + 1
    size = sum(map(len, texts))

    def keras() -> None:
        for start in range(0, len(texts), _BATCH):
            source.vectorizer(texts[start : start + _BATCH])

    print("| tokenizer | MB/s |\n|---|---:|")
    print(
        f"| edgernn, one text at a time | {_rate(partial(_all_ids, tokenizer, texts), size):.1f} |"
    )
    print(f"| Keras TextVectorization, batches of {_BATCH} | {_rate(keras, size):.1f} |")
    print("\n| bytes of one text | MB/s |\n|---:|---:|")
    joined = b" ".join(texts)
    for power in range(10, 21, 2):
        text, repeats = joined[: 1 << power], (1 << 22) >> power
        same = [text] * repeats
        rate = _rate(partial(_all_ids, tokenizer, same), len(text) * repeats)
        print(f"| {len(text):,} | {rate:.1f} |")


def _all_ids(tokenizer: Tokenizer, texts: list[bytes]) -> None:
    for text in texts:
        tokenizer.ids(text)


def _rate(run: Callable[[], object], size: int) -> float:
    """Return the best of some rounds, in MB/s."""
    best = float("inf")
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return size / best / 1e6


if __name__ == "__main__":
    main()
