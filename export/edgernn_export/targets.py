"""Formats: what a network can be written as. A new one is one new file and one row here."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast

from edgernn_export.errors import OptionError
from edgernn_export.keras.reader import Source
from edgernn_export.lookup import row_named
from edgernn_export.model_stats import Census
from edgernn_export.recipes import Arithmetic, Recipe
from edgernn_export.tflite.calibration import LayerRange
from edgernn_runtime.ir import Network

#: What a file may be written as: `stateless` needs no reset between calls, `ort` is for the mobile
#: builds of ONNX Runtime.
Flavour = Literal["plain", "stateless", "ort"]


class Writer(Protocol):
    """What the module of a format offers."""

    #: Names, dtypes and shapes of the file's inputs and outputs, for hosts.
    INTERFACE: dict[str, Any]
    #: Parts of names of operators that no file of ours holds.
    FOREIGN: tuple[str, ...]
    #: Parts of names of operators that a fused file never holds.
    LOOPS: tuple[str, ...]

    def write(
        self,
        network: Network,
        recipe: Recipe,
        vocabulary_sha256: str,
        flavour: Flavour = "plain",
        calibration: tuple[LayerRange, ...] | None = None,
    ) -> bytes:
        """Return the network as a file of the format; the integer recipe needs a calibration.

        Raises:
            UncoveredError: the format's operators cannot express a layer.
            UnsupportedModelError: nor can any other lowering of the format.
        """

    def read_census(self, data: bytes) -> Census:
        """Return what a file of the format holds."""


class Converter(Protocol):
    """What the module of a format's generic lowering offers."""

    #: Names, dtypes and shapes of the file's inputs and outputs, for hosts.
    INTERFACE: dict[str, Any]

    def convert(self, source: Source, recipe: Recipe, vocabulary_sha256: str) -> bytes:
        """Return the model as a file of the format.

        Raises:
            UnsupportedModelError: the converter fails.
        """


@dataclass(frozen=True)
class Format:
    """A model file format.

    Attributes:
        name: what `--format` calls it, and what the manifest says.
        member: the name of the model in the bundle.
        module: the module that writes it from a Network.
        generic_module: the module that has a converter write it from a Keras model, or None.
        converter: that converter's name for people.
        flavours: what it can be written as beside `plain`.
        arithmetics: what its operators can compute with.
        bits: the bits of an int8 weight that its operators use.
    """

    name: str
    member: str
    module: str
    generic_module: str | None
    converter: str
    flavours: tuple[Flavour, ...]
    arithmetics: tuple[Arithmetic, ...]
    bits: int = 8

    @property
    def writer(self) -> Writer:
        """The module, imported when it is first needed."""
        return cast(Writer, importlib.import_module(self.module))

    @property
    def generic(self) -> Converter | None:
        """The module of the generic lowering, imported when it is first needed, or None."""
        if self.generic_module is None:
            return None
        return cast(Converter, importlib.import_module(self.generic_module))


FORMATS = {
    row.name: row
    for row in (
        Format(
            name="tflite",
            member="model.tflite",
            module="edgernn_export.tflite.writer",
            generic_module="edgernn_export.tflite.fallback",
            converter="the TFLite converter",
            flavours=("stateless",),
            arithmetics=("float", "hybrid", "integer"),
        ),
        Format(
            name="onnx",
            member="model.onnx",
            module="edgernn_export.onnx.writer",
            generic_module="edgernn_export.onnx.fallback",
            converter="tf2onnx",
            flavours=("ort",),
            arithmetics=("float", "hybrid"),
            bits=7,
        ),
        Format(
            name="native",
            member="model.bin",
            module="edgernn_export.native.writer",
            generic_module=None,
            converter="",
            flavours=(),
            arithmetics=("float", "hybrid"),
        ),
    )
}


def format_named(name: str) -> Format:
    """Return the format of that name.

    Raises:
        OptionError: there is none; the message suggests the nearest.
    """
    return row_named(FORMATS, name, "format", "--format")


def check_form(row: Format, recipe: Recipe, flavour: Flavour) -> None:
    """Check that a format can be written with a recipe and as a flavour.

    Raises:
        OptionError: it cannot; the message names the formats that can.
    """
    if flavour != "plain" and flavour not in row.flavours:
        having = [other.name for other in FORMATS.values() if flavour in other.flavours]
        raise _unfit(f"--{flavour}", having, row)
    if recipe.arithmetic not in row.arithmetics:
        able = [other.name for other in FORMATS.values() if recipe.arithmetic in other.arithmetics]
        raise _unfit(f"--quantize {recipe.name}", able, row)
    if recipe.arithmetic == "integer" and flavour == "stateless":
        raise OptionError(
            "--stateless does not fit the recipe",
            expected="--quantize none | float16 | int8",
            found=f"--quantize {recipe.name}",
            hint="integer targets reset the state: MicroInterpreter::Reset()",
        )


def _unfit(option: str, formats: list[str], row: Format) -> OptionError:
    return OptionError(
        f"{option} does not fit the format",
        expected=f"--format {' | '.join(formats)}",
        found=f"--format {row.name}",
    )
