"""From a model that was read to the members of a bundle: fused where it can be, else generic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from edgernn_export.errors import (
    CensusError,
    OptionError,
    UncoveredError,
    UnsupportedModelError,
)
from edgernn_export.keras.reader import Source
from edgernn_export.model_stats import Census, Lowering, check_census, check_generic_census
from edgernn_export.recipes import Recipe
from edgernn_export.targets import Flavour, Format
from edgernn_export.tflite.calibration import calibrate
from edgernn_runtime.tokenizer import Tokenizer, with_padding

#: What an .ort file may be larger than its .onnx file, by share and by bytes.
_MOST_GROWTH, _STRUCTURE = 1.05, 50_000


@dataclass(frozen=True)
class Lowered:
    """A model file and what it is.

    Attributes:
        model: the model's name as a member of the bundle.
        members: the file's bytes by that name, and what else stands beside it.
        census: what the file holds.
        lowering: how it was made.
        interface: names, dtypes and shapes of its inputs and outputs.
        warnings: what the user should know, a sentence each.
    """

    model: str
    members: Mapping[str, bytes]
    census: Census
    lowering: Lowering
    interface: Mapping[str, Any]
    warnings: tuple[str, ...] = ()


def lower(
    source: Source,
    row: Format,
    recipe: Recipe,
    flavour: Flavour,
    vocabulary_sha256: str,
    texts: Sequence[str] = (),
) -> Lowered:
    """Return the model file of a format.

    Args:
        source: the model.
        row: the format.
        recipe: how the weight matrices are stored.
        flavour: one of the format's, or "plain".
        vocabulary_sha256: goes into the file's metadata.
        texts: what the integer recipe is calibrated on.

    Raises:
        UnsupportedModelError: neither lowering can express the model.
        CensusError: the file is not what was asked for.
    """
    if recipe.arithmetic == "integer":
        return _integer(source, row, recipe, vocabulary_sha256, texts)
    lowered = _fused(source, row, recipe, flavour, vocabulary_sha256)
    if isinstance(lowered, UncoveredError):
        lowered = _generic(source, row, recipe, vocabulary_sha256, lowered)
    return _as_ort(lowered, recipe) if flavour == "ort" else lowered


def _fused(
    source: Source, row: Format, recipe: Recipe, flavour: Flavour, vocabulary_sha256: str
) -> Lowered | UncoveredError:
    """Return the file written from the Network, or why there is none."""
    if source.network is None:
        assert source.cause is not None
        return source.cause
    try:
        data = row.writer.write(source.network, recipe, vocabulary_sha256, flavour)
    except UncoveredError as error:
        return error
    return _read_back(row, recipe, data)


def _integer(
    source: Source, row: Format, recipe: Recipe, vocabulary_sha256: str, texts: Sequence[str]
) -> Lowered:
    """Return the integer file, for which there is no other lowering."""
    if source.network is None:
        assert source.cause is not None
        raise _no_generic(source.cause, f"--quantize {recipe.name}", "export with --quantize int8")
    tokenizer = Tokenizer(source.task.tokenizer, source.task.vocabulary)
    ids = [with_padding(tokenizer.ids(text), source.task.pad_to) for text in texts]
    if not any(map(len, ids)):
        raise OptionError(
            f"--quantize {recipe.name} has no text to calibrate on",
            expected="texts with a word",
            found=f"{len(texts)} texts, none with any",
            hint="give others with --texts",
        )
    calibration = calibrate(source.network, ids)
    data = row.writer.write(source.network, recipe, vocabulary_sha256, calibration=calibration)
    return _read_back(row, recipe, data)


def _no_generic(cause: UncoveredError, option: str, hint: str) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"{cause.what}: {option} has no generic form",
        expected=cause.expected,
        found=cause.found,
        hint=hint,
    )


def _read_back(row: Format, recipe: Recipe, data: bytes) -> Lowered:
    census = row.writer.read_census(data)
    lowering = check_census(census, recipe, row.writer.FOREIGN, row.writer.LOOPS)
    warnings = ("a recurrent layer became a loop, as TFLite has no fused operator for it",)
    return Lowered(
        model=row.member,
        members={row.member: data},
        census=census,
        lowering=lowering,
        interface=row.writer.INTERFACE,
        warnings=warnings if lowering == "loop" else (),
    )


def _generic(
    source: Source, row: Format, recipe: Recipe, vocabulary_sha256: str, cause: UncoveredError
) -> Lowered:
    """Return the converter's file; it keeps no state, so that it is stateless as it is."""
    if row.generic is None:
        raise _no_generic(cause, f"--format {row.name}", "export with --format tflite or onnx")
    data = row.generic.convert(source, recipe, vocabulary_sha256)
    census = row.writer.read_census(data)
    check_generic_census(census, recipe, row.writer.FOREIGN)
    warning = (
        f"{cause.what}: expected {cause.expected}, found {cause.found}; "
        f"converted by {row.converter}, with loops for recurrent layers"
    )
    return Lowered(
        model=row.member,
        members={row.member: data},
        census=census,
        lowering="generic",
        interface=row.generic.INTERFACE,
        warnings=(warning,),
    )


def _as_ort(lowered: Lowered, recipe: Recipe) -> Lowered:
    from edgernn_export.onnx import ort

    (data,) = lowered.members.values()
    model, operators = ort.convert(data)
    if len(model) > _MOST_GROWTH * len(data) + _STRUCTURE:
        raise CensusError(
            f"ONNX Runtime's converter does not keep the recipe {recipe.name} in an .ort file",
            expected=f"about the {len(data):,} bytes of the .onnx file",
            found=f"{len(model):,} bytes, the weights being float32 again",
            hint="leave out --ort, or export an LSTM with --quantize int8",
        )
    members = {ort.MODEL: model, ort.OPERATORS: operators}
    return replace(lowered, model=ort.MODEL, members=members)
