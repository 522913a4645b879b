"""Lowering: from a `Source` to a model file, by the target's writer or the fallback conversion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edgernn_export.chain import is_chain, not_a_chain
from edgernn_export.errors import UncoveredError, UnsupportedModelError
from edgernn_export.keras.layer_chain import all_layers
from edgernn_export.keras.reader import Source
from edgernn_export.model_stats import check_fallback_stats, check_stats
from edgernn_export.recipes import Recipe
from edgernn_export.stages import LoweredFile
from edgernn_export.targets import Target, Variant
from edgernn_runtime.ir import Network
from edgernn_runtime.tokenizer import Tokenizer, with_padding

_LOOP_WARNING = "a recurrent layer became a loop, because TFLite has no fused operator for it"


def lower(
    source: Source,
    target: Target,
    recipe: Recipe,
    variant: Variant,
    vocabulary_sha256: str,
    texts: Sequence[str] = (),
) -> LoweredFile:
    """Return the model as a file of a target.

    Args:
        source: the model.
        target: the format to export to.
        recipe: how the weight matrices are stored.
        variant: a variant of the target.
        vocabulary_sha256: 64 hexadecimal digits, for the file's metadata.
        texts: the texts that the integer recipe is calibrated on.

    Raises:
        UnsupportedModelError: neither the writer nor the fallback conversion covers the model.
        OptionError: the integer recipe has no text to calibrate on.
        ModelStatsError: the file contains other operators or weights than requested.
    """
    if recipe.arithmetic == "integer":
        return _lower_to_integers(source, target, recipe, vocabulary_sha256, texts)
    lowered = _lower_network(source, target, recipe, variant, vocabulary_sha256)
    if isinstance(lowered, UncoveredError):
        lowered = _convert(as_converted(source), target, recipe, vocabulary_sha256, lowered)
    post_processor = target.get_post_processor(variant)
    return lowered if post_processor is None else post_processor.convert(lowered, recipe)


def as_converted(source: Source) -> Source:
    """Return a model as the fallback conversion takes it: with Keras's padding.

    A graph without padding may add it between its layers, which the converted Keras model does not.
    """
    network, task = source.network, source.task
    if not isinstance(network, Network) or is_chain(network) or task.pad_to == source.length:
        return source
    return replace(
        source, task=replace(task, pad_to=source.length), network=_not_a_chain(source, network)
    )


def _lower_network(
    source: Source, target: Target, recipe: Recipe, variant: Variant, vocabulary_sha256: str
) -> LoweredFile | UncoveredError:
    """Return the file written from the `Network`, or why the model is not covered."""
    network = source.network
    if not isinstance(network, Network):
        return network
    try:
        data = target.get_writer(variant).write(network, recipe, vocabulary_sha256)
    except UncoveredError as error:
        has_graph = target.fallback is None or is_chain(network)
        return error if has_graph else _not_a_chain(source, network)
    return _read_back(target, recipe, data)


def _not_a_chain(source: Source, network: Network) -> UncoveredError:
    return not_a_chain(network, {x.name: type(x).__name__ for x in all_layers(source.model)})


def _lower_to_integers(
    source: Source, target: Target, recipe: Recipe, vocabulary_sha256: str, texts: Sequence[str]
) -> LoweredFile:
    """Return the integer file, for which there is no fallback conversion."""
    network = source.network
    if isinstance(network, Network) and not is_chain(network):
        network = _not_a_chain(source, network)
    if not isinstance(network, Network):
        hint = "export with --quantize int8"
        raise _no_fallback(network, f"--quantize {recipe.name}", hint)
    tokenizer = Tokenizer(source.task.tokenizer, source.task.vocabulary)
    padding = source.task.pad_to, source.task.pad_side
    ids = [with_padding(tokenizer.ids(text), *padding) for text in texts]
    data = target.integer_writer.write(network, vocabulary_sha256, ids)
    return _read_back(target, recipe, data)


def _read_back(target: Target, recipe: Recipe, data: bytes) -> LoweredFile:
    stats = target.writer.read_stats(data)
    lowering = check_stats(stats, recipe, target.writer.FOREIGN, target.writer.LOOPS)
    return LoweredFile(
        model=target.member,
        members={target.member: data},
        stats=stats,
        lowering=lowering,
        interface=target.writer.INTERFACE,
        warnings=(_LOOP_WARNING,) if lowering == "loop" else (),
    )


def _convert(
    source: Source, target: Target, recipe: Recipe, vocabulary_sha256: str, cause: UncoveredError
) -> LoweredFile:
    """Return the file of the fallback conversion, which keeps no state between calls."""
    if target.fallback is None:
        raise _no_fallback(cause, f"--format {target.name}", "export with --format tflite or onnx")
    data = target.fallback.convert(source, recipe, vocabulary_sha256)
    stats = target.writer.read_stats(data)
    check_fallback_stats(stats, recipe, target.writer.FOREIGN)
    warning = (
        f"{cause.what}: expected {cause.expected}, found {cause.found}; "
        f"converted by {target.converter}, with loops for recurrent layers"
    )
    return LoweredFile(
        model=target.member,
        members={target.member: data},
        stats=stats,
        lowering="fallback",
        interface=target.fallback.INTERFACE,
        warnings=(warning,),
    )


def _no_fallback(cause: UncoveredError, option: str, hint: str) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"{cause.what}: {option} has no fallback conversion",
        expected=cause.expected,
        found=cause.found,
        hint=hint,
    )
