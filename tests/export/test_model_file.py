"""Model files that an earlier version saved."""

from __future__ import annotations

import json
import zipfile

import keras
import numpy as np
import pytest

from edgernn_export.keras.hashed_ngrams import HashedNgrams
from edgernn_export.keras.head_tail_truncation import HeadTailTruncation
from edgernn_export.keras.model_file import load_keras
from edgernn_export.keras.unicode_text import UnicodeTextVectorization

#: By registered name: the first class names and modules of our layers. Keras writes all three.
FIRST_NAMES = {
    "edgernn>KeepEnds": ("KeepEnds", "edgernn_export.keep_ends"),
    "edgernn>HashedNgrams": ("HashedNgrams", "edgernn_export.hashed_ngrams"),
    "edgernn>UnicodeTextVectorization": (
        "UnicodeTextVectorization",
        "edgernn_export.unicode_text",
    ),
}


def _with_first_names(config, found):
    if isinstance(config, list):
        return [_with_first_names(item, found) for item in config]
    if not isinstance(config, dict):
        return config
    config = {key: _with_first_names(value, found) for key, value in config.items()}
    if config.get("registered_name") in FIRST_NAMES:
        found.add(config["registered_name"])
        config["class_name"], config["module"] = FIRST_NAMES[config["registered_name"]]
    return config


@pytest.mark.parametrize("saved_by", ["this version", "the first version"])
def test_a_file_with_our_layers_loads_wherever_their_modules_were(tmp_path, saved_by):
    strings = keras.Input((), dtype="string")
    ids = UnicodeTextVectorization(vocabulary=["a", "good", "film"])(strings)
    logits = HashedNgrams(words=5, buckets=7, outputs=1)(HeadTailTruncation(4)(ids))
    model = keras.Model(strings, logits)
    model.save(tmp_path / "model.keras")
    path, found = tmp_path / "model.keras", set()
    if saved_by == "the first version":
        path = tmp_path / "old.keras"
        with (
            zipfile.ZipFile(tmp_path / "model.keras") as new,
            zipfile.ZipFile(path, "w") as old,
        ):
            for name in new.namelist():
                data = new.read(name)
                if name == "config.json":
                    data = json.dumps(_with_first_names(json.loads(data), found)).encode()
                old.writestr(name, data)
        assert found == set(FIRST_NAMES)
    texts = np.array(["a good film", "good good a film film"], dtype=object)
    loaded = load_keras(path)
    assert np.array_equal(loaded.predict(texts, verbose=0), model.predict(texts, verbose=0))
