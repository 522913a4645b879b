"""What a model takes on a microcontroller, without a device: flash, RAM and instructions.

`boards.json` contains what `make boards` measured on emulated boards: for each core the bytes of
the engine, and two factors for instructions, of two models. A token takes

    multiplication * multiplications + unit * units

instructions, for models whose recurrent products are of int8. Layers after the recurrent ones are
not counted. RAM follows from the sizes of the library's structs on processors of 32 bits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from edgernn_export.c.switches import find_unneeded
from edgernn_export.errors import OptionError
from edgernn_runtime.bundle import Bundle
from edgernn_runtime.ir import GATES, Dense, Direction, Pooling, Recurrent
from edgernn_runtime.model_bin import Model, decode_model

_GROUP = 16
#: The parts of the engine that `boards.json` measures: all others can be left out of it.
_MEASURED = {"RECURRENT", "WIDE"}


@dataclass(frozen=True)
class BoardEstimate:
    """What a model takes on a core.

    Attributes:
        board: the name of the core.
        model, engine: bytes of flash; `engine` is None for a model that needs parts of the library
            which were not measured.
        opened: bytes of RAM of the open model.
        scratch: bytes of RAM besides, by the number of tokens.
        instructions: those of a token, or None for products of floats.
    """

    board: str
    model: int
    engine: int | None
    opened: int
    scratch: dict[int, int]
    instructions: int | None


def read_boards() -> dict[str, Any]:
    """Return the measured table: `structs`, and for each core what was measured."""
    table: dict[str, Any] = json.loads(
        files("edgernn_export.c").joinpath("boards.json").read_text(encoding="utf-8")
    )
    return table


def estimate_boards(bundle: Bundle, tokens: tuple[int, ...]) -> tuple[BoardEstimate, ...]:
    """Return what a model takes on each core that was measured.

    Args:
        bundle: a bundle of the format `native` without layers of a graph.
        tokens: the lengths of texts for which the scratch is computed.

    Raises:
        OptionError: the bundle has another format, or contains a graph.
    """
    is_native = bundle.manifest.format == "native"
    model = decode_model(bundle.model) if is_native else None
    if model is None or not all(isinstance(x, Recurrent | Dense | Pooling) for x in model.layers):
        raise OptionError(
            "RAM on a board cannot be computed for this bundle",
            expected="the format native, and recurrent, pooling and dense layers",
            found=f"{bundle.manifest.format}, {bundle.manifest.lowering} lowering",
            hint="edgernn export --format native",
        )
    table = read_boards()
    needed = set(table["parts"]) - set(find_unneeded(bundle))
    scratch = {count: _scratch(model, count, table["structs"]) for count in tokens}
    work = count_work(model)
    return tuple(
        BoardEstimate(
            board=name,
            model=len(bundle.model),
            engine=core["engine"] if needed <= _MEASURED else None,
            opened=_opened(model, len(bundle.vocabulary), table["structs"]),
            scratch=scratch,
            instructions=None
            if work is None
            else round(core["multiplication"] * work[0] + core["unit"] * work[1]),
        )
        for name, core in table["boards"].items()
    )


def count_work(model: Model) -> tuple[int, int] | None:
    """Return the int8 multiplications and the units of a token, padding included.

    Args:
        model: a model; None is returned if a recurrent layer has products of floats.
    """
    layers = [layer for layer in model.layers if isinstance(layer, Recurrent)]
    if not all(layer.rounds_states for layer in layers):
        return None
    directions = [one for layer in layers for one in layer.directions]
    depths = [_up(one.input_size, 4) + _up(one.hidden_size, 4) for one in directions]
    products = sum(_rows(one) * depth for one, depth in zip(directions, depths, strict=True))
    return products, sum(_up(one.hidden_size, _GROUP) for one in directions)


def _up(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple


def _parts(*sizes: int) -> int:
    """Return the bytes of parts that start at multiples of 64."""
    return sum(_up(size, 64) for size in sizes)


def _rows(direction: Direction) -> int:
    return GATES[direction.cell] * _up(direction.hidden_size, _GROUP)


def _opened(model: Model, tokens: int, structs: dict[str, int]) -> int:
    bits = 4 * (tokens // 32 + 1)
    return _parts(structs["classifier"], structs["layer"] * len(model.layers), bits)


def _scratch(model: Model, tokens: int, structs: dict[str, int]) -> int:
    """Return the bytes of ids and scratch: outputs of all layers, and the most that one needs."""
    ids = _up(4 * tokens, 64)
    besides = [0]
    if model.wide is not None:
        rows, width = model.wide.weights.shape
        besides.append(_parts(4 * (rows // 32 + 1), 8 * width, 4 * width))
    if model.embedding is None:
        return ids + _parts(4 * len(model.wide.bias) if model.wide else 0) + max(besides)
    size = _parts(structs["sequence"] * (len(model.layers) + 1))
    size += sum(_outputs(model, tokens))
    besides += [_walkers(layer) for layer in model.layers if isinstance(layer, Recurrent)]
    return ids + size + max(besides)


def _outputs(model: Model, tokens: int) -> Iterator[int]:
    """Yield the bytes of the embedded text, and of each layer's output."""
    if model.embedding is None:
        return
    columns = _up(model.embedding.shape[1], 4)
    is_int8 = isinstance(model.layers[0], Recurrent) and model.layers[0].rounds_states
    yield _parts(tokens * columns, 4 * tokens) if is_int8 else _parts(4 * tokens * columns)
    steps = tokens
    for layer in model.layers:
        width = 0
        if isinstance(layer, Recurrent):
            width = sum(one.hidden_size for one in layer.directions)
            steps = steps if layer.return_sequences else 1
        elif isinstance(layer, Pooling):
            steps, width = 1, columns * len(layer.reductions)
        elif isinstance(layer, Dense):
            width = layer.output_size
        rounds = isinstance(layer, Recurrent) and layer.rounds_output
        yield _parts(steps * _up(width, _GROUP)) if rounds else _parts(4 * steps * width)
        columns = width


def _walkers(layer: Recurrent) -> int:
    total = 0
    for one in layer.directions:
        units, rows = _up(one.hidden_size, _GROUP), _rows(one)
        total += _parts(4 * rows, 4 * rows, 12 * units, 4 * units, 4 * units, 4 * units, units)
    return total
