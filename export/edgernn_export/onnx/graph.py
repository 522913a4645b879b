"""A builder of ONNX models: nodes, initializers and metadata of one graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

#: The first opset with LSTM, GRU and RNN in their current form; ONNX Runtime 1.6 and later read it,
#: in mobile and web builds too.
OPSET = 14
#: The IR version that came with opset 14.
IR_VERSION = 7
#: The domain of ONNX Runtime's own operators, for quantized LSTMs.
MICROSOFT_DOMAIN = "com.microsoft"

_ELEMENT_TYPE = {"int32": TensorProto.INT32, "float32": TensorProto.FLOAT}


class GraphBuilder:
    """Collects nodes and initializers; a value is identified by its name."""

    def __init__(self) -> None:
        """Start with an empty graph."""
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: list[onnx.TensorProto] = []
        self._names: set[str] = set()

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Add an initializer of any shape [...] and dtype (int, float), once for each name."""
        if name not in self._names:
            self._names.add(name)
            self._initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def integers(self, *values: int) -> str:
        """Add a constant int64 vector."""
        name = "integers_" + "_".join(map(str, values))
        return self.constant(name, np.array(values, dtype=np.int64))

    def scalar(self, value: float) -> str:
        """Add a constant scalar, int64 for an int, else float32."""
        dtype = np.int64 if isinstance(value, int) else np.float32
        return self.constant(f"scalar_{value!r}", np.array(value, dtype=dtype))

    def node(
        self,
        operator: str,
        inputs: Sequence[str],
        *,
        outputs: Sequence[str] | None = None,
        domain: str = "",
        **attributes: Any,
    ) -> str:
        """Add a node and return its first output that is not empty.

        Args:
            operator: the operator's name.
            inputs: names of values; "" for an omitted optional input.
            outputs: names of the outputs, "" for an omitted one; the default is one output, named
                after the operator and the node's number.
            domain: the operator's domain; "" is ONNX's own.
            attributes: the node's attributes.
        """
        if outputs is None:
            outputs = [f"{operator.lower()}_{len(self._nodes)}"]
        name = f"{operator}_{len(self._nodes)}"
        self._nodes.append(
            helper.make_node(operator, inputs, outputs, name=name, domain=domain, **attributes)
        )
        return next(output for output in outputs if output)

    def finish(
        self,
        inputs: Mapping[str, tuple[str, Sequence[int | str]]],
        outputs: Mapping[str, tuple[str, Sequence[int | str]]],
        metadata: Mapping[str, str],
        producer: str,
    ) -> bytes:
        """Return the model's bytes.

        Args:
            inputs: dtype and shape by name; a dimension that is a string is dynamic.
            outputs: the same for the outputs.
            metadata: the `metadata_props`.
            producer: the name of the tool.
        """
        graph = helper.make_graph(
            self._nodes,
            "edgernn",
            [_value(name, *spec) for name, spec in inputs.items()],
            [_value(name, *spec) for name, spec in outputs.items()],
            self._initializers,
        )
        opsets = [helper.make_opsetid("", OPSET)]
        if any(node.domain == MICROSOFT_DOMAIN for node in self._nodes):
            opsets.append(helper.make_opsetid(MICROSOFT_DOMAIN, 1))
        model = helper.make_model(graph, opset_imports=opsets, producer_name=producer)
        model.ir_version = IR_VERSION
        helper.set_model_props(model, dict(metadata))
        return bytes(model.SerializeToString(deterministic=True))


def _value(name: str, dtype: str, shape: Sequence[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, _ELEMENT_TYPE[dtype], shape)
