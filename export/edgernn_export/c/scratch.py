"""The scratch of a model on a processor of 32 bits that makes the products of one step at a time.

It follows `stream.c` of the library: layers that go forward work on one step after the other, a
pooling keeps running sums and maxima, and a layer of two directions reads all steps twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgernn_runtime.ir import GATES, Dense, Direction, Pooling, Recurrent
from edgernn_runtime.model_bin import Model

GROUP = 16


@dataclass(frozen=True)
class _Stage:
    """A layer, or a recurrent layer with the pooling that takes its states.

    Attributes:
        columns: bytes of a step of the output, before two directions are merged.
        is_sequence: whether the output has a step for each token.
    """

    layer: Recurrent | Dense | Pooling
    columns: int
    is_sequence: bool


def round_up(size: int, multiple: int) -> int:
    """Return the next multiple."""
    return -(-size // multiple) * multiple


def add_parts(*sizes: int) -> int:
    """Return the bytes of parts that start at multiples of 64."""
    return sum(round_up(size, 64) for size in sizes)


def count_rows(direction: Direction) -> int:
    """Return the rows of a direction's matrices, padding included."""
    return GATES[direction.cell] * round_up(direction.hidden_size, GROUP)


def count_scratch(model: Model, tokens: int, structs: dict[str, int]) -> int:
    """Return the bytes of ids and scratch.

    Args:
        model: a model of recurrent, pooling and dense layers, with or without a wide path.
        tokens: the number of ids.
        structs: bytes of the library's structs, by their names.
    """
    ids, wide = round_up(4 * tokens, 64), 0
    if model.wide is not None:
        rows, width = model.wide.weights.shape
        wide = add_parts(4 * (rows // 32 + 1), 8 * width, 4 * width)
    if model.embedding is None:
        return ids + add_parts(4 * len(model.wide.bias) if model.wide else 0) + wide
    kept, most, steps, is_first = 0, 0, tokens, True
    for stream in _split(_list_stages(model)):
        kept += add_parts((steps if stream[-1].is_sequence else 1) * stream[-1].columns)
        block = steps if _has_two_directions(stream[0]) else 1
        text = _count_text(model) if is_first else 0
        most = max(most, kept + _count_stream(stream, block, text, structs["stage"]))
        steps = steps if stream[-1].is_sequence else 1
        is_first = False
    return ids + max(most, kept + wide)


def _list_stages(model: Model) -> list[_Stage]:
    stages: list[_Stage] = []
    width, is_sequence = 0 if model.embedding is None else model.embedding.shape[1], True
    for layer in model.layers:
        if isinstance(layer, Pooling):
            width, is_sequence = width * len(layer.reductions), False
            before = stages[-1].layer if stages else None
            if isinstance(before, Recurrent) and not _merges(before):
                stages[-1] = _Stage(before, 4 * width, is_sequence)
                continue
        elif isinstance(layer, Recurrent | Dense):
            width = layer.output_size
            is_sequence = is_sequence and (isinstance(layer, Dense) or layer.return_sequences)
        else:
            raise TypeError(f"a layer of a graph: {layer.name}")
        stages.append(_Stage(layer, _count_columns(layer, width), is_sequence))
    return stages


def _count_columns(layer: Recurrent | Dense | Pooling, width: int) -> int:
    if not isinstance(layer, Recurrent):
        return 4 * width
    units = sum(one.hidden_size for one in layer.directions)
    return round_up(units, GROUP) if layer.rounds_output else 4 * units


def _merges(layer: Recurrent) -> bool:
    return layer.backward is not None and layer.merge != "concat"


def _has_two_directions(stage: _Stage) -> bool:
    return isinstance(stage.layer, Recurrent) and stage.layer.backward is not None


def _is_reverse(stage: _Stage) -> bool:
    return isinstance(stage.layer, Recurrent) and stage.layer.forward.reverse


def _split(stages: list[_Stage]) -> list[list[_Stage]]:
    """Return the stages in groups that stream together."""
    streams: list[list[_Stage]] = []
    for stage in stages:
        is_behind = not streams or not streams[-1][-1].is_sequence
        is_alone = _has_two_directions(stage) or _is_reverse(stage)
        if is_behind or is_alone or _has_two_directions(streams[-1][0]):
            streams.append([])
        streams[-1].append(stage)
    return streams


def _count_text(model: Model) -> int:
    """Return the bytes of the vector of a token, which is read where it lies if it can be."""
    assert model.embedding is not None
    columns = round_up(model.embedding.shape[1], 4)
    first = model.layers[0]
    if not (isinstance(first, Recurrent) and first.rounds_states):
        return add_parts(4 * columns)
    return add_parts(0 if columns == model.embedding.shape[1] else columns, 4)


def _count_stream(stream: list[_Stage], block: int, text: int, struct: int) -> int:
    """Return the bytes of layers that stream, without the output of the last."""
    total, work = add_parts(struct * len(stream)), [0]
    if not isinstance(stream[0].layer, Recurrent):
        total += text
    for i, stage in enumerate(stream):
        if isinstance(stage.layer, Recurrent):
            directions = stage.layer.directions
            total += sum(_count_states(one) for one in directions)
            looked_up = 0 if i else text
            work.append(sum(_count_work(one) + looked_up for one in directions))
        if i + 1 < len(stream):
            total += add_parts(block * stage.columns)
    return total + max(work)


def _count_states(direction: Direction) -> int:
    units = round_up(direction.hidden_size, GROUP)
    cell = 4 * units if direction.cell == "lstm" else 0
    return add_parts(4 * units, cell, units)


def _count_work(direction: Direction) -> int:
    units, rows = round_up(direction.hidden_size, GROUP), count_rows(direction)
    parts = [4 * rows, 4 * rows]
    if direction.cell == "gru":
        parts += [12 * units] if direction.reset_after else [12 * units, 4 * units]
    return add_parts(*parts)
