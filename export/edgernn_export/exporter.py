"""The exporter: from a Keras model to a verified bundle, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgernn_export.c.files import check_name
from edgernn_export.candidate import build_candidate, build_vocabulary, complete
from edgernn_export.comparison import Comparison, Examples
from edgernn_export.decisions import Coverage
from edgernn_export.errors import UnsupportedModelError
from edgernn_export.gates import check_gates
from edgernn_export.keras.declared_steps import check_declared
from edgernn_export.keras.front_file import has_vectorizer, load_front
from edgernn_export.keras.layer_chain import KerasModel
from edgernn_export.keras.model_file import load_keras
from edgernn_export.keras.padding import NOTHING_STATED, Stated, check_unstated, read_ids_source
from edgernn_export.keras.predictions import keras_outputs
from edgernn_export.keras.reader import Source, read_source
from edgernn_export.keras.text_front import check_steps
from edgernn_export.keras.trusted_code import import_trusted
from edgernn_export.label_order import check_label_order
from edgernn_export.labeling import Labeling, choose_labeling
from edgernn_export.lowering import as_converted, lower
from edgernn_export.model_stats import LoweringKind, ModelStats
from edgernn_export.pipeline_check import check_pipeline, suggest_padding
from edgernn_export.recipes import find_recipe
from edgernn_export.reference_file import ReferencePredictions, read_reference
from edgernn_export.synthetic_texts import synthetic_examples
from edgernn_export.targets import Variant, check_combination, find_target
from edgernn_export.test_vectors import encode_test_vectors
from edgernn_export.verification import Check, Verdict, verify
from edgernn_runtime import Classifier
from edgernn_runtime.ir import Array
from edgernn_runtime.tokenizer_spec import Step

#: More names of classes are not printed.
_MOST_NAMES = 6
_NO_EMPTY = "Keras returns NaN for an empty text; the bundle returns the output for an OOV token"


@dataclass(frozen=True)
class Options:
    """What to export to.

    Attributes:
        format: the target: `tflite`, `onnx`, `native` or `c`.
        quantize: the recipe: `none`, `float16`, `int8` or `int8-full`.
        variant: `default`; of TFLite also `stateless`, of ONNX also `ort`.
        labels: the names of the classes, in the order of the model's outputs; None names them by
            their numbers.
        tokenizer: for a model that takes ids: the JSON file of its Keras Tokenizer.
        vocabulary: for a model that takes ids: a `.keras` file with its TextVectorization layer,
            a vocabulary of one token a line, or the word index of a data set of Keras, JSON.
        stated: for a model that takes ids: how its texts were padded and truncated. It must be
            stated if the model's output depends on it.
        standardize: what the Python function of the model's TextVectorization layer does to a text,
            or the user's code in front of the tokenizer: the names of steps.
        trust_code: a Python module that is run before the model is loaded, because the model needs
            its layers and functions; None runs no code.
        reference: a CSV file of the predictions of the user's own pipeline, which the file is
            compared with too.
        thresholds: the least probability of each label, multiples of 2^-16; None for a bundle that
            always predicts a label.
        min_precision: instead of `thresholds`, the precision for which they are chosen on the
            examples, which have labels; above 0 and below 1.
        about: what the model was trained on, for the model card; None leaves it out.
        name: for the target `c`: the first part of the names of its files, functions and constants.
        allow_drop: write the bundle even if a gate is missed.
        overwrite: replace an existing output.
    """

    format: str
    quantize: str = "none"
    variant: Variant = "default"
    labels: tuple[str, ...] | None = None
    tokenizer: Path | None = None
    vocabulary: Path | None = None
    stated: Stated = NOTHING_STATED
    standardize: tuple[Step, ...] = ()
    trust_code: Path | None = None
    reference: Path | None = None
    thresholds: tuple[float, ...] | None = None
    min_precision: float | None = None
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
        labels: the names of the classes.
        thresholds: the least probability of each label, or None.
        coverage: the effect of the thresholds on the texts of the comparison; None without
            thresholds, or without the labels of these texts.
        warnings: what the user should know, a sentence each.
    """

    path: Path
    size: int
    model_size: int
    lowering: LoweringKind
    stats: ModelStats
    comparison: Comparison
    checks: tuple[Check, ...]
    labels: tuple[str, ...]
    thresholds: tuple[float, ...] | None
    coverage: Coverage | None
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
        model: a `.keras` or `.h5` file, a SavedModel folder of Keras 2, or a Keras model in memory.
        out: the bundle to write; for the target `c`, the folder.
        options: what to export to.
        examples: texts to verify on; None draws them from the vocabulary.

    Raises:
        OptionError: no such target, recipe, variant or step, labels that do not fit, no tokenizer,
            padding that must be stated, or reference predictions that cannot be read.
        ModelFileError: the file is not a Keras model that can be loaded safely.
        UnsupportedModelError: the model has a layer or option that cannot be exported.
        ModelStatsError: the written file is not lowered or quantized as requested.
        GateError: its outputs differ too much from Keras; nothing was written.
        OutputError: `out` exists already, or cannot be written.
    """
    target, recipe, out = find_target(options.format), find_recipe(options.quantize), Path(out)
    check_combination(target, recipe, options.variant)
    check_name(options.name)
    check_steps(options.standardize)
    target.output.check_output(out, overwrite=options.overwrite)
    try:
        source = _read(model, options)
        pipeline = _read_pipeline(source, options)
        examples = examples or _examples(source, pipeline)
        check_declared(source, options.standardize, examples.texts)
        reference = _predict(source, examples)
        labeling = choose_labeling(
            source.task, reference.outputs, examples, options.thresholds, options.min_precision
        )
        vocabulary = build_vocabulary(source.task)
        lowered = lower(source, target, recipe, options.variant, vocabulary.sha256, examples.texts)
    except UnsupportedModelError as error:
        error.path = error.path or (str(model) if isinstance(model, str | Path) else model.name)
        raise
    if lowered.lowering == "fallback":
        source = as_converted(source)
    made = (recipe, lowered, vocabulary, reference.empty, labeling.thresholds)
    candidate = build_candidate(out, source.task, target, *made)
    with Classifier(candidate.bundle) as classifier:
        verdict = verify(classifier, source, reference.outputs, examples, recipe, target.bits)
        if pipeline is not None:
            verdict = _verify_pipeline(classifier, source, pipeline, verdict)
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
        labels=source.task.labels,
        thresholds=labeling.thresholds,
        coverage=labeling.coverage,
        warnings=(
            *lowered.warnings,
            *_collect_warnings(source, reference, examples, labeling, options),
            *missed,
        ),
    )


def check_labels(model: Path | str | KerasModel, options: Options) -> None:
    """Read a model and check that the labels fit its outputs.

    Args:
        model: as for `export`.
        options: the options of the export.

    Raises:
        EdgernnError: the labels do not fit, or the model cannot be read with these options.
    """
    check_steps(options.standardize)
    _read(model, options)


def _read(model: Path | str | KerasModel, options: Options) -> Source:
    trusted = None if options.trust_code is None else import_trusted(options.trust_code)
    keras_model = model
    if isinstance(model, str | Path):
        is_declared = bool(options.standardize)
        keras_model = load_keras(Path(model), trusted, declared_standardize=is_declared)
    front = load_front(
        keras_model, options.tokenizer, options.vocabulary, options.standardize, trusted
    )
    if front is not None and not has_vectorizer(keras_model):
        return read_ids_source(keras_model, options.labels, front, options.stated)
    source = read_source(keras_model, options.labels, front, options.standardize)
    check_unstated(source, options.stated)
    return source


def _verify_pipeline(
    classifier: Classifier, source: Source, pipeline: ReferencePredictions, verdict: Verdict
) -> Verdict:
    """Return the verdict with the comparison with the user's own pipeline."""
    found = check_pipeline(classifier, source, pipeline, verdict.gate)
    hint = None if found[0].passed else suggest_padding(source, pipeline)
    return replace(verdict, of_pipeline=found, suggestion=hint)


def _collect_warnings(
    source: Source, reference: _Reference, examples: Examples, labeling: Labeling, options: Options
) -> tuple[str, ...]:
    """Return the warnings on the model and its labels."""
    return (
        *source.warnings,
        *reference.warnings,
        *check_label_order(source.task, reference.outputs, examples),
        *labeling.warnings,
        *_assumed(source, options),
    )


def _unproven(options: Options) -> tuple[str, ...]:
    """Return a warning if the options describe a pipeline that the file is not compared with."""
    given = {
        "--tokenizer": options.tokenizer,
        "--vocabulary": options.vocabulary,
        "--padding": options.stated.padding,
        "--truncating": options.stated.truncating,
        "--standardize": options.standardize,
    }
    names = ", ".join(name for name, value in given.items() if value)
    if not names or options.reference is not None:
        return ()
    warning = (
        f"not compared with your own pipeline: {names} are taken as stated; --reference "
        "predictions.csv proves them"
    )
    return (warning,)


def _assumed(source: Source, options: Options) -> tuple[str, ...]:
    """Return a warning for each property of the pipeline and the output that is not proven."""
    warnings = list(_unproven(options))
    names = source.task.labels
    if options.labels is None:
        listed = ", ".join(names) if len(names) <= _MOST_NAMES else f"{names[0]} to {names[-1]}"
        warnings.append(
            f"no --labels: the classes are named {listed}; --labels names them in the order of the "
            "outputs"
        )
    is_logit = source.gives_logits and source.task.head == "binary"
    # Reference predictions are compared with the sigmoid of the output.
    if is_logit and options.reference is None:
        warnings.append(
            "one linear output is taken as a logit, so that its sigmoid is the probability of "
            f"{names[1]}; --reference predictions.csv proves it, and a model of a regression "
            "cannot be exported"
        )
    return tuple(warnings)


def _read_pipeline(source: Source, options: Options) -> ReferencePredictions | None:
    if options.reference is None:
        return None
    return read_reference(options.reference, source.task.outputs, source.task.labels)


def _examples(source: Source, pipeline: ReferencePredictions | None) -> Examples:
    """Return the texts to verify on if the caller has none."""
    if pipeline is None:
        return synthetic_examples(source.task)
    return Examples(pipeline.texts, None, "reference predictions")


def _predict(source: Source, examples: Examples) -> _Reference:
    outputs = keras_outputs(source, (*examples.texts, "", "[UNK]"))
    empty, unknown = outputs[-2], outputs[-1]
    if np.isfinite(empty).all():
        return _Reference(outputs[:-2], empty, ())
    if not np.isfinite(unknown).all():
        raise UnsupportedModelError(
            "Keras returns NaN for a text without a known token",
            expected="probabilities for any text",
            found="NaN for an empty text, and for unknown words alone",
            hint="use a tokenizer with an OOV token, or mask_zero=False",
        )
    return _Reference(outputs[:-2], unknown, (_NO_EMPTY,))
