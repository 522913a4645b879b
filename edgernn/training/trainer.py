"""Trains a Keras model: the wide path, the recurrent path, and their sum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import keras
import numpy as np
from numpy.typing import NDArray

from edgernn.data.rows import Rows
from edgernn.training.batches import (
    Batches,
    EncodedTexts,
    ShuffledBatches,
    batch_order,
    to_dataset,
)
from edgernn.training.checkpoint import Checkpoints
from edgernn.training.continued_wide import continue_wide
from edgernn.training.encoding import encode, to_ids
from edgernn.training.keras_builder import (
    KerasLayer,
    PathModel,
    RecurrentPath,
    assemble,
    build_tokenizer,
    output_count,
)
from edgernn.training.loop import VALIDATION_BATCH, Fit, ProgressCallback, fit
from edgernn.training.options import NetworkOptions, Preset, TrainingOptions, WideOptions
from edgernn.training.origin import Origin
from edgernn.training.path_scores import PathScores, join_paths
from edgernn.training.path_sum import Deployed, Sum, label_probabilities
from edgernn.training.stream_batches import Stream, open_batches
from edgernn.training.subwords import subword_vectors
from edgernn.training.summary import describe_encoding, describe_layers
from edgernn.training.wide import WidePath, fit_wide
from edgernn.training.word_vectors import skip_gram
from edgernn.training.workers import SharedBatches, Workers
from edgernn_export.keras.layer_chain import KerasModel
from edgernn_export.keras.model_file import without_mask_warnings
from edgernn_runtime.ir import Array

NoteCallback = Callable[[str], None]

#: With fewer tokens, skip-gram vectors are worse than those of the characters.
_FEWEST_TOKENS = 1_000_000


@dataclass(frozen=True)
class TrainedClassifier:
    """A finished training.

    Attributes:
        model: the Keras model, strings to probabilities.
        history: loss, accuracy, val_loss and val_accuracy of each finished epoch; empty without a
            recurrent path.
        best_epoch: the epoch of the recurrent path's weights, from 1; 0 without a recurrent path.
        interrupted: whether Ctrl-C ended the training.
        scores: the scores of each path.
        deployed: the part that the model contains.
        wide: the fitted wide path, even if it is not deployed.
    """

    model: KerasModel
    history: dict[str, list[float]]
    best_epoch: int
    interrupted: bool
    scores: PathScores
    deployed: Deployed
    wide: WidePath


def train(
    training: Rows,
    validation: Rows,
    labels: tuple[str, ...],
    preset: Preset,
    progress: ProgressCallback,
    note: NoteCallback = lambda _: None,
    unlabeled: Sequence[str] = (),
    checkpoints: Checkpoints | None = None,
    origin: Origin | None = None,
    stream: Stream | None = None,
    workers: Workers | None = None,
) -> TrainedClassifier:
    """Train a classifier and return it with the weights of its best epoch.

    The wide path is always fitted, as a baseline. It is deployed alone if the network does not
    lower its log loss on the validation texts.

    Args:
        training: the training rows. Each text has at least one token, because the average over
            zero tokens is NaN and would make every weight NaN.
        validation: the rows that select the epoch, the wide path and the factors of the sum.
        labels: the names of the classes.
        preset: the options.
        progress: called after each batch and each epoch.
        note: called with a sentence when a step begins.
        unlabeled: unlabeled texts. The word vectors are learned from them too. Then both paths
            are trained again with predicted labels (distillation), and kept if they are better.
        checkpoints: where to save checkpoints, and to continue from; None for nowhere.
        origin: a trained model whose vocabulary and weights the training starts with, or None. Its
            labels are the first of `labels`.
        stream: training rows in files, which the network is trained on instead of `training`, or
            None. `training` is a sample of them.
        workers: the workers that share each batch, or None; each of them returns the same model.

    Raises:
        KeyboardInterrupt: Ctrl-C before the end of the first epoch.
        TrainingError: the loss is NaN in the first epoch.
    """
    keras.utils.set_random_seed(preset.training.seed)
    tokenizer = origin.tokenizer if origin else build_tokenizer(training.texts, preset.text)
    note(describe_encoding(tokenizer, training.texts[0]))
    is_balanced = preset.training.balance_classes
    unlabeled_ids = to_ids(tokenizer, unlabeled)
    data = _Data(
        training=encode(tokenizer, training, labels, balanced=is_balanced),
        validation=encode(tokenizer, validation, labels, balanced=is_balanced),
        # The average over zero tokens is NaN and would make every weight NaN.
        unlabeled=unlabeled_ids[unlabeled_ids.any(axis=1)],
        vocabulary=tokenizer[0].get_vocabulary(),
        classes=len(labels),
    )
    with without_mask_warnings():
        batches = None
        if stream:
            ids = partial(to_ids, tokenizer)
            batches = open_batches(stream, ids, labels, preset.training, workers)
        run = _Run(progress, note, labels, checkpoints, origin, batches, workers)
        paths = _paths(preset, data, run)
        if len(data.unlabeled):
            paths = _distilled(preset, data, paths, run)
        model = _assembled(tokenizer, paths, preset, is_multilabel=data.is_multilabel)
    return TrainedClassifier(
        model=model,
        history=paths.fit.history,
        best_epoch=paths.fit.best_epoch,
        interrupted=paths.fit.interrupted,
        scores=paths.scores,
        deployed=paths.deployed,
        wide=paths.wide,
    )


def _assembled(
    tokenizer: Sequence[KerasLayer], paths: _Paths, preset: Preset, *, is_multilabel: bool
) -> KerasModel:
    """Return the complete model with the deployed paths."""
    total = paths.total
    return assemble(
        tokenizer,
        paths.network if total.network else None,
        paths.wide if total.wide else None,
        (preset.wide or WideOptions()).patterns,
        total,
        is_multilabel=is_multilabel,
    )


@dataclass(frozen=True)
class _Run:
    """The callbacks, and what differs between trainings.

    Attributes:
        origin: the model to continue from, or None.
        batches: the training texts of the network if they are streamed, or None.
        workers: the workers that share each batch, or None.
    """

    progress: ProgressCallback
    note: NoteCallback
    labels: tuple[str, ...]
    checkpoints: Checkpoints | None
    origin: Origin | None
    batches: Batches | None
    workers: Workers | None


@dataclass(frozen=True)
class _Data:
    """The encoded texts, the vocabulary by id and the number of classes."""

    training: EncodedTexts
    validation: EncodedTexts
    unlabeled: NDArray[np.int32]
    vocabulary: Sequence[str]
    classes: int

    @property
    def is_multilabel(self) -> bool:
        """Whether a text may have any number of labels."""
        return self.training.targets.ndim == 2


@dataclass(frozen=True)
class _Paths:
    """Both trained paths, and their sum."""

    wide: WidePath
    core: PathModel | None
    network: RecurrentPath | None
    fit: Fit
    total: Sum
    scores: PathScores

    @property
    def deployed(self) -> Deployed:
        """The part that the model contains."""
        return "bag" if not self.total.network else "both" if self.total.wide else "network"

    def logits(self, wide: Array, encoded: EncodedTexts) -> Array:
        """Return the logits, float32 [N, C], from the wide logits and the texts."""
        network = np.zeros_like(wide) if self.core is None else _logits(self.core, encoded)
        return self.total.logits(wide, network)


def _paths(preset: Preset, data: _Data, run: _Run) -> _Paths:
    """Train both paths."""
    run.note("fitting words and n-grams")
    wide = _wide(preset.wide or WideOptions(), data, run)
    core, path, fitted, logits = None, None, Fit({}, 0, interrupted=False), None
    if preset.network is not None:
        training = preset.training
        batches = _batches(data.training, training, run)
        token_dropout = training.token_dropout_for(batches.texts, data.classes)
        core, path = _network(preset.network, training, token_dropout, data, run)
        run.note("training the network")
        checkpoint = run.checkpoints.next() if run.checkpoints else None
        fit_options = (data.classes, training, run.progress, checkpoint, run.workers)
        fitted = fit(core, batches, data.validation, *fit_options)
        logits = _logits(core, data.validation)
    total, scores = join_paths(preset, wide.validation, logits, data.validation.targets)
    return _Paths(wide, core, path, fitted, total, scores)


def _batches(texts: EncodedTexts, options: TrainingOptions, run: _Run) -> Batches:
    """Return the batches of the network; workers share those in memory."""
    if run.batches:
        return run.batches
    batches = ShuffledBatches(texts, options.batch_size, options.seed)
    return SharedBatches(batches, run.workers) if run.workers else batches


def _wide(options: WideOptions, data: _Data, run: _Run) -> WidePath:
    """Return the fitted wide path; that of the origin is continued."""
    start = run.origin.wide(run.labels) if run.origin else None
    if start is None:
        return fit_wide(data.training, data.validation, data.vocabulary, data.classes, options)
    return continue_wide(start, data.training, data.validation, options.patterns)


def _network(
    shape: NetworkOptions, options: TrainingOptions, token_dropout: float, data: _Data, run: _Run
) -> tuple[PathModel, RecurrentPath]:
    """Return the recurrent path before training.

    Its weights are those of the origin. Without one they are random, and those of the embedding
    are learned from the texts or alike for words of like characters.
    """
    outputs = output_count(data.classes, is_multilabel=data.is_multilabel)
    path = RecurrentPath(shape, len(data.vocabulary), outputs)
    core = PathModel(path, options.adversarial, token_dropout)
    run.note(describe_layers(core))
    if run.origin and run.origin.initialize(path, run.labels):
        return core, path
    if options.vectors:
        path.embedding.embeddings.assign(_word_vectors(shape, options, data, run))
    return core, path


def _word_vectors(shape: NetworkOptions, options: TrainingOptions, data: _Data, run: _Run) -> Array:
    """Return the first weights of the embedding, float32 [V, E]."""
    texts = [row[row != 0] for row in (*data.training.ids, *data.unlabeled)]
    if sum(map(len, texts)) < _FEWEST_TOKENS:
        return subword_vectors(data.vocabulary, shape.embedding_dim, options.seed)
    run.note("learning word vectors from the texts")
    words = len(data.vocabulary)
    return skip_gram(texts, words, shape.embedding_dim, options.vectors, options.seed)


def _distilled(preset: Preset, data: _Data, teacher: _Paths, run: _Run) -> _Paths:
    """Train on the teacher's labels of the unlabeled texts too, and return the better paths.

    The weight of an unlabeled text is the teacher's probability of its label.
    """
    if teacher.fit.interrupted:
        return teacher
    run.note("predicting labels of the unlabeled texts")
    count = len(data.unlabeled)
    texts = EncodedTexts(data.unlabeled, np.zeros(count, np.int32), np.ones(count, np.float32))
    patterns = (preset.wide or WideOptions()).patterns
    logits = teacher.logits(teacher.wide.logits(texts, patterns), texts)
    probabilities = label_probabilities(logits, is_multilabel=data.is_multilabel)
    if data.is_multilabel:
        # The labels are independent: a text counts as much as the least sure of them.
        targets = (probabilities > 0.5).astype(np.float32)
        weights = np.maximum(probabilities, 1 - probabilities).min(axis=1)
    else:
        targets = probabilities.argmax(axis=1).astype(np.int32)
        weights = probabilities.max(axis=1)
    labeled = EncodedTexts(
        np.concatenate([data.training.ids, data.unlabeled]),
        np.concatenate([data.training.targets, targets]),
        np.concatenate([data.training.weights, weights]),
    )
    empty = data.unlabeled[:0]
    interrupted = replace(teacher, fit=replace(teacher.fit, interrupted=True))
    try:
        student = _paths(preset, replace(data, training=labeled, unlabeled=empty), run)
    except KeyboardInterrupt:
        return interrupted
    is_better = _loss(student) < _loss(teacher)
    kept = "second" if is_better else "first"
    run.note(
        f"log loss with predicted labels {_loss(student):.3f}, without {_loss(teacher):.3f}: "
        f"the {kept} training is kept"
    )
    if is_better:
        return student
    return interrupted if student.fit.interrupted else teacher


def _loss(paths: _Paths) -> float:
    """Return the log loss of the deployed part."""
    scores = paths.scores
    score = {"bag": scores.bag, "network": scores.network, "both": scores.both}[paths.deployed]
    assert score is not None
    return score.log_loss


def _logits(core: KerasModel, encoded: EncodedTexts) -> Array:
    """Return the logits, float32 [N, C], of encoded texts."""
    order = np.concatenate(batch_order(encoded.lengths, VALIDATION_BATCH, None))
    batches = to_dataset(encoded, VALIDATION_BATCH)
    in_order = np.concatenate([np.asarray(core(ids, training=False)) for ids, _, _ in batches])
    logits = np.empty_like(in_order)
    logits[order] = in_order
    return logits
