"""The intermediate representation of a Keras model, for tests."""

from __future__ import annotations

from edgernn_export.errors import UncoveredError
from edgernn_export.keras.reader import read_source
from edgernn_export.keras.text_vectorization import vectorizer_front
from edgernn_export.targets import TARGETS

#: One target per model format: `c` has the files of `native`.
FILE_TARGETS = {name: target for name, target in TARGETS.items() if name == target.format}


def read_network(model, labels=None, vectorizer=None):
    """Return a Keras model's Network, or raise UncoveredError."""
    front = None if vectorizer is None else vectorizer_front(vectorizer)
    network = read_source(model, labels, front).network
    if isinstance(network, UncoveredError):
        raise network
    return network
