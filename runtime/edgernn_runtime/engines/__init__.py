"""Engines: what runs a model file. A new one is one new file and one row in the table."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgernn_runtime.bundle import Buffer
from edgernn_runtime.errors import BundleFormatError, EngineMissingError


class Engine(Protocol):
    """Runs one model. An engine is used by one thread at a time."""

    def run(self, ids: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the model's output for one text.

        Args:
            ids: int32 [T], T at least 1.

        Returns:
            float32 [C], C being the number of the model's outputs.

        Raises:
            EngineError: the engine failed.
        """

    def close(self) -> None:
        """Let go of the model; the engine is not used after it."""


class EngineFactory(Protocol):
    """Opens a model file's bytes."""

    def __call__(self, model: Buffer, threads: int) -> Engine:
        """Return an engine that runs the model on that many threads.

        Raises:
            EngineError: the model is not one that the engine can run.
        """


@dataclass(frozen=True)
class EngineRow:
    """Where an engine is found.

    Attributes:
        module: the module that holds its class `Engine`.
        package: the package it needs, as it is imported.
        extra: the extra of edgernn-runtime that installs that package.
        title: its name for people.
    """

    module: str
    package: str
    extra: str
    title: str


#: The engines of each model format, the first one that is installed being used.
ENGINES = {
    "tflite": (EngineRow("edgernn_runtime.engines.litert", "ai_edge_litert", "litert", "LiteRT"),),
    "onnx": (EngineRow("edgernn_runtime.engines.onnx", "onnxruntime", "onnx", "ONNX Runtime"),),
    "native": (
        EngineRow("edgernn_runtime.engines.native", "edgernn_runtime._native", "", "edgernn"),
        EngineRow("edgernn_runtime.engines.plain", "numpy", "", "NumPy"),
    ),
}


def open_engine(model_format: str, model: Buffer, threads: int) -> Engine:
    """Return the engine for a model format, with the model loaded.

    Args:
        model_format: a key of `ENGINES`.
        model: the model file's bytes.
        threads: threads that one call may use.

    Raises:
        BundleFormatError: no engine is known for the format.
        EngineMissingError: its package is not installed.
        EngineError: the model is not one that the engine can run.
    """
    factory: EngineFactory = importlib.import_module(engine_of(model_format).module).Engine
    return factory(model, threads)


def engine_of(model_format: str) -> EngineRow:
    """Return the engine that runs a model format here.

    Raises:
        BundleFormatError: no engine is known for the format.
        EngineMissingError: none of those known is installed.
    """
    rows = ENGINES.get(model_format)
    if rows is None:
        raise BundleFormatError(
            "no engine runs this model format",
            expected=" | ".join(ENGINES),
            found=repr(model_format),
            hint="pip install --upgrade edgernn-runtime",
        )
    for row in rows:
        if importlib.util.find_spec(row.package) is not None:
            return row
    raise EngineMissingError(
        f"the engine {rows[0].title} is not installed",
        expected=f"the package {rows[0].package.replace('_', '-')}",
        found="none",
        hint=f"pip install 'edgernn-runtime[{rows[0].extra}]'",
    )
