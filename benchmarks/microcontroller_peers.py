"""TFLite Micro and emlearn beside the preset `tiny`: flash, RAM and accuracy.

python benchmarks/microcontroller_peers.py DATA [--only trec6 sms_spam]

TFLite Micro runs no bidirectional layer and no tokenizer: its model is an LSTM of one direction
with the embedding and the units of `tiny`, of the last state, in float32, run by its Python
interpreter on ids. (In int8, TensorFlow's converter ends the process in the calibration.) emlearn
has neither a recurrent layer nor text: its model is a random forest on the presence of 127 words,
its limit, chosen by chi2 on the training texts, run as compiled C. Both learn from the training
table; the test table is read once. Needs the packages tflite-micro and emlearn, and
arm-none-eabi-gcc for emlearn's flash. Prints Markdown.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import emlearn
import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from presets import DATA_SETS, read_rows
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.pipeline import make_pipeline
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tflite_micro import runtime

from edgernn.data.rows import Rows, label_indices, label_names
from edgernn.training.keras_builder import build_tokenizer
from edgernn.training.options import PRESETS, TextOptions

_WORDS, _LENGTH, _EPOCHS, _FEATURES, _TREES = 1500, 32, 12, 127, 20
_ARENA, _PRESENT = 1 << 20, np.int16(100)
_CORE = ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-Os")
Ids = NDArray[np.int32]


def main() -> None:
    """Print a row for each data set and peer."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", nargs="*", choices=DATA_SETS, default=["sms_spam", "trec6"])
    options = parser.parse_args()
    print("| data | peer | model bytes | arena or code bytes | vocabulary bytes | test accuracy |")
    print("|---|---|---:|---:|---:|---:|")
    for data in options.only:
        train, test = (read_rows(options.data / part) for part in DATA_SETS[data])
        for cells in (_emlearn(data, train, test), _tflite_micro(data, train, test)):
            print("| " + " | ".join(cells) + " |", flush=True)


def _targets(data: str, train: Rows, test: Rows) -> tuple[NDArray[Any], NDArray[Any], int]:
    labels = label_names(train, data)
    truth, wanted = (np.asarray(label_indices(rows, labels, data)) for rows in (train, test))
    return truth, wanted, len(labels)


def _tflite_micro(data: str, train: Rows, test: Rows) -> tuple[str, ...]:
    truth, wanted, classes = _targets(data, train, test)
    (tokenizer, *_) = build_tokenizer(train.texts, TextOptions(_WORDS, _LENGTH, "head"))
    words = sum(len(word.encode()) + 1 for word in tokenizer.get_vocabulary())
    ids, held_out = (_ids(tokenizer, rows) for rows in (train, test))
    keras.utils.set_random_seed(1)
    model = _network(classes)
    model.fit(ids, truth, batch_size=64, epochs=_EPOCHS, verbose=0)
    file = _converted(model)
    interpreter = runtime.Interpreter.from_bytes(file, arena_size=_ARENA)
    right = [_label(interpreter, row) for row in held_out] == wanted
    return (data, "TFLite Micro, float32, one direction", f"{len(file):,}",
            f"{_arena(interpreter):,}", f"{words:,}", f"{100 * right.mean():.1f}")  # fmt: skip


def _ids(tokenizer: Any, rows: Rows) -> Ids:
    """Return the ids of texts, padded in front: the last state is that of the last token."""
    ids = np.asarray(tokenizer(np.asarray(rows.texts, dtype=object)), dtype=np.int32)
    lengths = (ids != 0).sum(axis=1)
    return np.stack(
        [np.roll(row, len(row) - length) for row, length in zip(ids, lengths, strict=True)]
    )


def _network(classes: int) -> Any:
    options = PRESETS["tiny"].network
    assert options is not None
    ids = keras.Input((_LENGTH,), dtype="int32", batch_size=None)
    x = keras.layers.Embedding(_WORDS, options.embedding_dim)(ids)
    x = keras.layers.Dropout(options.dropout)(keras.layers.LSTM(options.units[0])(x))
    model = keras.Model(ids, keras.layers.Dense(classes, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    model.optimizer.learning_rate = 4e-3
    return model


def _converted(model: Any) -> bytes:
    embedding, lstm, dense = (layer for layer in model.layers if layer.weights)

    # Keras's Embedding accepts negative ids by SELECT, which TFLite Micro has not.
    @tf.function(input_signature=[tf.TensorSpec((1, _LENGTH), tf.int32)])  # type: ignore[untyped-decorator]
    def run(ids: Any) -> Any:
        return dense(lstm(tf.gather(embedding.embeddings, ids), training=False))

    function = convert_variables_to_constants_v2(run.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    return bytes(converter.convert())


def _label(interpreter: Any, ids: Ids) -> int:
    # The state of the last text must not reach the next one.
    interpreter.reset()
    interpreter.set_input(ids[np.newaxis], 0)
    interpreter.invoke()
    return int(np.argmax(interpreter.get_output(0)))


def _arena(interpreter: Any) -> int:
    """Return the bytes of the arena, which the interpreter prints on its own stderr or stdout."""
    with tempfile.TemporaryFile() as log, contextlib.ExitStack() as stack:
        for stream in (1, 2):
            kept = os.dup(stream)
            stack.callback(os.dup2, kept, stream)
            os.dup2(log.fileno(), stream)
        interpreter.print_allocations()
        log.seek(0)
        found = log.read().decode()
    match = re.search(r"Arena allocation total (\d+) bytes", found)
    return int(match[1]) if match else 0


def _emlearn(data: str, train: Rows, test: Rows) -> tuple[str, ...]:
    truth, wanted, _ = _targets(data, train, test)
    chosen = make_pipeline(CountVectorizer(binary=True), SelectKBest(chi2, k=_FEATURES))
    # Thresholds become integers: one of 0.5 would be 0.
    features = _PRESENT * chosen.fit_transform(train.texts, truth).toarray().astype(np.int16)
    held_out = _PRESENT * chosen.transform(test.texts).toarray().astype(np.int16)
    words = sum(len(word.encode()) + 1 for word in chosen.get_feature_names_out())
    forest = RandomForestClassifier(_TREES, min_samples_leaf=3, random_state=1)
    forest.fit(features, truth)
    model = emlearn.convert(forest, method="inline", dtype="int16_t")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        # It compiles the model in the current folder.
        right = model.predict(held_out) == wanted
        model.save(file=f"{folder}/forest.h", name="forest")
        source = Path(folder) / "forest.c"
        source.write_text(
            '#include "forest.h"\nint run(const int16_t *x) { return forest_predict(x, 127); }'
        )
        command = ["arm-none-eabi-gcc", *_CORE, f"-I{emlearn.includedir}", "-c", source]
        subprocess.run([*command, "-o", f"{folder}/forest.o"], check=True)
        command = ["arm-none-eabi-size", f"{folder}/forest.o"]
        sizes = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    flash = f"{int(sizes[6]):,}"
    return (data, f"emlearn, {_TREES} trees on {_FEATURES} words", flash, f"{2 * _FEATURES:,}",
            f"{words:,}", f"{100 * right.mean():.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
