"""The exporter: Keras model in, verified bundle out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgernn_export.bundle_writer import describe_members, write_file, zip_members
from edgernn_export.errors import GateError, OutputError, UnsupportedModelError
from edgernn_export.keras.model_file import load_keras
from edgernn_export.keras.predictions import keras_outputs
from edgernn_export.keras.reader import Source, read_source
from edgernn_export.keras.text_vectorization import load_vectorizer
from edgernn_export.lowering import Lowered, lower
from edgernn_export.model_card import model_card
from edgernn_export.model_stats import Census, Lowering
from edgernn_export.recipes import Recipe, recipe_named
from edgernn_export.synthetic_texts import synthetic_examples
from edgernn_export.targets import Flavour, Format, check_form, format_named
from edgernn_export.test_vectors import encode_vectors
from edgernn_export.verification import (
    Check,
    Comparison,
    Examples,
    Verdict,
    verify,
)
from edgernn_runtime import Classifier, __version__
from edgernn_runtime.bundle import CARD, MANIFEST, VECTORS, VOCABULARY, parse_bundle
from edgernn_runtime.ir import Array
from edgernn_runtime.manifest import Manifest, encode_manifest
from edgernn_runtime.tokenizer import Truncate
from edgernn_runtime.vocabulary import encode_vocabulary


@dataclass(frozen=True)
class Options:
    """What to export to.

    Attributes:
        format: `tflite`, `onnx` or `native`.
        quantize: `none`, `float16`, `int8` or `int8-full`.
        flavour: `plain`; of TFLite also `stateless`, of ONNX also `ort`.
        labels: the names of the classes; None names them by their numbers.
        vocabulary: for a model that takes ids: a `.keras` file with its TextVectorization layer,
            or a vocabulary of one token a line.
        truncate: for such a model: what it was given of a text longer than its length, `head` or
            `head+tail`, the first and the last half.
        max_length: of a vocabulary of one token a line: the length to cut and pad to, where the
            model does not say it.
        about: what the model was trained on, for the model card; None leaves it out.
        allow_drop: write the bundle even where a gate is missed.
        overwrite: replace a bundle that stands there.
    """

    format: str
    quantize: str = "none"
    flavour: Flavour = "plain"
    labels: tuple[str, ...] | None = None
    vocabulary: Path | None = None
    max_length: int | None = None
    truncate: Truncate = "head"
    about: str | None = None
    allow_drop: bool = False
    overwrite: bool = False


@dataclass(frozen=True)
class Export:
    """What was exported.

    Attributes:
        path: the bundle.
        size: its size in bytes.
        model_size: the model file's size in bytes.
        lowering: how the model was lowered.
        census: what the model file holds.
        comparison: its answers beside Keras's.
        checks: the bounds of the recipe's gate, and how they fared.
        warnings: what the user should know, a sentence each.
    """

    path: Path
    size: int
    model_size: int
    lowering: Lowering
    census: Census
    comparison: Comparison
    checks: tuple[Check, ...]
    warnings: tuple[str, ...]


def export(
    model: Path | str,
    out: Path | str,
    options: Options,
    examples: Examples | None = None,
) -> Export:
    """Export a Keras model to a bundle and verify it.

    Args:
        model: a `.keras` file.
        out: the bundle to write.
        options: what to export to.
        examples: texts to verify on; None draws them from the vocabulary.

    Raises:
        OptionError: no such format, recipe or flavour, labels that do not fit, or no vocabulary.
        ModelFileError: the file is not a Keras model that can be loaded safely.
        UnsupportedModelError: the model has a layer or option that cannot be exported.
        CensusError: the written file is not lowered or quantized as asked.
        GateError: its answers differ too much from Keras's; nothing was written.
        OutputError: `out` is there already, or cannot be written.
    """
    row, recipe, out = format_named(options.format), recipe_named(options.quantize), Path(out)
    check_form(row, recipe, options.flavour)
    if out.exists() and not options.overwrite:
        raise OutputError(
            "there is a file already", path=out, hint="--force replaces it, --out names another"
        )
    try:
        source = _read(Path(model), options)
        examples = examples or synthetic_examples(source.task)
        return _write(_Job(source, row, recipe, options, examples), out)
    except UnsupportedModelError as error:
        error.path = error.path or str(model)
        raise


def _read(model: Path, options: Options) -> Source:
    keras_model, vectorizer = load_keras(model), None
    if options.vocabulary is not None:
        vectorizer = load_vectorizer(options.vocabulary, keras_model, options.max_length)
    return read_source(keras_model, options.labels, vectorizer, options.truncate)


@dataclass(frozen=True)
class _Job:
    source: Source
    format: Format
    recipe: Recipe
    options: Options
    examples: Examples


def _write(job: _Job, out: Path) -> Export:
    """Build the bundle, verify it in memory, and write it."""
    outputs = keras_outputs(job.source, (*job.examples.texts, "", "[UNK]"))
    reference, empty, unknown = outputs[:-2], outputs[-2], outputs[-1]
    vocabulary = encode_vocabulary(job.source.task.vocabulary)
    sha256 = describe_members({VOCABULARY: vocabulary})[VOCABULARY].sha256
    flavour, texts = job.options.flavour, job.examples.texts
    lowered = lower(job.source, job.format, job.recipe, flavour, sha256, texts)
    has_empty = bool(np.isfinite(empty).all())
    manifest = _manifest(job, lowered, empty if has_empty else unknown)
    members = {VOCABULARY: vocabulary, **lowered.members}
    with _open(out, manifest, members) as classifier:
        verdict = _verify(job, classifier, reference)
        vectors = encode_vectors(classifier, job.examples.texts)
    missed = [one for one in verdict.checks if not one.passed]
    # Words drawn at random say too little about a model to refuse it for them.
    is_drawn = job.examples.source == "synthetic"
    failed = [one for one in missed if not (is_drawn and one in verdict.of_texts)]
    if failed and not job.options.allow_drop:
        raise _gate_error(out, failed, verdict.of_texts)
    manifest = replace(manifest, figures=_figures(verdict, lowered))
    sizes = len(lowered.members[lowered.model]), len(vocabulary)
    card = model_card(out.stem, manifest, *sizes, job.options.about)
    members = {**members, VECTORS: vectors, CARD: card}
    data = zip_members(_with_manifest(manifest, members))
    write_file(out, data)
    return Export(
        path=out,
        size=len(data),
        model_size=sizes[0],
        lowering=lowered.lowering,
        census=lowered.census,
        comparison=verdict.comparison,
        checks=verdict.checks,
        warnings=(
            *lowered.warnings,
            *(() if has_empty else (_NO_EMPTY,)),
            *map(_warning, missed),
        ),
    )


def _figures(verdict: Verdict, lowered: Lowered) -> dict[str, Any]:
    """Return what the manifest keeps of a verification."""
    return {
        "comparison": verdict.comparison.to_json(),
        "checks": [asdict(one) for one in verdict.checks],
        "census": asdict(lowered.census),
        "warnings": list(lowered.warnings),
    }


_NO_EMPTY = "Keras answers an empty text with NaN; the bundle answers as for an unknown word"


def _manifest(job: _Job, lowered: Lowered, empty: Array) -> Manifest:
    task = job.source.task
    return Manifest(
        tokenizer=task.tokenizer,
        labels=task.labels,
        head=task.head,
        pad_to=task.pad_to,
        empty=tuple(float(value) for value in empty),
        format=job.format.name,
        recipe=job.recipe.name,
        lowering=lowered.lowering,
        model=lowered.model,
        interface=lowered.interface,
        created_by=f"edgernn {__version__}",
    )


def _with_manifest(manifest: Manifest, members: Mapping[str, bytes]) -> dict[str, bytes]:
    described = replace(manifest, members=describe_members(members))
    return {MANIFEST: encode_manifest(described), **members}


def _open(path: Path, manifest: Manifest, members: Mapping[str, bytes]) -> Classifier:
    """Open a bundle that is not written yet, through the reader that a device uses."""
    complete = {**members, VECTORS: b"[]\n", CARD: b"\n"}
    return Classifier(parse_bundle(path, _with_manifest(manifest, complete)))


def _verify(job: _Job, classifier: Classifier, reference: Array) -> Verdict:
    source, bits = job.source, job.format.bits
    return verify(
        classifier, source.network, reference, job.examples, source.task, job.recipe, bits
    )


def _warning(missed: Check) -> str:
    return f"gate missed: {missed.name}, expected {missed.expected}, found {missed.found:.3g}"


def _gate_error(out: Path, failed: list[Check], of_texts: tuple[Check, ...]) -> GateError:
    """Return the error for failed checks, which says whether the file or the texts failed."""
    what = "outputs differ from Keras beyond the tolerance"
    hint = "compare on other texts with --texts, try another recipe, or keep it: --allow-drop"
    if all(one in of_texts for one in failed):
        what = "these texts do not tell the model from another one"
        hint = "give texts of several classes with --texts, or write it unchecked: --allow-drop"
    return GateError(
        f"verification failed: {what}; nothing was written",
        path=out,
        expected="; ".join(f"{one.name} {one.expected}" for one in failed),
        found="; ".join(f"{one.name} {one.found:.3g}" for one in failed),
        hint=hint,
    )
