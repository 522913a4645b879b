"""Writes the corpus: python -m tests.hosts.make."""

from __future__ import annotations

import base64
import shutil
import tempfile
import zlib
from pathlib import Path

from edgernn_runtime import load
from edgernn_runtime.self_test import get_tolerance
from tests.hosts import broken_bundles, broken_models, broken_steps
from tests.hosts.corpus import (
    TEXTS,
    prediction_bundles,
    step_bundles,
    step_token_bundles,
    threshold_bundles,
    token_bundles,
    version_1_with_steps,
    version_1_with_thresholds,
)
from tests.hosts.host import BUNDLES, HOSTS, described, status_of

FIXTURES = HOSTS.parent / "runtime" / "fixtures"


def parts_of(base, data):
    """Return what makes data of a bundle: copied runs of 12 bytes or more, and inserted bytes."""
    places = {base[i : i + 12]: i for i in range(len(base) - 12, -1, -1)}
    parts, new, at = [], bytearray(), 0
    while at < len(data):
        start = places.get(data[at : at + 12])
        # Most files differ from the bundle in a few bytes: prefer the same place.
        if base[at : at + 12] == data[at : at + 12] and at + 12 <= len(data):
            start = at
        if start is None:
            new.append(data[at])
            at += 1
            continue
        length = 12
        while (
            data[at + length : at + length + 1] == base[start + length : start + length + 1] != b""
        ):
            length += 1
        if new:
            parts.append(f"+{new.hex()}")
            new.clear()
        parts.append(f"={start},{length}")
        at += length
    return [*parts, f"+{new.hex()}"] if new else parts


def write_broken(bases):
    lines, seen = [], set()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "broken.edgernn"
        for makers, name in bases:
            base = (BUNDLES / name).read_bytes()
            for make in makers:
                for words, data in make(base):
                    if data == base or zlib.crc32(data) in seen:
                        continue
                    seen.add(zlib.crc32(data))
                    path.write_bytes(data)
                    parts = " ".join(parts_of(base, data))
                    lines.append(f"{words} {status_of(path)} {name} {parts}".rstrip())
    (HOSTS / "broken.txt").write_text("\n".join(lines) + "\n")


def main():
    shutil.rmtree(BUNDLES, ignore_errors=True)
    BUNDLES.mkdir()
    predictions, tokens = [], []
    for name, data in (*prediction_bundles(), *step_bundles(), *threshold_bundles()):
        (BUNDLES / f"{name}.edgernn").write_bytes(data)
    for kind in ("", "-wide"):
        shutil.copy(
            FIXTURES / f"bundle-1-native{kind}.edgernn", BUNDLES / f"version-1{kind}.edgernn"
        )
    old = version_1_with_steps(BUNDLES / "version-1.edgernn")
    (BUNDLES / "version-1-steps.edgernn").write_bytes(old)
    old = version_1_with_thresholds(BUNDLES / "version-1.edgernn")
    (BUNDLES / "version-1-thresholds.edgernn").write_bytes(old)
    for path in sorted(BUNDLES.iterdir()):
        with load(path) as classifier:
            tolerance = get_tolerance(classifier.bundle.manifest.recipe)
            for text in TEXTS:
                found = classifier.predict(text)
                values = ",".join(f"{value:.9g}" for value in found.probabilities.values())
                chosen = described(found, classifier.labels)
                word = text.encode().hex() or "-"
                predictions.append(f"{path.name} {word} {chosen} {values} {tolerance:g}")
    for name, data, cases in (*token_bundles(), *step_token_bundles()):
        (BUNDLES / f"{name}.edgernn").write_bytes(data)
        for case in cases:
            text = base64.b64decode(case["text"])
            # Bare ids leave out each 0; the vectors have those in the middle.
            ids = ",".join(str(i) for i in case["ids"] if i or "padding" in case) or "-"
            tokens.append(f"{name}.edgernn {text.hex() or '-'} {ids}")
    (HOSTS / "predictions.txt").write_text("\n".join(predictions) + "\n")
    (HOSTS / "tokens.txt").write_text("\n".join(tokens) + "\n")
    write_broken(
        [
            (
                (
                    broken_bundles.broken_archives,
                    broken_bundles.broken_directories,
                    broken_bundles.broken_manifests,
                    broken_models.broken_models,
                    broken_models.broken_texts,
                ),
                "lstm-int8-binary.edgernn",
            ),
            ((broken_bundles.broken_version_1,), "version-1.edgernn"),
            (
                (broken_bundles.broken_thresholds, broken_models.broken_threshold_sections),
                "thresholds-multiclass.edgernn",
            ),
            ((broken_bundles.broken_thresholds,), "version-1-thresholds.edgernn"),
            ((broken_models.broken_ngrams,), "tokens-keras-05.edgernn"),
            (
                (broken_steps.broken_step_sections, broken_steps.broken_step_manifests),
                "steps-padded.edgernn",
            ),
            ((broken_steps.broken_step_vocabularies,), "version-1-steps.edgernn"),
        ]
    )


if __name__ == "__main__":
    main()
