"""No file crashes the process: hand-written attacks, and thousands of mutations."""

from __future__ import annotations

import resource

import pytest

from tests.runtime.attacks import ATTACKS, error_of
from tests.runtime.fuzz import FIXTURES, MOST_GROWTH, MOST_SECONDS, fuzz

#: A part of the expected error, so that an attack is not refused for another reason.
NAMED = {
    "zip_slip": "'../../escaped'",
    "absolute_name": "'/tmp/escaped'",
    "bomb": "stored members",
    "claimed_size": "of at most",
    "link_in_zip": "vocab.txt does not match its hash",
    "link_in_folder": "regular files",
    "sparse_manifest": "of at most 1,048,576 bytes",
    "other_vocabulary": "trained with another vocabulary",
    "swapped_model": "trained with another vocabulary",
    "eight_byte_model": "cannot load the model",
    "duplicate_keys": "a duplicate key",
    "nan_weights": "self-test: max absolute error",
    "deep_manifest": "the manifest is not JSON",
}


@pytest.mark.parametrize("model_format", ["tflite", "onnx", "native"])
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_an_attack_is_refused_by_name(attack, model_format, tmp_path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = error_of(attack(tmp_path, FIXTURES / f"bundle-1-{model_format}.edgernn"))
    named = NAMED[attack.__name__]
    if (attack.__name__, model_format) == ("nan_weights", "native"):
        # This engine does not clamp NaN.
        named = "invalid model output"
    assert named in error
    assert not (tmp_path.parent / "escaped").exists()
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MOST_GROWTH


def test_twenty_thousand_mutations_are_accepted_or_refused(tmp_path):
    found = fuzz(tmp_path, seed=0, count=20_000)
    assert found["files"] == 20_000
    # Some must be taken, or the mutations would not get far; most must not.
    assert 1_000 < found["taken"] < 10_000
    assert found["slowest_s"] < MOST_SECONDS
    assert found["growth_bytes"] < MOST_GROWTH
