"""A builder of TFLite flatbuffers: tensors, constants and operators, subgraph by subgraph.

Source of the format: `schema.fbs` of TensorFlow Lite, schema version 3, through the classes that
are generated from it and shipped with ai-edge-litert.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

SCHEMA_VERSION = 3
FILE_IDENTIFIER = b"TFL3"
#: Kernels read constants with vector loads, and `schema.fbs` asks for this alignment.
BUFFER_ALIGNMENT = 16
NO_TENSOR = -1

_TENSOR_TYPE = {
    "float32": schema.TensorType.FLOAT32,
    "float16": schema.TensorType.FLOAT16,
    "int64": schema.TensorType.INT64,
    "int32": schema.TensorType.INT32,
    "int16": schema.TensorType.INT16,
    "int8": schema.TensorType.INT8,
    "uint8": schema.TensorType.UINT8,
    "bool": schema.TensorType.BOOL,
}


class _AlignedBuffer(schema.BufferT):  # type: ignore[misc]
    """A buffer whose data starts at a multiple of 16 bytes; the generated class ignores that."""

    def Pack(self, builder: flatbuffers.Builder) -> int:
        data = None
        if self.data is not None and len(self.data):
            builder.StartVector(1, len(self.data), BUFFER_ALIGNMENT)
            builder.head -= len(self.data)
            builder.Bytes[builder.head : builder.head + len(self.data)] = bytes(self.data)
            data = builder.EndVector()
        schema.BufferStart(builder)
        if data is not None:
            schema.BufferAddData(builder, data)
        return int(schema.BufferEnd(builder))


class FileBuilder:
    """Collects subgraphs, the buffers and operator codes that they share, and metadata."""

    def __init__(self) -> None:
        """Start with no subgraph."""
        self._model = schema.ModelT()
        self._model.version = SCHEMA_VERSION
        self._model.operatorCodes = []
        self._model.metadata = []
        self._model.buffers = [_AlignedBuffer()]
        self._model.subgraphs = []
        self._code_of: dict[tuple[int, int], int] = {}

    def subgraph(self, name: str) -> GraphBuilder:
        """Add a subgraph; the first one is what a host runs."""
        graph = schema.SubGraphT()
        graph.name = name
        graph.tensors, graph.operators, graph.inputs, graph.outputs = [], [], [], []
        self._model.subgraphs.append(graph)
        return GraphBuilder(self, graph, len(self._model.subgraphs) - 1)

    def buffer(self, data: bytes) -> int:
        """Add a buffer and return its index."""
        buffer = _AlignedBuffer()
        buffer.data = data
        self._model.buffers.append(buffer)
        return len(self._model.buffers) - 1

    def code(self, builtin: int, version: int) -> int:
        """Return the index of an operator's code, added when it is first asked for."""
        key = (builtin, version)
        if key not in self._code_of:
            code = schema.OperatorCodeT()
            code.builtinCode = builtin
            # Readers older than 2020 look at the byte-sized field, which ends at 127.
            code.deprecatedBuiltinCode = min(builtin, 127)
            code.version = version
            self._code_of[key] = len(self._model.operatorCodes)
            self._model.operatorCodes.append(code)
        return self._code_of[key]

    def finish(
        self,
        inputs: Mapping[str, int],
        outputs: Mapping[str, int],
        metadata: Mapping[str, bytes],
        description: str,
    ) -> bytes:
        """Return the file's bytes.

        Args:
            inputs: the first subgraph's inputs by the name in the signature `serving_default`.
            outputs: the same for its outputs.
            metadata: what goes into the file's metadata, by name.
            description: what the file says it is.
        """
        main = self._model.subgraphs[0]
        main.inputs, main.outputs = list(inputs.values()), list(outputs.values())
        self._model.description = description
        return pack(self._model, tuple(inputs), tuple(outputs), metadata)


class GraphBuilder:
    """Collects the tensors and operators of one subgraph; -1 in a shape is a dynamic dimension."""

    def __init__(self, file: FileBuilder, graph: Any, index: int) -> None:
        """Start with no tensor; `FileBuilder.subgraph` makes one."""
        self.file = file
        self.index = index
        self._graph = graph

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        dtype: str = "float32",
        *,
        scale: float | None = None,
        zero_point: int = 0,
        is_variable: bool = False,
        buffer: int = 0,
    ) -> int:
        """Add a tensor and return its index.

        Args:
            name: unique name.
            shape: its dimensions; -1 for one that is known at run time only.
            dtype: float32, float16, int64, int32, int16, int8, uint8 or bool.
            scale: the scale of a quantized tensor.
            zero_point: the integer that stands for 0 in it.
            is_variable: whether it keeps its value between invocations.
            buffer: the index of its constant's buffer; 0 for none.
        """
        tensor = schema.TensorT()
        tensor.name = name
        tensor.type = _TENSOR_TYPE[dtype]
        tensor.shape = [abs(dimension) for dimension in shape]
        if -1 in shape:
            tensor.shapeSignature = list(shape)
        tensor.hasRank = True
        tensor.isVariable = is_variable
        tensor.buffer = buffer
        if scale is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = [scale]
            tensor.quantization.zeroPoint = [zero_point]
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def constant(self, name: str, value: NDArray[Any], *, scale: float | None = None) -> int:
        """Add a constant tensor with the array's dtype and shape, and return its index."""
        buffer = self.file.buffer(np.ascontiguousarray(value).tobytes())
        return self.tensor(name, value.shape, str(value.dtype), scale=scale, buffer=buffer)

    def integers(self, *values: int) -> int:
        """Add a constant int32 vector."""
        return self.constant(self.new_name("integers"), np.array(values, dtype=np.int32))

    def scalar(self, value: float) -> int:
        """Add a constant scalar, int32 for an int, else float32."""
        dtype = np.int32 if isinstance(value, int) else np.float32
        return self.constant(self.new_name("scalar"), np.array(value, dtype=dtype))

    def operator(
        self,
        name: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        *,
        version: int = 1,
        intermediates: Sequence[int] = (),
        **options: Any,
    ) -> None:
        """Add an operator that writes tensors which are there already.

        Args:
            name: the operator in the schema's spelling, such as `FULLY_CONNECTED`.
            inputs: tensor indices; `NO_TENSOR` for an optional input that is left out.
            outputs: the tensors it writes.
            version: the operator's version.
            intermediates: tensors that carry scales of values inside the operator.
            options: the fields of its options in the schema's Python spelling.
        """
        operator = schema.OperatorT()
        operator.opcodeIndex = self.file.code(getattr(schema.BuiltinOperator, name), version)
        operator.inputs = list(inputs)
        operator.outputs = list(outputs)
        operator.intermediates = list(intermediates)
        options_name = _OPTIONS.get(name)
        if options_name is not None:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options_name)
            operator.builtinOptions = getattr(schema, options_name + "T")()
            for field, value in options.items():
                setattr(operator.builtinOptions, field, value)
        self._graph.operators.append(operator)

    def add(
        self,
        name: str,
        inputs: Sequence[int],
        shape: Sequence[int],
        dtype: str = "float32",
        *,
        version: int = 1,
        **options: Any,
    ) -> int:
        """Add an operator with one new output of that shape, and return the output."""
        output = self.tensor(self.new_name(name.lower()), shape, dtype)
        self.operator(name, inputs, [output], version=version, **options)
        return output

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Return a tensor's shape, -1 for a dynamic dimension."""
        entry = self._graph.tensors[tensor]
        return tuple(entry.shape if entry.shapeSignature is None else entry.shapeSignature)

    def quantization(self, tensor: int) -> tuple[float, int]:
        """Return a quantized tensor's scale and zero point."""
        entry = self._graph.tensors[tensor].quantization
        return entry.scale[0], entry.zeroPoint[0]

    def time(self, x: int) -> int:
        """Return the number of steps of x [1, T, .] at run time, an int32 scalar."""
        bounds = [self.integers(1), self.integers(2), self.integers(1)]
        shape = self.add(
            "SHAPE", [x], (len(self.shape(x)),), "int32", outType=_TENSOR_TYPE["int32"]
        )
        masks = {"beginMask": 0, "endMask": 0, "ellipsisMask": 0, "newAxisMask": 0}
        return self.add("STRIDED_SLICE", [shape, *bounds], (), "int32", **masks, shrinkAxisMask=1)

    def ends(self, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        """Say what goes into this subgraph and what comes out, where it is not the first."""
        self._graph.inputs, self._graph.outputs = list(inputs), list(outputs)

    def new_name(self, kind: str) -> str:
        """Return a name that no tensor has yet."""
        return f"{kind}_{len(self._graph.tensors)}"


def pack(
    model: Any, inputs: Sequence[str], outputs: Sequence[str], metadata: Mapping[str, bytes]
) -> bytes:
    """Return a `ModelT`'s bytes, with its buffers aligned.

    Args:
        model: the model; changed on the way.
        inputs: the names of the first subgraph's inputs in the signature `serving_default`.
        outputs: the same for its outputs.
        metadata: pieces of metadata to add, by name.
    """
    main, signature = model.subgraphs[0], schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    signature.inputs = [_tensor_map(*item) for item in zip(inputs, main.inputs, strict=True)]
    signature.outputs = [_tensor_map(*item) for item in zip(outputs, main.outputs, strict=True)]
    model.signatureDefs = [signature]
    buffers = []
    for buffer in model.buffers:
        aligned = _AlignedBuffer()
        aligned.data = buffer.data
        buffers.append(aligned)
    model.buffers, model.metadata = buffers, list(model.metadata or [])
    for name, value in metadata.items():
        entry = schema.MetadataT()
        entry.name, entry.buffer = name, len(model.buffers)
        model.metadata.append(entry)
        model.buffers.append(_AlignedBuffer())
        model.buffers[-1].data = value
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), file_identifier=FILE_IDENTIFIER)
    return bytes(builder.Output())


def _tensor_map(name: str, index: int) -> schema.TensorMapT:
    entry = schema.TensorMapT()
    entry.name = name
    entry.tensorIndex = index
    return entry


_OPTIONS = {
    "ADD": "AddOptions",
    "CAST": "CastOptions",
    "CONCATENATION": "ConcatenationOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "GATHER": "GatherOptions",
    "GELU": "GeluOptions",
    "MEAN": "ReducerOptions",
    "MUL": "MulOptions",
    "PACK": "PackOptions",
    "REDUCE_MAX": "ReducerOptions",
    "SHAPE": "ShapeOptions",
    "SOFTMAX": "SoftmaxOptions",
    "SPLIT": "SplitOptions",
    "STRIDED_SLICE": "StridedSliceOptions",
    "SUB": "SubOptions",
    "SUM": "ReducerOptions",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTMOptions",
    "UNIDIRECTIONAL_SEQUENCE_RNN": "SequenceRNNOptions",
    "WHILE": "WhileOptions",
}
