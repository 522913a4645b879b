"""Formats: what a network can be written as. A new one is one new file and one row here."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Protocol, cast

from edgernn_export.census import Census
from edgernn_export.names import row_named
from edgernn_export.recipes import Recipe
from edgernn_runtime.network import Network


class Writer(Protocol):
    """What the module of a format offers."""

    #: Names, dtypes and shapes of the file's inputs and outputs, for hosts.
    INTERFACE: dict[str, Any]
    #: Parts of names of operators that a fused file never holds.
    FORBIDDEN: tuple[str, ...]

    def write(self, network: Network, recipe: Recipe, vocabulary_sha256: str) -> bytes:
        """Return the network as a file of the format.

        Raises:
            UnsupportedModelError: the format cannot express a layer.
        """

    def read_census(self, data: bytes) -> Census:
        """Return what a file of the format holds."""


@dataclass(frozen=True)
class Format:
    """A model file format.

    Attributes:
        name: what `--format` calls it, and what the manifest says.
        member: the name of the model in the bundle.
        module: the module that writes it.
    """

    name: str
    member: str
    module: str

    @property
    def writer(self) -> Writer:
        """The module, imported when it is first needed."""
        return cast(Writer, importlib.import_module(self.module))


FORMATS = {
    row.name: row
    for row in (
        Format("tflite", "model.tflite", "edgernn_export.formats.tflite"),
        Format("onnx", "model.onnx", "edgernn_export.formats.onnx"),
    )
}


def format_named(name: str) -> Format:
    """Return the format of that name.

    Raises:
        OptionError: there is none; the message suggests the nearest.
    """
    return row_named(FORMATS, name, "format", "--format")
