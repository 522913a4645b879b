"""Every size and rate of a training, and the presets that set them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from edgernn_runtime.ir import Cell, Pattern
from edgernn_runtime.tokenizer import Rules, Truncate

PoolingOption = Literal["last", "max+average"]
Schedule = Literal["linear", "cosine"]
Keep = Literal["loss", "accuracy"]

_FEWEST_EPOCHS = 3
_MOST_EPOCHS = 30
#: Classes that ask for as many further steps as the first two need in all.
_CLASSES_PER_STEPS = 30


@dataclass(frozen=True)
class TextOptions:
    """How texts become ids.

    Attributes:
        vocabulary_size: the most tokens that are kept, pad and out of vocabulary included.
        max_length: the most tokens of a text that are read.
        truncate: which tokens of a longer text: the first, or the first and the last.
        tokenizer: the rules that cut texts: Keras's, which are ASCII's, or Unicode's.
    """

    vocabulary_size: int = 10_000
    max_length: int = 400
    truncate: Truncate = "head+tail"
    tokenizer: Rules = "keras"


@dataclass(frozen=True)
class NetworkOptions:
    """The shape of the recurrent path.

    Attributes:
        cell: the kind of recurrent cell.
        units: the hidden size of each bidirectional layer, first to last.
        embedding_dim: the size of a token's vector.
        pooling: what becomes of the last layer's states: the last one of each direction, or the
            maximum and the average over time side by side.
        dense_units: the size of the layer before the logits; 0 for none.
        dropout: the share of values that are dropped between layers while training, 0 to 1.
        spatial_dropout: the share of the embedding's dimensions that are dropped, the same ones
            at each time step of a text, 0 to 1.
    """

    cell: Cell = "lstm"
    units: tuple[int, ...] = (64,)
    embedding_dim: int = 40
    pooling: PoolingOption = "max+average"
    dense_units: int = 0
    dropout: float = 0.5
    spatial_dropout: float = 0.2


@dataclass(frozen=True)
class WideOptions:
    """The shape of the wide path.

    Attributes:
        buckets: the most hashed n-grams that have a weight; a power of two at most this is used.
        patterns: which n-grams are hashed.
        cells: the most weights in all; with many classes there are fewer buckets.
        fewest: n-grams that fewer texts contain have no weight.
    """

    buckets: int = 65_536
    patterns: tuple[Pattern, ...] = ("bigram", "skip")
    cells: int = 500_000
    fewest: int = 2


@dataclass(frozen=True)
class TrainingOptions:
    """How the recurrent path is trained.

    Attributes:
        epochs: the most passes over the data; None for as many as make `steps`, 3 to 30.
        steps: batches in all for two classes; more classes take more.
        batch_size: texts a batch.
        learning_rate: Adam's at the first step.
        schedule: how the rate falls: in a straight line to a twentieth, or by a cosine to 0.
        averaging: the decay of the average of the weights over steps that is validated and kept,
            0 to 1; 0 for the weights themselves.
        vectors: epochs of skip-gram on the training texts that the embedding starts from; 0 for
            random vectors.
        adversarial: the size of an adversarial step on the embedded text, as a share of its norm;
            0 for none. It doubles the time of a step.
        keep: which epoch is the best: that of the lowest validation loss or, as the sum of both
            paths is calibrated afterwards, that of the highest validation accuracy.
        patience: epochs without a better one before training stops.
        clip_norm: the largest norm of a gradient.
        balance_classes: whether each class weighs the same, however rare it is.
        seed: of the initial weights, the shuffling and the dropout.
    """

    epochs: int | None = None
    steps: int = 1200
    batch_size: int = 64
    learning_rate: float = 2e-3
    schedule: Schedule = "cosine"
    averaging: float = 0.99
    vectors: int = 5
    adversarial: float = 0.0
    keep: Keep = "accuracy"
    patience: int = 30
    clip_norm: float = 1.0
    balance_classes: bool = False
    seed: int = 1

    def epochs_for(self, texts: int, classes: int = 2) -> int:
        """Return the most passes over so many texts of so many classes."""
        if self.epochs is not None:
            return self.epochs
        wanted = self.steps * (1 + (classes - 2) / _CLASSES_PER_STEPS)
        steps = -(-texts // self.batch_size)
        return min(max(round(wanted / steps), _FEWEST_EPOCHS), _MOST_EPOCHS)


@dataclass(frozen=True)
class Preset:
    """A named way to train: what `--preset` calls it, and a value for every option.

    Attributes:
        name: the name.
        summary: one line for people.
        text: how texts become ids.
        network: the recurrent path, or None.
        wide: the wide path, or None.
        training: how the recurrent path is trained.
    """

    name: str
    summary: str
    text: TextOptions = field(default_factory=TextOptions)
    network: NetworkOptions | None = field(default_factory=NetworkOptions)
    wide: WideOptions | None = field(default_factory=WideOptions)
    training: TrainingOptions = field(default_factory=TrainingOptions)


_SMALL = Preset("small", "wide path and one BiLSTM: the best accuracy for its time and bytes")

PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            "tutorial",
            "two BiLSTM layers, the last states, no wide path",
            text=TextOptions(truncate="head"),
            network=NetworkOptions(
                units=(64, 32),
                embedding_dim=64,
                pooling="last",
                dense_units=64,
                dropout=0.4,
                spatial_dropout=0.0,
            ),
            wide=None,
            training=TrainingOptions(
                steps=500,
                batch_size=128,
                learning_rate=3e-3,
                schedule="linear",
                averaging=0.0,
                vectors=0,
                keep="loss",
                patience=3,
            ),
        ),
        Preset("bag", "the wide path alone: seconds of training", network=None),
        _SMALL,
        Preset(
            "best",
            "the highest accuracy in one megabyte: a wider embedding, adversarial steps",
            text=TextOptions(vocabulary_size=12_000),
            network=NetworkOptions(embedding_dim=48),
            training=replace(_SMALL.training, steps=2000, adversarial=0.016, vectors=10),
        ),
    )
}
