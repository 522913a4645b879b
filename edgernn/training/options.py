"""Every size and rate of a training, with its default."""

from __future__ import annotations

from dataclasses import dataclass

from edgernn_runtime.network import Cell
from edgernn_runtime.tokenizer import Truncate

_STEPS = 500
_FEWEST_EPOCHS = 3
_MOST_EPOCHS = 30


@dataclass(frozen=True)
class NetworkOptions:
    """The shape of the network.

    Attributes:
        cell: the kind of recurrent cell.
        units: the hidden size of each bidirectional layer, first to last.
        embedding_dim: the size of a token's vector.
        dense_units: the size of the layer before the head.
        vocabulary_size: the most tokens that are kept, pad and out of vocabulary included.
        max_length: the most tokens of a text that are read.
        truncate: which tokens of a longer text: the first, or the first and the last.
        dropout: the share of values that are dropped between layers while training, 0 to 1.
    """

    cell: Cell = "lstm"
    units: tuple[int, ...] = (64, 32)
    embedding_dim: int = 64
    dense_units: int = 64
    vocabulary_size: int = 10_000
    max_length: int = 400
    truncate: Truncate = "head"
    dropout: float = 0.4


@dataclass(frozen=True)
class TrainingOptions:
    """How the network is trained.

    Attributes:
        epochs: the most passes over the data; None for as many as make 500 steps, 3 to 30.
        batch_size: texts a step.
        learning_rate: Adam's at the first step; it falls in a straight line to a twentieth of
            that at the last.
        patience: epochs without a lower validation loss before training stops.
        clip_norm: the largest norm of a gradient.
        balance_classes: whether each class weighs the same, however rare it is.
        seed: of the initial weights, the shuffling and the dropout.
    """

    epochs: int | None = None
    batch_size: int = 128
    learning_rate: float = 3e-3
    patience: int = 3
    clip_norm: float = 1.0
    balance_classes: bool = False
    seed: int = 1

    def epochs_for(self, texts: int) -> int:
        """Return the most passes over so many texts: small data sets need more of them."""
        if self.epochs is not None:
            return self.epochs
        steps = -(-texts // self.batch_size)
        return min(max(-(-_STEPS // steps), _FEWEST_EPOCHS), _MOST_EPOCHS)
