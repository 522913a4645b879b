"""The exporter: Keras model in, verified bundle out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from edgernn_export.card import model_card
from edgernn_export.census import Census, check_census
from edgernn_export.errors import GateError, OutputError
from edgernn_export.formats import Format, format_named
from edgernn_export.keras_model import KerasModel, keras_outputs, load_keras
from edgernn_export.reader import read_network
from edgernn_export.recipes import Recipe, recipe_named
from edgernn_export.texts import synthetic_examples
from edgernn_export.vectors import encode_vectors
from edgernn_export.verify import (
    Check,
    Comparison,
    Examples,
    check,
    compare,
    outputs_of,
    repeats_itself,
)
from edgernn_export.write import describe_members, write_file, zip_members
from edgernn_runtime import Classifier, __version__
from edgernn_runtime.bundle import CARD, MANIFEST, VECTORS, VOCABULARY, bundle_of
from edgernn_runtime.manifest import Manifest, encode_manifest
from edgernn_runtime.network import Array, Network
from edgernn_runtime.vocabulary import encode_vocabulary

#: Texts of the A-B-A check, and of the file of other weights that must fail.
_FEW = 20


@dataclass(frozen=True)
class Export:
    """What was exported.

    Attributes:
        path: the bundle.
        size: its size in bytes.
        model_size: the model file's size in bytes.
        parameters: the number of weights.
        census: what the model file holds.
        comparison: its answers beside Keras's.
        checks: the bounds of the recipe's gate, and how they fared.
        warnings: what the user should know, a sentence each.
    """

    path: Path
    size: int
    model_size: int
    parameters: int
    census: Census
    comparison: Comparison
    checks: tuple[Check, ...]
    warnings: tuple[str, ...]


def export(
    model: Path | str,
    out: Path | str,
    *,
    format: str,
    quantize: str = "none",
    labels: tuple[str, ...] | None = None,
    examples: Examples | None = None,
    allow_drop: bool = False,
    overwrite: bool = False,
) -> Export:
    """Export a Keras model to a bundle and verify it.

    Args:
        model: a `.keras` file with its TextVectorization layer inside.
        out: the bundle to write.
        format: `tflite` or `onnx`.
        quantize: `none`, `float16` or `int8`.
        labels: the names of the classes; None names them by their numbers.
        examples: texts to verify on; None draws them from the vocabulary.
        allow_drop: write the bundle even where a gate is missed.
        overwrite: replace a bundle that stands at `out`.

    Raises:
        OptionError: no such format or recipe, or labels that do not fit.
        ModelFileError: the file is not a Keras model that can be loaded safely.
        UnsupportedModelError: the model has a layer or option that cannot be exported.
        CensusError: the written file is not fused, or not quantized as asked.
        GateError: its answers differ too much from Keras's; nothing was written.
        OutputError: `out` is there already, or cannot be written.
    """
    row, recipe, out = format_named(format), recipe_named(quantize), Path(out)
    if out.exists() and not overwrite:
        raise OutputError(
            "there is a file already", path=out, hint="--force replaces it, --out names another"
        )
    keras_model = load_keras(Path(model))
    network = read_network(keras_model, labels)
    examples = examples or synthetic_examples(network)
    return _write(_Job(keras_model, network, row, recipe, examples), out, allow_drop)


@dataclass(frozen=True)
class _Job:
    keras_model: KerasModel
    network: Network
    format: Format
    recipe: Recipe
    examples: Examples


def _write(job: _Job, out: Path, allow_drop: bool) -> Export:
    """Build the bundle, verify it in memory, and write it."""
    outputs = keras_outputs(job.keras_model, job.network, (*job.examples.texts, ""))
    reference, empty = outputs[:-1], outputs[-1]
    members = _model_members(job, job.network)
    census = job.format.writer.read_census(members[job.format.member])
    check_census(census, job.recipe, job.format.writer.FORBIDDEN)
    manifest = _manifest(job, empty)
    with _open(out, manifest, members) as classifier:
        found = outputs_of(classifier, job.examples.texts)
        comparison = compare(reference, found, job.network.head, job.examples)
        vectors = encode_vectors(classifier, job.examples.texts)
        steady = repeats_itself(classifier, job.examples.texts[:_FEW])
    about_examples = _example_checks(job, manifest, reference, comparison, out)
    checks = (
        *check(comparison, job.recipe.gate),
        Check("A-B-A the same to the bit", float(steady), 1.0, steady),
        *about_examples,
    )
    missed = [one for one in checks if not one.passed]
    # Words drawn at random say too little about a model to refuse it for them.
    is_drawn = job.examples.source == "synthetic"
    failed = [one for one in missed if not (is_drawn and one in about_examples)]
    if failed and not allow_drop:
        raise _gate_error(out, failed)
    figures = {
        "comparison": comparison.to_json(),
        "checks": [asdict(one) for one in checks],
        "census": asdict(census),
        "parameters": job.network.parameters,
    }
    manifest = replace(manifest, figures=figures)
    sizes = len(members[job.format.member]), len(members[VOCABULARY])
    members = {**members, VECTORS: vectors, CARD: model_card(out.stem, manifest, *sizes)}
    data = zip_members(_with_manifest(manifest, members))
    write_file(out, data)
    return Export(
        path=out,
        size=len(data),
        model_size=sizes[0],
        parameters=job.network.parameters,
        census=census,
        comparison=comparison,
        checks=checks,
        warnings=tuple(map(_warning, missed)),
    )


def _model_members(job: _Job, network: Network) -> dict[str, bytes]:
    vocabulary = encode_vocabulary(network.vocabulary)
    sha256 = describe_members({VOCABULARY: vocabulary})[VOCABULARY].sha256
    model = job.format.writer.write(network, job.recipe, sha256)
    return {VOCABULARY: vocabulary, job.format.member: model}


def _manifest(job: _Job, empty: Array) -> Manifest:
    network = job.network
    return Manifest(
        tokenizer=network.tokenizer,
        labels=network.labels,
        head=network.head,
        pad_to=network.pad_to,
        empty=tuple(float(value) for value in empty),
        format=job.format.name,
        recipe=job.recipe.name,
        lowering="fused",
        model=job.format.member,
        interface=job.format.writer.INTERFACE,
        created_by=f"edgernn {__version__}",
    )


def _with_manifest(manifest: Manifest, members: Mapping[str, bytes]) -> dict[str, bytes]:
    described = replace(manifest, members=describe_members(members))
    return {MANIFEST: encode_manifest(described), **members}


def _open(path: Path, manifest: Manifest, members: Mapping[str, bytes]) -> Classifier:
    """Open a bundle that is not written yet, through the reader that a device uses."""
    complete = {**members, VECTORS: b"[]\n", CARD: b"\n"}
    return Classifier(bundle_of(path, _with_manifest(manifest, complete)))


def _example_checks(
    job: _Job, manifest: Manifest, reference: Array, comparison: Comparison, out: Path
) -> tuple[Check, ...]:
    """Return whether the texts can tell this model from another at all."""
    classes = len(job.network.labels)
    used = comparison.classes_used
    others_fail = not _other_weights_pass(job, manifest, reference, out)
    return (
        Check("labels that Keras gives on these texts", used, classes, used == classes),
        Check("a file with other weights fails", float(others_fail), 1.0, others_fail),
    )


def _other_weights_pass(job: _Job, manifest: Manifest, reference: Array, out: Path) -> bool:
    count = min(len(job.examples.texts), 5 * _FEW)
    other = replace(job.network, embedding=np.roll(job.network.embedding, 1, axis=0))
    texts = job.examples.texts[:count]
    labels = None if job.examples.labels is None else job.examples.labels[:count]
    with _open(out, manifest, _model_members(job, other)) as classifier:
        found = outputs_of(classifier, texts)
    examples = replace(job.examples, texts=texts, labels=labels)
    comparison = compare(reference[:count], found, job.network.head, examples)
    return all(one.passed for one in check(comparison, job.recipe.gate))


def _warning(missed: Check) -> str:
    return f"missed: {missed.name}, {missed.found:.4g} for {missed.bound:g}"


def _gate_error(out: Path, failed: list[Check]) -> GateError:
    return GateError(
        "the file was not shown to give the trained answers; nothing was written",
        path=out,
        expected="; ".join(f"{one.name} {one.bound:g}" for one in failed),
        found="; ".join(f"{one.name} {one.found:.3g}" for one in failed),
        hint="verify on other texts with --texts, try another recipe, or accept it: --allow-drop",
    )
