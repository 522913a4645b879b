"""A builder of TFLite flatbuffers: tensors, constants and operators of one subgraph.

Source of the format: `schema.fbs` of TensorFlow Lite, schema version 3, through the classes that
are generated from it and shipped with ai-edge-litert.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    "int32": schema.TensorType.INT32,
    "int8": schema.TensorType.INT8,
}


class _AlignedBuffer(schema.BufferT):  # type: ignore[misc]
    """A buffer whose data starts at a multiple of 16 bytes; the generated class ignores that."""

    def Pack(self, builder: flatbuffers.Builder) -> int:
        data = None
        if self.data:
            builder.StartVector(1, len(self.data), BUFFER_ALIGNMENT)
            builder.head -= len(self.data)
            builder.Bytes[builder.head : builder.head + len(self.data)] = self.data
            data = builder.EndVector()
        schema.BufferStart(builder)
        if data is not None:
            schema.BufferAddData(builder, data)
        return int(schema.BufferEnd(builder))


class GraphBuilder:
    """Collects the tensors and operators of one subgraph; -1 in a shape is a dynamic dimension."""

    def __init__(self) -> None:
        """Start with no tensor and no operator."""
        self._model = schema.ModelT()
        self._model.version = SCHEMA_VERSION
        self._model.operatorCodes = []
        self._model.metadata = []
        self._model.buffers = [_AlignedBuffer()]
        self._graph = schema.SubGraphT()
        self._graph.name = "main"
        self._graph.tensors = []
        self._graph.operators = []
        self._code_of: dict[tuple[int, int], int] = {}

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        dtype: str = "float32",
        *,
        scale: float | None = None,
        is_variable: bool = False,
        buffer: int = 0,
    ) -> int:
        """Add a tensor and return its index.

        Args:
            name: unique name.
            shape: its dimensions; -1 for one that is known at run time only.
            dtype: float32, float16, int32 or int8.
            scale: the scale of a quantized tensor, its zero point being 0.
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
            tensor.quantization.zeroPoint = [0]
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def constant(self, name: str, value: NDArray[Any], *, scale: float | None = None) -> int:
        """Add a constant tensor with the array's dtype and shape, and return its index."""
        buffer = self._buffer(np.ascontiguousarray(value).tobytes())
        return self.tensor(name, value.shape, str(value.dtype), scale=scale, buffer=buffer)

    def operator(
        self,
        name: str,
        inputs: Sequence[int],
        output: int,
        *,
        version: int = 1,
        **options: object,
    ) -> int:
        """Add an operator and return its output.

        Args:
            name: the operator in the schema's spelling, such as `FULLY_CONNECTED`.
            inputs: tensor indices; `NO_TENSOR` for an optional input that is left out.
            output: the tensor it writes.
            version: the operator's version.
            options: the fields of its options in the schema's Python spelling.
        """
        operator = schema.OperatorT()
        operator.opcodeIndex = self._code(getattr(schema.BuiltinOperator, name), version)
        operator.inputs = list(inputs)
        operator.outputs = [output]
        options_name = _OPTIONS.get(name)
        if options_name is not None:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options_name)
            operator.builtinOptions = getattr(schema, options_name + "T")()
            for field, value in options.items():
                setattr(operator.builtinOptions, field, value)
        self._graph.operators.append(operator)
        return output

    def metadata(self, name: str, value: bytes) -> None:
        """Add a named piece of metadata to the file."""
        entry = schema.MetadataT()
        entry.name = name
        entry.buffer = self._buffer(value)
        self._model.metadata.append(entry)

    def finish(self, inputs: dict[str, int], outputs: dict[str, int], description: str) -> bytes:
        """Return the file's bytes, with the tensors named in the signature `serving_default`."""
        self._graph.inputs = list(inputs.values())
        self._graph.outputs = list(outputs.values())
        signature = schema.SignatureDefT()
        signature.signatureKey = "serving_default"
        signature.subgraphIndex = 0
        signature.inputs = [_tensor_map(*item) for item in inputs.items()]
        signature.outputs = [_tensor_map(*item) for item in outputs.items()]
        self._model.subgraphs = [self._graph]
        self._model.signatureDefs = [signature]
        self._model.description = description
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(self._model.Pack(builder), file_identifier=FILE_IDENTIFIER)
        return bytes(builder.Output())

    def _buffer(self, data: bytes) -> int:
        buffer = _AlignedBuffer()
        buffer.data = data
        self._model.buffers.append(buffer)
        return len(self._model.buffers) - 1

    def _code(self, builtin: int, version: int) -> int:
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


def _tensor_map(name: str, index: int) -> schema.TensorMapT:
    entry = schema.TensorMapT()
    entry.name = name
    entry.tensorIndex = index
    return entry


_OPTIONS = {
    "ADD": "AddOptions",
    "CONCATENATION": "ConcatenationOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "GATHER": "GatherOptions",
    "MUL": "MulOptions",
    "SOFTMAX": "SoftmaxOptions",
    "STRIDED_SLICE": "StridedSliceOptions",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTMOptions",
}
