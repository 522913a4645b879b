"""Targets: the formats to export to. A new target is one new folder and one row in this table."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from edgernn_export.errors import OptionError
from edgernn_export.keras.reader import Source
from edgernn_export.lookup import find
from edgernn_export.model_stats import ModelStats
from edgernn_export.recipes import Arithmetic, Recipe
from edgernn_export.stages import LoweredFile, VerifiedBundle
from edgernn_runtime.ir import Network

#: A variant of a target's file: `stateless` needs no reset between calls, `ort` is for the mobile
#: builds of ONNX Runtime.
Variant = Literal["default", "stateless", "ort"]


class Writer(Protocol):
    """The module that writes a target's file from a `Network`."""

    def write(self, network: Network, recipe: Recipe, vocabulary_sha256: str) -> bytes:
        """Return the network as a file of the target.

        Raises:
            UncoveredError: the target's operators cannot express a layer.
            UnsupportedModelError: the fallback conversion cannot express it either.
        """


class TargetModule(Writer, Protocol):
    """The main module of a target: the writer of the default variant, and its reader."""

    #: Names, dtypes and shapes of the file's inputs and outputs, for hosts.
    INTERFACE: dict[str, Any]
    #: Substrings of names of operators that no file may contain.
    FOREIGN: tuple[str, ...]
    #: Substrings of names of operators that a fused file does not contain.
    LOOPS: tuple[str, ...]

    def read_stats(self, data: bytes) -> ModelStats:
        """Return the model statistics of a file."""


class IntegerWriter(Protocol):
    """The module that writes a target's file for the integer recipe."""

    def write(
        self, network: Network, vocabulary_sha256: str, texts: Sequence[NDArray[np.int32]]
    ) -> bytes:
        """Return the network as an integer file, calibrated on the ids [T] of texts.

        Raises:
            OptionError: no text has a token to calibrate on.
            UnsupportedModelError: a layer has no integer form.
        """


class FallbackConverter(Protocol):
    """The module of a target's fallback conversion."""

    #: Names, dtypes and shapes of the file's inputs and outputs, for hosts.
    INTERFACE: dict[str, Any]

    def convert(self, source: Source, recipe: Recipe, vocabulary_sha256: str) -> bytes:
        """Return the model as a file of the target.

        Raises:
            UnsupportedModelError: the converter fails.
        """


class PostProcessor(Protocol):
    """The module that makes a variant from the target's default file."""

    def convert(self, lowered: LoweredFile, recipe: Recipe) -> LoweredFile:
        """Return the variant of a file.

        Raises:
            UnsupportedModelError: the converter fails.
            ModelStatsError: the variant does not keep the recipe.
        """


class Output(Protocol):
    """The module that writes a verified bundle to disk in the target's form."""

    def check_output(self, out: Path, *, overwrite: bool) -> None:
        """Check that the output can be written to a path.

        Raises:
            OutputError: the path exists and may not be replaced.
        """

    def write_output(self, verified: VerifiedBundle, out: Path, *, overwrite: bool) -> int:
        """Write the output, and return its size in bytes.

        Args:
            verified: the bundle.
            out: the file or folder to write.
            overwrite: whether an existing output may be replaced.

        Raises:
            OutputError: it cannot be written.
        """


@dataclass(frozen=True)
class Target:
    """A format to export to.

    Attributes:
        name: the value of `--format`.
        format: the format of the model file, as the manifest states it; it chooses the engine.
        member: the name of the model in the bundle.
        module: the main module.
        output_module: the module that writes the result to disk.
        suffix: the file name suffix of the result.
        arithmetics: what its operators can compute with.
        bits: the bits of an int8 weight that its operators use.
        fallback_module: the module of the fallback conversion, or None.
        converter: the converter's name for people.
        integer_module: the module that writes the integer recipe, or None.
        variant_writers: the module that writes each variant that has its own writer.
        post_processors: the module that makes each variant that is made from the default file.
    """

    name: str
    format: str
    member: str
    module: str
    output_module: str
    suffix: str
    arithmetics: tuple[Arithmetic, ...]
    bits: int = 8
    fallback_module: str | None = None
    converter: str = ""
    integer_module: str | None = None
    variant_writers: Mapping[Variant, str] = field(default_factory=dict)
    post_processors: Mapping[Variant, str] = field(default_factory=dict)

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The variants beside the default."""
        return (*self.variant_writers, *self.post_processors)

    @property
    def writer(self) -> TargetModule:
        """The main module, imported on first use."""
        return cast(TargetModule, importlib.import_module(self.module))

    @property
    def output(self) -> Output:
        """The module that writes the result to disk, imported on first use."""
        return cast(Output, importlib.import_module(self.output_module))

    @property
    def fallback(self) -> FallbackConverter | None:
        """The module of the fallback conversion, imported on first use, or None."""
        if self.fallback_module is None:
            return None
        return cast(FallbackConverter, importlib.import_module(self.fallback_module))

    @property
    def integer_writer(self) -> IntegerWriter:
        """The writer of the integer recipe, imported on first use.

        Raises:
            OptionError: the target has none; `check_combination` refuses that earlier.
        """
        if self.integer_module is None:
            raise _mismatch("--quantize int8-full", _able("integer"), self)
        return cast(IntegerWriter, importlib.import_module(self.integer_module))

    def get_writer(self, variant: Variant) -> Writer:
        """Return the writer of a variant; a post-processed variant has the default writer."""
        return cast(Writer, importlib.import_module(self.variant_writers.get(variant, self.module)))

    def get_post_processor(self, variant: Variant) -> PostProcessor | None:
        """Return the module that makes a variant from the default file, or None."""
        if variant not in self.post_processors:
            return None
        return cast(PostProcessor, importlib.import_module(self.post_processors[variant]))


_BUNDLE_FILE = "edgernn_export.bundle_file"

TARGETS = {
    target.name: target
    for target in (
        Target(
            name="tflite",
            format="tflite",
            member="model.tflite",
            module="edgernn_export.tflite.writer",
            output_module=_BUNDLE_FILE,
            suffix=".edgernn",
            arithmetics=("float", "hybrid", "integer"),
            fallback_module="edgernn_export.tflite.fallback",
            converter="the TFLite converter",
            integer_module="edgernn_export.tflite.integer_writer",
            variant_writers={"stateless": "edgernn_export.tflite.stateless_writer"},
        ),
        Target(
            name="onnx",
            format="onnx",
            member="model.onnx",
            module="edgernn_export.onnx.writer",
            output_module=_BUNDLE_FILE,
            suffix=".edgernn",
            arithmetics=("float", "hybrid"),
            bits=7,
            fallback_module="edgernn_export.onnx.fallback",
            converter="tf2onnx",
            post_processors={"ort": "edgernn_export.onnx.ort"},
        ),
        Target(
            name="native",
            format="native",
            member="model.bin",
            module="edgernn_export.native.writer",
            output_module=_BUNDLE_FILE,
            suffix=".edgernn",
            arithmetics=("float", "hybrid"),
        ),
        Target(
            name="c",
            format="native",
            member="model.bin",
            module="edgernn_export.native.writer",
            output_module="edgernn_export.c.folder",
            suffix="",
            arithmetics=("float", "hybrid"),
        ),
    )
}


def find_target(name: str) -> Target:
    """Return the target of a name.

    Raises:
        OptionError: no target has this name; the message suggests the nearest.
    """
    return find(TARGETS, name, "format", "--format")


def check_combination(target: Target, recipe: Recipe, variant: Variant) -> None:
    """Check that a target can be written with a recipe and as a variant.

    Raises:
        OptionError: it cannot; the message names the targets that can.
    """
    if variant != "default" and variant not in target.variants:
        having = [other.name for other in TARGETS.values() if variant in other.variants]
        raise _mismatch(f"--{variant}", having, target)
    if recipe.arithmetic not in target.arithmetics:
        raise _mismatch(f"--quantize {recipe.name}", _able(recipe.arithmetic), target)
    if recipe.arithmetic == "integer" and variant == "stateless":
        raise OptionError(
            "--stateless does not fit the recipe",
            expected="--quantize none | float16 | int8",
            found=f"--quantize {recipe.name}",
            hint="integer targets reset the state: MicroInterpreter::Reset()",
        )


def _able(arithmetic: Arithmetic) -> list[str]:
    return [other.name for other in TARGETS.values() if arithmetic in other.arithmetics]


def _mismatch(option: str, names: list[str], target: Target) -> OptionError:
    return OptionError(
        f"{option} does not fit the format",
        expected=f"--format {' | '.join(names)}",
        found=f"--format {target.name}",
    )
