"""The switches of libedgernn that leave out what a model does not need: edgernn_config.h."""

from __future__ import annotations

from edgernn_runtime.bundle import Bundle
from edgernn_runtime.ir import Layer, Recurrent
from edgernn_runtime.ir_graph import Convolution
from edgernn_runtime.model_bin import Model, decode_model
from edgernn_runtime.model_header import HEADER, LAYER, TENSOR, decode_header
from edgernn_runtime.tokenizer_spec import TokenizerSpec

#: The kinds of layers of a graph, and the type float16, as model.bin numbers them.
_GRAPH_KINDS = range(6, 16)
_FLOAT16 = 1
#: Activations that every build has.
_COMMON = {"linear", "relu", "tanh", "sigmoid"}
#: What a program with the model as an array never needs.
_FILES = ("BUNDLES", "FILES")
_OPTIONAL = ("BATCH", "HEAP", "EXPLAIN", "MESSAGES")


def find_unneeded(bundle: Bundle) -> tuple[str, ...]:
    """Return the names of the parts that a model does not need, without `EDGERNN_WITHOUT_`.

    Args:
        bundle: a bundle of the format `native` whose model.bin contains its tokenizer.
    """
    data = bundle.model
    header, model = decode_header(data), decode_model(data)
    table = HEADER.size + header.layers * LAYER.size
    kinds = {LAYER.unpack_from(data, at)[0] for at in range(HEADER.size, table, LAYER.size)}
    end = table + header.tensors * TENSOR.size
    types = {TENSOR.unpack_from(data, at)[0] for at in range(table, end, TENSOR.size)}
    return (
        *_FILES,
        *_unneeded_by_layers(model),
        *(() if _FLOAT16 in types else ("FLOAT16",)),
        *(() if kinds.intersection(_GRAPH_KINDS) else ("GRAPHS",)),
        *(() if model.wide else ("WIDE",)),
        *_unneeded_by_rules(bundle.manifest.tokenizer),
    )


def _unneeded_by_layers(model: Model) -> tuple[str, ...]:
    recurrent = [layer for layer in model.layers if isinstance(layer, Recurrent)]
    cells = {one.cell for layer in recurrent for one in layer.directions}
    is_float = any(isinstance(layer, Convolution) for layer in model.layers)
    is_float = is_float or not all(layer.rounds_states for layer in recurrent)
    needs = {
        "RECURRENT": bool(recurrent),
        "GRU": bool(cells - {"lstm"}),
        "FLOAT": is_float,
        "ACTIVATIONS": bool(set().union(*map(_activations, model.layers)) - _COMMON),
    }
    return tuple(name for name, is_needed in needs.items() if not is_needed)


def _activations(layer: Layer) -> set[str]:
    if isinstance(layer, Recurrent):
        return {name for one in layer.directions for name in (one.activation, one.gate_activation)}
    return {getattr(layer, "activation", "linear")}


def _unneeded_by_rules(rules: TokenizerSpec) -> tuple[str, ...]:
    is_unicode = rules.rules == "unicode" or "unicode_lower" in rules.steps
    unneeded = () if is_unicode else ("UNICODE",)
    return unneeded if rules.rules == "steps" else (*unneeded, "STEPS")


def write_config(bundle: Bundle) -> str:
    """Return the text of edgernn_config.h for a model."""
    lines = [f"#define EDGERNN_WITHOUT_{name}" for name in find_unneeded(bundle)]
    more = [f"/* #define EDGERNN_WITHOUT_{name} */" for name in _OPTIONAL]
    return "\n".join((_HEAD, *lines, "", _MORE, *more, "", "#endif", ""))


_HEAD = """/* What this model does not need of edgernn.c, which describes each switch. For several
 * models, keep the lines that the files of all of them have. */
#ifndef EDGERNN_CONFIG_FILE
#define EDGERNN_CONFIG_FILE
"""
_MORE = "/* A program that does not call these functions can leave them out, too. */"
