"""Thresholds: what a bundle with them stores, and which labels its predictions have."""

from __future__ import annotations

import json

import pytest

from edgernn_runtime import load
from edgernn_runtime.__main__ import main
from edgernn_runtime.bundle import MANIFEST
from edgernn_runtime.model_header import decode_header
from edgernn_runtime.prediction import choose_labels
from edgernn_runtime.text_section import read_text
from tests.hosts.corpus import TEXTS, THRESHOLDS, threshold_bundles
from tests.hosts.host import BUNDLES
from tests.hosts.rezip import members_of_bytes


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("thresholds")
    found = {}
    for name, data in threshold_bundles():
        found[name.removeprefix("thresholds-")] = path = folder / f"{name}.edgernn"
        path.write_bytes(data)
    return found


@pytest.mark.parametrize("head", THRESHOLDS)
def test_thresholds_are_in_the_manifest_and_in_the_model(bundles, head):
    members = members_of_bytes(bundles[head].read_bytes())
    manifest = json.loads(members[MANIFEST])
    assert manifest["schema"] == "edgernn-bundle/3"
    assert manifest["thresholds"] == list(THRESHOLDS[head])
    assert decode_header(members["model.bin"]).version == 3
    assert read_text(members["model.bin"]).thresholds == THRESHOLDS[head]
    with load(bundles[head]) as classifier:
        assert classifier.thresholds == THRESHOLDS[head]


def test_a_bundle_without_thresholds_is_what_older_readers_open():
    members = members_of_bytes((BUNDLES / "lstm-none-binary.edgernn").read_bytes())
    manifest = json.loads(members[MANIFEST])
    assert manifest["schema"] == "edgernn-bundle/2"
    assert "thresholds" not in manifest
    assert decode_header(members["model.bin"]).version == 2
    with load(BUNDLES / "lstm-none-binary.edgernn") as classifier:
        assert classifier.thresholds is None
        assert classifier.predict("").label == "neg"


@pytest.mark.parametrize("head", THRESHOLDS)
def test_every_label_of_a_prediction_reaches_its_threshold(bundles, head):
    with load(bundles[head]) as classifier:
        limits = dict(zip(classifier.labels, THRESHOLDS[head], strict=True))
        found = [classifier.predict(text) for text in TEXTS]
        by_ids = [classifier.predict_ids(classifier.tokenize(text)) for text in TEXTS]
    assert [one.label for one in found] == [one.label for one in by_ids]
    assert None in [one.label for one in found] != [None] * len(found)
    for one in found:
        ranked = sorted(one.probabilities, key=lambda label: -one.probabilities[label])
        reached = [label for label in ranked if one.probabilities[label] >= limits[label]]
        assert one.labels == tuple(reached if head == "multilabel" else reached[:1])
        assert one.label == (reached[0] if reached else None)
        assert one.probability == one.probabilities[one.label or one.best]
        assert [one.best, one.runner_up] == ranked[:2]


def test_the_command_names_the_best_label_of_a_text_without_one(bundles, capsys):
    with load(bundles["binary"]) as classifier:
        expected = classifier.predict("good film")
    for options in ((), ("--explain",)):
        assert main([str(bundles["binary"]), "good film", *options]) == 0
        row = json.loads(capsys.readouterr().out)
        assert (row["label"], row["labels"]) == (None, [])
        assert (row["best"], row["runner_up"]) == (expected.best, expected.runner_up)


def test_an_explanation_without_a_label_is_that_of_the_best_label(bundles):
    with load(bundles["binary"]) as classifier:
        found = classifier.explain("good film")
        assert found.prediction.label is None
        without = classifier.predict("film").probabilities[found.prediction.best]
    assert found.tokens[0].weight == pytest.approx(found.prediction.probability - without)


@pytest.mark.parametrize(
    ("values", "head", "thresholds", "label", "labels"),
    [
        ((0.4, 0.6), "binary", None, "b", ("b",)),
        ((0.4, 0.6), "binary", (0.5, 0.7), None, ()),
        ((0.7, 0.3), "binary", (0.75, 0.25), "b", ("b",)),
        ((0.6, 0.4), "multiclass", (0.5, 0.3), "a", ("a",)),
        ((0.4, 0.3), "multilabel", None, "a", ()),
        ((0.6, 0.7), "multilabel", None, "b", ("b", "a")),
        ((0.6, 0.7), "multilabel", (0.5, 0.8), "a", ("a",)),
        ((0.6, 0.7), "multilabel", (0.7, 0.8), None, ()),
    ],
)
def test_the_label_is_the_most_probable_one_that_reaches_its_threshold(
    values, head, thresholds, label, labels
):
    best = max(range(2), key=values.__getitem__)
    found = choose_labels(values, best, head, ("a", "b"), thresholds)
    assert (found.label, found.labels) == (label, labels)
    assert found.probability == found.probabilities[label or found.best]
