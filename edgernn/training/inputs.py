"""The data and options of a training."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgernn.data.checks import CONTRADICTORY, SHARED, Finding, check_rows, describe
from edgernn.data.datasets import load_corpus, load_rows, read_texts
from edgernn.data.label_noise import find_doubtful_labels, noise_finding
from edgernn.data.other import with_other
from edgernn.data.rows import (
    Corpus,
    Rows,
    count_rows,
    find_joined_labels,
    label_set_indices,
    split,
    with_tokens,
)
from edgernn.errors import DataError, OptionError
from edgernn.training.continuation import (
    continued_labels,
    find_missing_labels,
    read_checked_origin,
    with_old_rows,
)
from edgernn.training.open_stream import open_stream
from edgernn.training.options import Preset
from edgernn.training.origin import Origin
from edgernn.training.request import TrainingCallbacks, TrainingRequest
from edgernn.training.sizing import describe_sizes, fit_sizes
from edgernn.training.stream_batches import Stream
from edgernn.training.tokenizer_choice import choose_tokenizer, compare_tokenizers

_VALIDATION_SPLIT = 0.1


@dataclass(frozen=True)
class Inputs:
    """Everything that determines the model.

    Attributes:
        corpus: the data set.
        training: the training rows.
        validation: the validation rows; those of the origin are the first.
        new_validation: the validation rows without those of the origin.
        labels: the names of the classes.
        truth: the indices of the labels of each validation row.
        preset: the options.
        unlabeled: texts without labels.
        origin: the model to continue from, or None.
        stream: the training rows in files, or None.
        findings: what is suspicious about the texts.
    """

    corpus: Corpus
    training: Rows
    validation: Rows
    new_validation: Rows
    labels: tuple[str, ...]
    truth: tuple[tuple[int, ...], ...]
    preset: Preset
    unlabeled: tuple[str, ...]
    origin: Origin | None
    stream: Stream | None
    findings: tuple[Finding, ...]

    @property
    def texts(self) -> int:
        """The number of training texts."""
        return self.stream.rows if self.stream else len(self.training)


def read_inputs(request: TrainingRequest, callbacks: TrainingCallbacks) -> Inputs:
    """Read the data, and warn of what is wrong with it."""
    origin = read_checked_origin(request.origin, request.preset, request.max_size)
    stream = open_stream(request.data, request.stream, callbacks.note) if request.stream else None
    corpus = _corpus(request, stream)
    for warning in find_joined_labels(corpus.train):
        callbacks.warn(warning)
    training, validation = map(with_tokens, _parts(corpus, request))
    findings = _check(training, validation, callbacks)
    _check_multilabel(training, request)
    training, validation = _with_other(training, validation, request, callbacks)
    labels = continued_labels(training, corpus.name, origin)
    every = with_old_rows(validation, origin)
    truth = label_set_indices(every, labels, str(request.validation or corpus.name))
    callbacks.note(
        f"{len(training):,} training texts, {len(every):,} validation texts: {corpus.name}"
    )
    for warning in find_missing_labels(training, origin):
        callbacks.warn(warning)
    preset = _fitted_preset(request, training, labels, callbacks)
    return Inputs(
        corpus=corpus,
        training=training,
        validation=every,
        new_validation=validation,
        labels=labels,
        truth=truth,
        preset=_with_tokenizer(preset, training, every, labels, request, callbacks),
        unlabeled=_unlabeled(request, callbacks),
        origin=origin,
        stream=stream,
        findings=findings,
    )


def _check_multilabel(training: Rows, request: TrainingRequest) -> None:
    """Check that the options fit texts with several labels.

    Raises:
        OptionError: they do not.
    """
    options = {
        "--class-weight balanced": request.preset.training.balance_classes,
        "--from": request.origin is not None,
        "--stream": request.stream is not None,
    }
    given = [name for name, is_given in options.items() if is_given]
    is_multilabel = training.is_multilabel or request.data.labels_at.is_multilabel
    if is_multilabel and given:
        raise OptionError(
            f"{given[0]} does not fit texts with several labels",
            expected="texts with one label each",
            found=f"{given[0]}, and several labels",
            hint=f"leave out {given[0]}",
        )


def _with_other(
    training: Rows, validation: Rows, request: TrainingRequest, callbacks: TrainingCallbacks
) -> tuple[Rows, Rows]:
    """Return the rows with the out-of-scope texts of the request, if there are any."""
    if request.other is None:
        return training, validation
    if request.stream is not None:
        raise OptionError(
            "--other does not fit --stream",
            expected="one of them",
            found="both",
            hint="leave out one of them, or write the texts into the files with a label",
        )
    texts = read_texts(request.other, request.data.text_column)
    callbacks.note(f"{len(texts):,} out-of-scope texts: {request.other}")
    parts = with_other(training, validation, texts, request.preset.training.seed)
    training, validation = map(with_tokens, parts)
    return training, validation


def _check(training: Rows, validation: Rows, callbacks: TrainingCallbacks) -> tuple[Finding, ...]:
    """Return what is suspicious about the texts, after showing it."""
    for warning in (*training.warnings, *validation.warnings):
        callbacks.warn(warning)
    found = check_rows(training, validation)
    if not training.is_multilabel:
        doubtful = noise_finding(*find_doubtful_labels(training))
        found = (*found, doubtful) if doubtful.count else found
    for one in found:
        show = callbacks.warn if one.name in (SHARED, CONTRADICTORY) else callbacks.note
        show(describe(one))
    return found


def _corpus(request: TrainingRequest, stream: Stream | None) -> Corpus:
    if stream is not None:
        found = stream.survey
        return Corpus(name=request.data.data, train=found.sample, validation=found.validation)
    return request.corpus or load_corpus(request.data)


def _fitted_preset(
    request: TrainingRequest, training: Rows, labels: tuple[str, ...], callbacks: TrainingCallbacks
) -> Preset:
    """Return the preset with sizes that fit the largest bundle, or the preset's largest model."""
    if request.max_size is None and request.preset.max_model is None:
        return request.preset
    preset = fit_sizes(request.preset, training.texts, len(labels), request.max_size)
    option = "--max-size" if request.max_size else f"--preset {preset.name}"
    callbacks.note(f"sizes for {option}: {describe_sizes(preset)}")
    return preset


def _with_tokenizer(
    preset: Preset,
    training: Rows,
    validation: Rows,
    labels: tuple[str, ...],
    request: TrainingRequest,
    callbacks: TrainingCallbacks,
) -> Preset:
    """Return the preset with keras or words instead of auto, the same for all workers."""
    if preset.text.tokenizer != "auto":
        return preset
    losses = compare_tokenizers(training, validation, labels, preset)
    chosen = choose_tokenizer(losses)
    if request.workers:
        is_words = request.workers.broadcast(b"1" if chosen == "words" else b"0") == b"1"
        chosen = "words" if is_words else "keras"
    scores = ", ".join(f"{loss:.3f} with {name}" for name, loss in losses.items())
    callbacks.note(f"tokenizer {chosen}: log loss of words and n-grams {scores}")
    return replace(preset, text=replace(preset.text, tokenizer=chosen))


def _parts(corpus: Corpus, request: TrainingRequest) -> tuple[Rows, Rows]:
    """Return the training rows and the validation rows."""
    if request.validation is not None:
        return corpus.train, load_rows(request.validation, request.data)
    if corpus.validation is not None and request.validation_split is None:
        return corpus.train, corpus.validation
    labels = {label for labels in corpus.train.label_sets for label in labels}
    share = request.validation_split or _VALIDATION_SPLIT
    training, validation = split(corpus.train, share, request.preset.training.seed)
    present = {label for labels in training.label_sets for label in labels}
    missing = sorted(labels - present)
    if missing:
        raise DataError(
            "too few rows to split off validation texts",
            path=corpus.name,
            expected="training rows of each label after the split",
            found=f"{count_rows(corpus.train)}; no training row of {', '.join(missing[:10])}",
            hint="add rows of each label, or validate on a table with --validation",
        )
    return training, validation


def _unlabeled(request: TrainingRequest, callbacks: TrainingCallbacks) -> tuple[str, ...]:
    if request.unlabeled is None:
        return ()
    if request.stream is not None:
        raise OptionError(
            "--unlabeled does not fit --stream",
            expected="one of them",
            found="both",
            hint="leave out one of them",
        )
    texts = read_texts(request.unlabeled, request.data.text_column)
    if not texts:
        raise DataError(
            "the file does not contain texts",
            path=request.unlabeled,
            expected="one text per line, or a table with a text column",
            found="an empty file",
            hint="check the path, or leave out --unlabeled",
        )
    callbacks.note(f"{len(texts):,} unlabeled texts: {request.unlabeled}")
    return texts
