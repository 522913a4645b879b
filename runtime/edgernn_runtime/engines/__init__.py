"""The table of engines, which run model files. A new engine is one new file and one row."""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from edgernn_runtime.buffer import Buffer
from edgernn_runtime.errors import BundleFormatError, EngineError, EngineMissingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class SlowEngineWarning(UserWarning):
    """A much slower engine runs the model, because the fast one is not installed."""


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
        """Release the model; the engine is not used afterwards."""


@runtime_checkable
class TextEngine(Engine, Protocol):
    """An engine that can also read texts, from any number of threads."""

    reads_text: bool

    def classify(self, text: bytes) -> tuple[int, list[float]]:
        """Return the number of the most probable label and the probability of each label.

        Args:
            text: UTF-8.

        Raises:
            EngineError: the engine failed.
        """

    def classify_batch(self, texts: Sequence[bytes]) -> list[tuple[int, list[float]] | EngineError]:
        """Return what `classify` returns for each of many texts, or its error.

        Args:
            texts: UTF-8, [N].

        Raises:
            EngineError: there is not enough memory.
        """


class EngineFactory(Protocol):
    """Opens a model file."""

    def __call__(self, model: Buffer, threads: int) -> Engine:
        """Return an engine that runs a model.

        Args:
            model: the model file's bytes.
            threads: number of threads for one call, at least 1.

        Raises:
            EngineError: the engine cannot run the model.
        """


@dataclass(frozen=True)
class EngineRow:
    """Where an engine is found.

    Attributes:
        module: the module with its class `Engine`.
        package: the package it needs, as it is imported.
        extra: the extra of edgernn-runtime that installs that package; "" if none is needed.
        title: its name in reports.
        is_fallback: whether it is much slower than the row before it.
    """

    module: str
    package: str
    extra: str
    title: str
    is_fallback: bool = False

    @property
    def distribution(self) -> str:
        """The name of the package for pip."""
        return self.package.replace("_", "-") if self.extra else "edgernn-runtime"


#: The engines of each model format; the first that is installed runs it.
ENGINES = {
    "tflite": (EngineRow("edgernn_runtime.engines.litert", "ai_edge_litert", "litert", "LiteRT"),),
    "onnx": (EngineRow("edgernn_runtime.engines.onnx", "onnxruntime", "onnx", "ONNX Runtime"),),
    "native": (
        EngineRow("edgernn_runtime.engines.native", "edgernn_runtime._native", "", "edgernn"),
        EngineRow(
            "edgernn_runtime.engines.numpy_reference", "numpy", "", "NumPy", is_fallback=True
        ),
    ),
}


def open_engine(model_format: str, model: Buffer, threads: int) -> Engine:
    """Return an engine with a model loaded.

    Args:
        model_format: a key of `ENGINES`.
        model: the model file's bytes.
        threads: number of threads for one call, at least 1.

    Raises:
        BundleFormatError: no engine is known for the format.
        EngineMissingError: the engine's package is not installed.
        EngineError: the package cannot be imported, or the engine refuses the model.
    """
    row = get_engine(model_format)
    factory: EngineFactory = _import(row).Engine
    if row.is_fallback:
        _warn_of_fallback()
    return factory(model, threads)


def get_engine(model_format: str) -> EngineRow:
    """Return the engine that runs a model format on this machine.

    Raises:
        BundleFormatError: no engine is known for the format.
        EngineMissingError: none of the known engines is installed.
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
        expected=f"the package {rows[0].distribution}",
        found="no such package",
        hint=f"pip install '{_requirement(rows[0])}'",
    )


def _import(row: EngineRow) -> ModuleType:
    try:
        return importlib.import_module(row.module)
    except Exception as error:  # a broken package may raise anything when it is imported
        reason = str(error).strip().splitlines() or ["no message"]
        raise EngineError(
            f"the engine {row.title} is installed but cannot be imported",
            expected=f"a package {row.distribution} that runs on this machine",
            found=f"{type(error).__name__}: {reason[0]}",
            hint=f"pip install --force-reinstall '{_requirement(row)}'",
        ) from error


def _requirement(row: EngineRow) -> str:
    return f"edgernn-runtime[{row.extra}]" if row.extra else "edgernn-runtime"


@cache  # once in a process
def _warn_of_fallback() -> None:
    warnings.warn(
        "the C engine of edgernn-runtime is not installed, and NumPy is about 70 times slower "
        "(10.5 ms against 0.15 ms for 200 tokens with examples/sentiment); install a C compiler, "
        "then, in the clone: pip install --force-reinstall ./runtime "
        "(after make quickstart: rm -r build/quickstart, then make quickstart)",
        SlowEngineWarning,
        # The caller of `load`.
        stacklevel=6,
    )
