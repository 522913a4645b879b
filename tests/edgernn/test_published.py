"""Models as people publish them export to what their own pipelines predict."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from edgernn_export import RECIPES
from tests.published.corpus import MissingDataError
from tests.published.exporting import export_published, missing_options, names_the_cause
from tests.published.pattern import prepare
from tests.published.patterns import PATTERNS

#: Float32 engines sum in another order than Keras.
TOLERANCE = 1e-5

# tf_keras warns of `.h5`, TensorFlow of what it finds in its own modules.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module", params=PATTERNS)
def published(request, shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    try:
        return prepare(PATTERNS[request.param], shared_data, folder)
    except MissingDataError as error:
        pytest.skip(str(error))


def _skip_if_unfinished(published):
    missing = missing_options(published)
    if missing:
        pytest.skip(f"edgernn.export has no {', '.join(missing)} yet")


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
    _skip_if_unfinished(published)
    exact = export_published(published, "native", "none")
    assert exact.error is None, str(exact.error)
    assert exact.largest <= TOLERANCE
    small = export_published(published, "native", "int8")
    assert small.error is None, str(small.error)
    assert small.p99 <= RECIPES["int8"].gate.fit.most


def test_a_wrong_option_is_refused_with_its_name(published):
    _skip_if_unfinished(published)
    for wrong in published.pattern.wrong:
        outcome = export_published(published, "native", "none", wrong.options)
        assert outcome.error is not None, f"{wrong.what}: differs by {outcome.largest}"
        assert names_the_cause(outcome.error, wrong.options), str(outcome.error)


def test_there_are_twenty_patterns_each_with_a_mistake():
    assert len(PATTERNS) >= 20
    assert all(pattern.wrong for pattern in PATTERNS.values())
