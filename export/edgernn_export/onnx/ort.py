"""The variant `ort`: an `.onnx` file made an `.ort` file by ONNX Runtime's own converter."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from edgernn_export.errors import ModelStatsError, UnsupportedModelError
from edgernn_export.recipes import Recipe
from edgernn_export.silence import silence
from edgernn_export.stages import LoweredFile

#: The name of the model in a bundle.
MODEL = "model.ort"
#: The list of operators that a reduced build of ONNX Runtime must include for the model.
OPERATORS = "required_operators.config"
#: How much larger an .ort file may be than its .onnx file: a factor, and bytes.
_MAX_GROWTH, _STRUCTURE_BYTES = 1.05, 50_000


def convert(lowered: LoweredFile, recipe: Recipe) -> LoweredFile:
    """Return the `.ort` variant of an `.onnx` file.

    Raises:
        UnsupportedModelError: the converter fails.
        ModelStatsError: the converter widens the weights to float32.
    """
    (data,) = lowered.members.values()
    model, operators = convert_bytes(data)
    if len(model) > _MAX_GROWTH * len(data) + _STRUCTURE_BYTES:
        raise ModelStatsError(
            f"ONNX Runtime's converter does not keep the recipe {recipe.name} in an .ort file",
            expected=f"about the {len(data):,} bytes of the .onnx file",
            found=f"{len(model):,} bytes, with float32 weights",
            hint="leave out --ort, or export an LSTM with --quantize int8",
        )
    return replace(lowered, model=MODEL, members={MODEL: model, OPERATORS: operators})


def convert_bytes(model: bytes) -> tuple[bytes, bytes]:
    """Return an `.onnx` file as an `.ort` file, and its operator configuration.

    Raises:
        UnsupportedModelError: the converter fails.
    """
    from onnxruntime.tools.convert_onnx_models_to_ort import (
        OptimizationStyle,
        convert_onnx_models_to_ort,
    )

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(model)
        try:
            with silence():
                convert_onnx_models_to_ort(path, optimization_styles=[OptimizationStyle.Fixed])
        except Exception as error:  # The tool passes on every exception type of the session.
            raise UnsupportedModelError(
                "ONNX Runtime's converter cannot make an .ort file of this model",
                found=str(error)[:300],
                hint="leave out --ort",
            ) from error
        config = path.with_suffix(f".{OPERATORS}").read_text()
        # The first lines name the temporary folder.
        lines = [line for line in config.splitlines() if not line.startswith("#")]
        return path.with_suffix(".ort").read_bytes(), "\n".join([*lines, ""]).encode()
