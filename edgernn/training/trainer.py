"""A training from labeled texts to a Keras model: the wide path, the network, and their sum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import keras
import numpy as np
from numpy.typing import NDArray

from edgernn.data.rows import Rows
from edgernn.training.batches import EncodedTexts, balanced_weights, batch_order, to_dataset
from edgernn.training.keras_builder import (
    KerasLayer,
    PathModel,
    RecurrentPath,
    assemble,
    build_tokenizer,
)
from edgernn.training.loop import VALIDATION_BATCH, Fit, ProgressCallback, fit
from edgernn.training.options import NetworkOptions, Preset, TrainingOptions, WideOptions
from edgernn.training.path_sum import (
    Deployed,
    Sum,
    accuracy,
    calibrated_sum,
    cross_validated_log_loss,
)
from edgernn.training.wide import WidePath, fit_wide
from edgernn.training.word_vectors import skip_gram
from edgernn_export.keras.layer_chain import KerasModel
from edgernn_export.keras.model_file import without_mask_warnings
from edgernn_runtime.ir import Array
from edgernn_runtime.reference import softmax

NoteCallback = Callable[[str], None]

#: With fewer tokens, vectors learned from the texts are worse than random ones.
_FEWEST_TOKENS = 1_000_000
#: A network that lowers the log loss by a smaller share is not worth its bytes, and most likely
#: noise.
LEAST_GAIN = 0.005


@dataclass(frozen=True)
class PathScore:
    """How a path, calibrated, fares on the validation texts.

    Attributes:
        accuracy: the share of right labels, 0 to 1.
        log_loss: the mean cross-entropy of its probabilities, calibrated on the other half of the
            texts; it tells classifiers apart on fewer texts than the accuracy does.
    """

    accuracy: float
    log_loss: float


@dataclass(frozen=True)
class PathScores:
    """The scores of each path; None for one that was not trained.

    Attributes:
        bag: the wide path alone.
        network: the recurrent path alone.
        both: their sum.
    """

    bag: PathScore
    network: PathScore | None = None
    both: PathScore | None = None


@dataclass(frozen=True)
class TrainedClassifier:
    """A finished training.

    Attributes:
        model: the Keras model, strings to probabilities.
        history: loss, accuracy, val_loss and val_accuracy of each finished epoch; empty without a
            recurrent path.
        best_epoch: the epoch whose weights the recurrent path has, from 1; 0 without one.
        interrupted: whether Ctrl-C ended it.
        scores: how each path fares.
        deployed: which of them the model has.
        wide: the fitted wide path, which the model may have.
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
    report: ProgressCallback,
    note: NoteCallback = lambda _: None,
    unlabeled: Sequence[str] = (),
) -> TrainedClassifier:
    """Train a classifier and return it with the weights of its best epoch.

    The wide path is fitted in any case, to compare with. Where the network does not lower its log
    loss on the validation texts, the wide path alone is kept.

    Args:
        training: the rows to learn from, each with a token at least: the mean over no token is
            NaN, and so would be every weight then.
        validation: the rows that choose the epoch, the wide path and the weights of the sum.
        labels: the names of the classes.
        preset: the options.
        report: told of the progress after each batch and each epoch.
        note: told in a sentence what begins.
        unlabeled: texts without labels: word vectors are learned from them too, then both paths
            from the labels that the first training gives them, where that is better.

    Raises:
        TrainingError: it was interrupted before the first epoch was over, or the loss is NaN.
    """
    keras.utils.set_random_seed(preset.training.seed)
    tokenizer = build_tokenizer(training.texts, preset.text)
    is_balanced = preset.training.balance_classes
    further = _ids(tokenizer, unlabeled)
    data = _Data(
        training=_encode(tokenizer, training, labels, balanced=is_balanced),
        validation=_encode(tokenizer, validation, labels, balanced=is_balanced),
        # A text without a token would make every weight NaN.
        unlabeled=further[further.any(axis=1)],
        words=tokenizer[0].vocabulary_size(),
        classes=len(labels),
    )
    with without_mask_warnings():
        paths = _paths(preset, data, report, note)
        if len(data.unlabeled):
            paths = _distilled(preset, data, paths, report, note)
        total = paths.total
        model = assemble(
            tokenizer,
            paths.network if total.network else None,
            paths.wide if total.wide else None,
            (preset.wide or WideOptions()).patterns,
            total,
        )
    return TrainedClassifier(
        model=model,
        history=paths.fit.history,
        best_epoch=paths.fit.best_epoch,
        interrupted=paths.fit.interrupted,
        scores=paths.scores,
        deployed=paths.deployed,
        wide=paths.wide,
    )


@dataclass(frozen=True)
class _Data:
    """EncodedTexts texts, V and the number of classes."""

    training: EncodedTexts
    validation: EncodedTexts
    unlabeled: NDArray[np.int32]
    words: int
    classes: int


@dataclass(frozen=True)
class _Paths:
    """Both paths, trained, and how they are added up."""

    wide: WidePath
    core: PathModel | None
    network: RecurrentPath | None
    fit: Fit
    total: Sum
    scores: PathScores

    @property
    def deployed(self) -> Deployed:
        """Which of them the model has."""
        return "bag" if not self.total.network else "both" if self.total.wide else "network"

    def probabilities(self, wide: Array, encoded: EncodedTexts) -> Array:
        """Return the probabilities [N, classes] of texts whose wide logits are known."""
        network = np.zeros_like(wide) if self.core is None else _logits(self.core, encoded)
        logits = self.total.logits(wide, network)
        if logits.shape[1] == 1:
            logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
        return softmax(logits)


def _paths(preset: Preset, data: _Data, report: ProgressCallback, note: NoteCallback) -> _Paths:
    """Return both paths, trained on the data."""
    note("fitting words and n-grams")
    options = preset.wide or WideOptions()
    wide = fit_wide(data.training, data.validation, data.words, data.classes, options)
    core, path, found, logits = None, None, Fit({}, 0, interrupted=False), None
    if preset.network is not None:
        core, path = _network(preset.network, preset.training, data, note)
        note("training the network")
        options_of_fit = (data.classes, preset.training, report)
        found = fit(core, data.training, data.validation, *options_of_fit)
        logits = _logits(core, data.validation)
    total, scores = _joined(preset, wide.validation, logits, data.validation.targets)
    return _Paths(wide, core, path, found, total, scores)


def _network(
    shape: NetworkOptions, options: TrainingOptions, data: _Data, note: NoteCallback
) -> tuple[PathModel, RecurrentPath]:
    """Return the recurrent path, not trained yet; its embedding knows the texts."""
    path = RecurrentPath(shape, data.words, data.classes)
    core = PathModel(path, options.adversarial)
    texts = [row[row != 0] for row in (*data.training.ids, *data.unlabeled)]
    if options.vectors and sum(map(len, texts)) >= _FEWEST_TOKENS:
        note("learning word vectors from the texts")
        vectors = skip_gram(texts, data.words, shape.embedding_dim, options.vectors, options.seed)
        path.embedding.embeddings.assign(vectors)
    return core, path


def _distilled(
    preset: Preset, data: _Data, teacher: _Paths, report: ProgressCallback, note: NoteCallback
) -> _Paths:
    """Return paths trained on the teacher's labels of the unlabeled texts too, if they are better.

    A text weighs as much as the teacher is sure of its label.
    """
    if teacher.fit.interrupted:
        return teacher
    note("labeling the texts without labels")
    count = len(data.unlabeled)
    texts = EncodedTexts(data.unlabeled, np.zeros(count, np.int32), np.ones(count, np.float32))
    patterns = (preset.wide or WideOptions()).patterns
    probabilities = teacher.probabilities(teacher.wide.logits(texts, patterns), texts)
    labeled = EncodedTexts(
        np.concatenate([data.training.ids, data.unlabeled]),
        np.concatenate([data.training.targets, probabilities.argmax(axis=1).astype(np.int32)]),
        np.concatenate([data.training.weights, probabilities.max(axis=1)]),
    )
    empty = data.unlabeled[:0]
    student = _paths(preset, replace(data, training=labeled, unlabeled=empty), report, note)
    is_better = _loss(student) < _loss(teacher)
    kept = "kept" if is_better else "dropped; the first training is kept"
    note(f"log loss with their labels {_loss(student):.3f}, without {_loss(teacher):.3f}: {kept}")
    return student if is_better else teacher


def _loss(paths: _Paths) -> float:
    """Return the log loss of what is deployed."""
    scores = paths.scores
    score = {"bag": scores.bag, "network": scores.network, "both": scores.both}[paths.deployed]
    assert score is not None
    return score.log_loss


def _joined(
    preset: Preset, wide: Array, network: Array | None, targets: NDArray[np.int32]
) -> tuple[Sum, PathScores]:
    """Return how the paths are added up, and their scores on the validation texts."""
    nothing = np.zeros_like(wide)

    def fitted(a: Array, b: Array) -> tuple[Sum, PathScore]:
        total = calibrated_sum(a, b, targets)
        logits = total.logits(a, b)
        loss = cross_validated_log_loss(a, b, targets)
        return total, PathScore(accuracy(logits, targets), loss)

    bag, bag_score = fitted(wide, nothing)
    bag = replace(bag, network=0.0)
    if network is None:
        return bag, PathScores(bag_score)
    _, alone_score = fitted(nothing, network)
    if preset.wide is None:
        return Sum(0.0, 1.0, 0.0), PathScores(bag_score, alone_score)
    both, both_score = fitted(wide, network)
    is_better = both_score.log_loss < (1 - LEAST_GAIN) * bag_score.log_loss
    return both if is_better else bag, PathScores(bag_score, alone_score, both_score)


def _logits(core: KerasModel, encoded: EncodedTexts) -> Array:
    """Return the logits [N, C] of encoded texts."""
    order = np.concatenate(batch_order(encoded.lengths, VALIDATION_BATCH, None))
    batches = to_dataset(encoded, VALIDATION_BATCH, None)
    found = np.concatenate([np.asarray(core(ids, training=False)) for ids, _, _ in batches])
    logits = np.empty_like(found)
    logits[order] = found
    return logits


def _encode(
    tokenizer: Sequence[KerasLayer], rows: Rows, labels: tuple[str, ...], *, balanced: bool
) -> EncodedTexts:
    index_of = {label: i for i, label in enumerate(labels)}
    targets = np.asarray([index_of[label] for label in rows.labels], dtype=np.int32)
    ones = np.ones(len(targets), dtype=np.float32)
    weights = balanced_weights(targets, len(labels)) if balanced else ones
    return EncodedTexts(_ids(tokenizer, rows.texts), targets, weights)


def _ids(tokenizer: Sequence[KerasLayer], texts: Sequence[str]) -> NDArray[np.int32]:
    """Return the ids of texts, int32 [N, T], padded with 0."""
    parts = [np.zeros((0, 0), dtype=np.int32)]
    for start in range(0, len(texts), 1024):
        values = np.asarray(texts[start : start + 1024], dtype=object)
        for layer in tokenizer:
            values = layer(values)
        parts.append(np.asarray(values, dtype=np.int32))
    return np.concatenate(parts[1:] or parts)
