"""The exporter: from a Keras model to a verified bundle, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgernn_export.c.files import check_name
from edgernn_export.candidate import build_candidate, build_vocabulary, complete
from edgernn_export.comparison import Comparison, Examples
from edgernn_export.errors import UnsupportedModelError
from edgernn_export.gates import check_gates
from edgernn_export.keras.layer_chain import KerasModel
from edgernn_export.keras.model_file import load_keras
from edgernn_export.keras.padding import Padding, check_padding, describe_truncation
from edgernn_export.keras.predictions import keras_outputs
from edgernn_export.keras.reader import Source, read_source
from edgernn_export.keras.text_vectorization import load_vectorizer
from edgernn_export.lowering import lower
from edgernn_export.model_stats import LoweringKind, ModelStats
from edgernn_export.recipes import find_recipe
from edgernn_export.synthetic_texts import synthetic_examples
from edgernn_export.targets import Variant, check_combination, find_target
from edgernn_export.test_vectors import encode_test_vectors
from edgernn_export.verification import Check, verify
from edgernn_runtime import Classifier
from edgernn_runtime.ir import Array
from edgernn_runtime.tokenizer import Truncate

_NO_EMPTY = "Keras returns NaN for an empty text; the bundle returns the output for an OOV token"


@dataclass(frozen=True)
class Options:
    """What to export to.

    Attributes:
        format: the target: `tflite`, `onnx`, `native` or `c`.
        quantize: the recipe: `none`, `float16`, `int8` or `int8-full`.
        variant: `default`; of TFLite also `stateless`, of ONNX also `ort`.
        labels: the names of the classes; None names them by their numbers.
        vocabulary: for a model that takes ids: a `.keras` file with its TextVectorization layer,
            or a vocabulary of one token a line.
        truncate: for a model that takes ids: which ids of a text longer than its length the model
            was given, `head` or `head+tail` (the first and the last half). None is `head`; it must
            be stated if the padding must be.
        padding: for a model that takes ids: where its texts were padded, `post` (behind), `pre` (in
            front) or `none`. It must be stated if the model's output depends on it.
        max_length: for a vocabulary of one token a line: the length to truncate and pad to, if the
            model does not state it.
        about: what the model was trained on, for the model card; None leaves it out.
        name: for the target `c`: the first part of the names of its files, functions and constants.
        allow_drop: write the bundle even if a gate is missed.
        overwrite: replace an existing output.
    """

    format: str
    quantize: str = "none"
    variant: Variant = "default"
    labels: tuple[str, ...] | None = None
    vocabulary: Path | None = None
    max_length: int | None = None
    truncate: Truncate | None = None
    padding: Padding | None = None
    about: str | None = None
    name: str = "model"
    allow_drop: bool = False
    overwrite: bool = False


@dataclass(frozen=True)
class Export:
    """The result of an export.

    Attributes:
        path: the bundle, or the folder of C.
        size: its size in bytes.
        model_size: the model file's size in bytes.
        lowering: how the model was lowered.
        stats: the statistics of the model file.
        comparison: the differences from the reference.
        checks: the checks of the recipe's gate, with their results.
        warnings: what the user should know, a sentence each.
    """

    path: Path
    size: int
    model_size: int
    lowering: LoweringKind
    stats: ModelStats
    comparison: Comparison
    checks: tuple[Check, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Reference:
    """The outputs of Keras that a file is compared with.

    Attributes:
        outputs: float32 [N, C], for the N examples.
        empty: float32 [C], for a text without a token.
        warnings: what the user should know, a sentence each.
    """

    outputs: Array
    empty: Array
    warnings: tuple[str, ...]


def export(
    model: Path | str | KerasModel,
    out: Path | str,
    options: Options,
    examples: Examples | None = None,
) -> Export:
    """Export a Keras model and verify the result before it is written.

    Args:
        model: a `.keras` file, or a Keras model in memory.
        out: the bundle to write; for the target `c`, the folder.
        options: what to export to.
        examples: texts to verify on; None draws them from the vocabulary.

    Raises:
        OptionError: no such target, recipe or variant, labels that do not fit, no vocabulary, or
            padding that must be stated.
        ModelFileError: the file is not a Keras model that can be loaded safely.
        UnsupportedModelError: the model has a layer or option that cannot be exported.
        ModelStatsError: the written file is not lowered or quantized as requested.
        GateError: its outputs differ too much from Keras; nothing was written.
        OutputError: `out` exists already, or cannot be written.
    """
    target, recipe, out = find_target(options.format), find_recipe(options.quantize), Path(out)
    check_combination(target, recipe, options.variant)
    check_name(options.name)
    target.output.check_output(out, overwrite=options.overwrite)
    try:
        source = _read(model, options)
        examples = examples or synthetic_examples(source.task)
        reference = _predict(source, examples)
        vocabulary = build_vocabulary(source.task)
        lowered = lower(source, target, recipe, options.variant, vocabulary.sha256, examples.texts)
    except UnsupportedModelError as error:
        error.path = error.path or (str(model) if isinstance(model, str | Path) else model.name)
        raise
    candidate = build_candidate(
        out, source.task, target, recipe, lowered, vocabulary, reference.empty
    )
    with Classifier(candidate.bundle) as classifier:
        verdict = verify(classifier, source, reference.outputs, examples, recipe, target.bits)
        test_vectors = encode_test_vectors(classifier, examples.texts)
    missed = check_gates(out, verdict, allow_drop=options.allow_drop)
    verified = complete(candidate, verdict, test_vectors, options.about)
    verified = replace(verified, name=options.name)
    size = target.output.write_output(verified, out, overwrite=options.overwrite)
    return Export(
        path=out,
        size=size,
        model_size=len(lowered.members[lowered.model]),
        lowering=lowered.lowering,
        stats=lowered.stats,
        comparison=verdict.comparison,
        checks=verdict.checks,
        warnings=(
            *source.warnings,
            *describe_truncation(source, options.truncate),
            *lowered.warnings,
            *reference.warnings,
            *missed,
        ),
    )


def _read(model: Path | str | KerasModel, options: Options) -> Source:
    keras_model = load_keras(Path(model)) if isinstance(model, str | Path) else model
    vectorizer = None
    if options.vocabulary is not None:
        vectorizer = load_vectorizer(options.vocabulary, keras_model, options.max_length)
    source = read_source(keras_model, options.labels, vectorizer, options.truncate or "head")
    check_padding(source, options.padding, options.truncate)
    return source


def _predict(source: Source, examples: Examples) -> _Reference:
    outputs = keras_outputs(source, (*examples.texts, "", "[UNK]"))
    empty, unknown = outputs[-2], outputs[-1]
    if np.isfinite(empty).all():
        return _Reference(outputs[:-2], empty, ())
    return _Reference(outputs[:-2], unknown, (_NO_EMPTY,))
