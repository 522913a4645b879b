"""What a model takes on a microcontroller, without a device: flash, RAM and instructions.

`boards.json` contains what `make boards` measured on emulated boards: for each core the bytes of
the engine, and two factors for instructions, of two models. A token takes

    multiplication * multiplications + unit * units

instructions, for models whose recurrent products are of int8. Layers after the recurrent ones are
not counted. RAM follows from the sizes of the library's structs on processors of 32 bits.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from edgernn_export.c.scratch import GROUP, add_parts, count_rows, count_scratch, round_up
from edgernn_export.c.switches import find_unneeded
from edgernn_export.errors import OptionError
from edgernn_runtime.bundle import Bundle
from edgernn_runtime.ir import Dense, Pooling, Recurrent
from edgernn_runtime.model_bin import Model, decode_model

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
    scratch = {count: count_scratch(model, count, table["structs"]) for count in tokens}
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
    depths = [round_up(one.input_size, 4) + round_up(one.hidden_size, 4) for one in directions]
    products = sum(count_rows(one) * depth for one, depth in zip(directions, depths, strict=True))
    return products, sum(round_up(one.hidden_size, GROUP) for one in directions)


def _opened(model: Model, tokens: int, structs: dict[str, int]) -> int:
    bits = 4 * (tokens // 32 + 1)
    return add_parts(structs["classifier"], structs["layer"] * len(model.layers), bits)
