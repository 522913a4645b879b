"""The options of a training, and the presets."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from edgernn_runtime.ir import Cell, Pattern
from edgernn_runtime.tokenizer import Truncate

PoolingOption = Literal["last", "max+average"]
Schedule = Literal["linear", "cosine"]
Keep = Literal["loss", "accuracy"]
TokenizerOption = Literal["keras", "words", "unicode", "auto"]

#: The default time between two checkpoints within an epoch.
CHECKPOINT_MINUTES = 10.0

#: The default number of texts that the vocabulary and the wide path of a stream are fitted on.
SAMPLE_TEXTS = 25_000

_FEWEST_EPOCHS = 3
_MOST_EPOCHS = 30
#: Every 30 further classes add as many steps as the first two classes take.
_CLASSES_PER_STEPS = 30
#: Fewer epochs replace fewer tokens by OOV.
_TOKEN_DROPOUT_EPOCHS = 9


@dataclass(frozen=True)
class TextOptions:
    """Tokenization, vocabulary and truncation.

    Attributes:
        vocabulary_size: the maximum number of tokens, including padding and OOV.
        max_length: the maximum number of tokens per text.
        truncate: the truncation of longer texts: keep the first tokens, or both ends.
        tokenizer: the tokenization rules: those of Keras, which delete punctuation (ASCII); words,
            which splits there; Unicode; or auto, which chooses keras or words on the validation
            texts.
    """

    vocabulary_size: int = 10_000
    max_length: int = 400
    truncate: Truncate = "head+tail"
    tokenizer: TokenizerOption = "keras"


@dataclass(frozen=True)
class NetworkOptions:
    """The shape of the recurrent path.

    Attributes:
        cell: the kind of recurrent cell.
        units: the hidden size of each bidirectional layer, first to last.
        embedding_dim: the size of a token's vector.
        pooling: the pooling of the last layer's states: the last state of each direction, or the
            maximum and the average over time, concatenated.
        dense_units: the size of a dense layer before the logits; 0 to omit it.
        dropout: the dropout rate between layers, 0 to 1.
        spatial_dropout: the dropout rate of embedding dimensions, 0 to 1; a dropped dimension
            is dropped at all time steps of a text.
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
        buckets: the maximum number of buckets; the actual number is a power of two.
        patterns: the kinds of hashed n-grams.
        cells: the maximum number of weights; many classes reduce the number of buckets.
        fewest: the minimum number of texts that contain an n-gram with a weight.
    """

    buckets: int = 65_536
    patterns: tuple[Pattern, ...] = ("bigram", "skip")
    cells: int = 500_000
    fewest: int = 2


@dataclass(frozen=True)
class TrainingOptions:
    """The training of the recurrent path.

    Attributes:
        epochs: the maximum number of epochs; None derives it from `steps`, 3 to 30.
        steps: the total number of batches for two classes; more classes take more.
        batch_size: texts per batch.
        learning_rate: the initial learning rate of Adam.
        schedule: the decay of the learning rate: linear to 5 %, or cosine to 0.
        averaging: the decay of the moving average of the weights, 0 to 1; 0 is off.
        vectors: the epochs of skip-gram on the training texts that initialize the embedding; with
            fewer than a million tokens, the characters of the words do. 0 for a random
            initialization.
        token_dropout: the share of tokens that each step replaces by OOV, 0 to 1; less, in
            proportion, with fewer than 9 epochs.
        adversarial: the size of an adversarial step on the embedded text, as a share of its norm;
            0 is off. It doubles the time of a step.
        keep: the metric that selects the best epoch: validation loss, or validation accuracy.
            The sum of both paths is calibrated later, so accuracy is the default.
        patience: the number of epochs without improvement before training stops.
        clip_norm: the maximum norm of a gradient.
        balance_classes: whether all classes have the same total weight.
        seed: the seed of the initial weights, the shuffling and the dropout.
    """

    epochs: int | None = None
    steps: int = 1200
    batch_size: int = 64
    learning_rate: float = 2e-3
    schedule: Schedule = "cosine"
    averaging: float = 0.99
    vectors: int = 5
    token_dropout: float = 0.3
    adversarial: float = 0.0
    keep: Keep = "accuracy"
    patience: int = 30
    clip_norm: float = 1.0
    balance_classes: bool = False
    seed: int = 1

    def epochs_for(self, texts: int, classes: int = 2) -> int:
        """Return the maximum number of epochs for a number of texts and classes."""
        if self.epochs is not None:
            return self.epochs
        wanted = self.steps * (1 + (classes - 2) / _CLASSES_PER_STEPS)
        steps = -(-texts // self.batch_size)
        return min(max(round(wanted / steps), _FEWEST_EPOCHS), _MOST_EPOCHS)

    def token_dropout_for(self, texts: int, classes: int = 2) -> float:
        """Return the share of tokens to replace, for a number of texts and classes."""
        epochs = self.epochs_for(texts, classes)
        return self.token_dropout * min(epochs / _TOKEN_DROPOUT_EPOCHS, 1.0)


@dataclass(frozen=True)
class StreamOptions:
    """How tables are read that are larger than memory.

    Attributes:
        share: the share of the rows to validate on; at most 10,000 are used.
        sample: the number of texts that the vocabulary and the wide path are fitted on.
        steps_per_epoch: the batches between two validations; None for all rows.
    """

    share: float = 0.1
    sample: int = SAMPLE_TEXTS
    steps_per_epoch: int | None = None


@dataclass(frozen=True)
class Preset:
    """A named set of training options.

    Attributes:
        name: the value of `--preset`.
        summary: one line for the help text.
        text: the tokenization.
        network: the recurrent path, or None.
        wide: the wide path, or None.
        training: the training of the recurrent path.
        max_model: the largest int8 `model.bin` in bytes, to which the sizes are reduced, or None.
    """

    name: str
    summary: str
    text: TextOptions = field(default_factory=TextOptions)
    network: NetworkOptions | None = field(default_factory=NetworkOptions)
    wide: WideOptions | None = field(default_factory=WideOptions)
    training: TrainingOptions = field(default_factory=TrainingOptions)
    max_model: int | None = None


_SMALL = Preset("small", "wide path and one BiLSTM")

PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            "tutorial",
            "two BiLSTM layers",
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
                token_dropout=0.0,
                keep="loss",
                patience=3,
            ),
        ),
        Preset("bag", "words and n-grams alone (the wide path), in seconds", network=None),
        _SMALL,
        Preset(
            "best",
            "the highest accuracy within 1 MB",
            text=TextOptions(vocabulary_size=12_000),
            network=NetworkOptions(embedding_dim=48),
            training=replace(_SMALL.training, steps=2000, adversarial=0.016, vectors=10),
        ),
        Preset(
            "tiny",
            "64 KB of flash, 8 KB of RAM",
            text=TextOptions(vocabulary_size=2_000, max_length=32),
            network=NetworkOptions(
                cell="gru", units=(12,), embedding_dim=8, dropout=0.3, spatial_dropout=0.1
            ),
            wide=WideOptions(buckets=2_048),
            training=replace(_SMALL.training, vectors=0),
            max_model=44_000,
        ),
    )
}
