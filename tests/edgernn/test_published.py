"""Models as people publish them export to what their own pipelines predict."""

from __future__ import annotations

import csv
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from edgernn_export import RECIPES
from edgernn_runtime.tokenizer_spec import STEPS
from tests.edgernn.conftest import reviews, run
from tests.published.corpus import MissingDataError
from tests.published.exporting import export_published, names_the_cause
from tests.published.pattern import prepare
from tests.published.patterns import PATTERNS
from tests.published.training import fit

PAGE = Path(__file__).resolve().parents[2] / "docs" / "your-model.md"

#: Float32 engines sum in another order than Keras.
TOLERANCE = 1e-5
#: One pattern for each option and kind of file; `benchmarks/published.py` exports all of them.
QUICK = (
    "tf-basic",
    "keras-imdb-bilstm",
    "keras-from-scratch",
    "notebook-letters",
    "notebook-characters",
    "lstm-dot-attention",
    "h5-lstm",
    "h5-branches",
    "ragged",
)

# tf_keras warns of `.h5`, TensorFlow of what it finds in its own modules.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module", params=QUICK)
def published(request, shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    try:
        return prepare(PATTERNS[request.param], shared_data, folder)
    except MissingDataError as error:
        pytest.skip(str(error))


def test_the_texts_tell_the_models_classes_apart(published):
    assert len(published.texts) == 200
    assert np.isfinite(published.outputs).all()
    assert published.outputs.std(axis=0).max() > 0.15
    with published.reference.open(newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    assert header[0] == "text"
    assert len(header) == 1 + published.outputs.shape[1]
    assert tuple(row[0] for row in rows) == published.texts
    read = np.array([row[1:] for row in rows], dtype=np.float32)
    assert np.array_equal(read, published.outputs)


def test_a_bundle_predicts_what_the_pipeline_does(published):
    exact = export_published(published, "native", "none")
    assert exact.error is None, str(exact.error)
    assert exact.largest <= TOLERANCE
    small = export_published(published, "native", "int8")
    assert small.error is None, str(small.error)
    assert small.p99 <= RECIPES["int8"].gate.fit.most


def test_a_wrong_option_is_refused_with_its_name(published):
    for wrong in published.pattern.wrong:
        outcome = export_published(published, "native", "none", wrong.options)
        assert outcome.error is not None, f"{wrong.what}: differs by {outcome.largest}"
        assert names_the_cause(outcome.error, wrong.options), str(outcome.error)


def test_there_are_twenty_patterns_each_with_a_mistake():
    assert len(PATTERNS) >= 20
    assert all(pattern.wrong for pattern in PATTERNS.values())


def _blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_the_page_exports_a_notebooks_model(tmp_path, monkeypatch, capsys):
    """The cell and the commands of docs/your-model.md, run in order after a small notebook."""
    import keras
    import tensorflow as tf

    monkeypatch.chdir(tmp_path)
    keras.utils.set_random_seed(0)
    rows = [(text, label == "pos") for text, label in reviews(400, 3)]
    texts = [text for text, _ in rows]
    tokenizer = tf.keras.preprocessing.text.Tokenizer(num_words=5000)
    tokenizer.fit_on_texts(texts)
    pad_sequences = keras.utils.pad_sequences
    model = keras.Sequential(
        [
            keras.Input((None,)),
            keras.layers.Embedding(len(tokenizer.word_index) + 1, 8),
            keras.layers.LSTM(8),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    ids = pad_sequences(tokenizer.texts_to_sequences(texts), maxlen=100)
    fit(model, ids, np.array([label for _, label in rows]), rate=2e-2, epochs=3)

    page = PAGE.read_text(encoding="utf-8")
    notebook = page[page.index("## From a notebook") : page.index("## Which options")]
    (cell,) = _blocks(notebook, "python")
    exec(cell, {**locals(), "texts": texts[:200]})
    commands = [line.strip() for line in notebook.splitlines() if "edgernn " in line[:12]]
    assert [shlex.split(command)[1] for command in commands] == ["export", "predict"]
    for command in commands:
        assert run(*shlex.split(command)[1:]) == 0, capsys.readouterr().err
    wrong = commands[0].replace("--padding pre", "--padding post")
    assert run(*shlex.split(wrong)[1:], "--force") == 1
    assert "reference" in capsys.readouterr().err


def test_the_page_names_every_step():
    page = PAGE.read_text(encoding="utf-8")
    section = page[page.index("## Steps") : page.index("## Your own code")]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(STEPS)
