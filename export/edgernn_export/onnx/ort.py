"""The `.ort` flavour of an `.onnx` file, by ONNX Runtime's own converter, for its mobile builds."""

from __future__ import annotations

import tempfile
from pathlib import Path

from edgernn_export.errors import UnsupportedModelError
from edgernn_export.silence import quiet

#: The name of the model in a bundle.
MODEL = "model.ort"
#: The list of operators that a reduced build of ONNX Runtime must hold for the model.
OPERATORS = "required_operators.config"


def convert(model: bytes) -> tuple[bytes, bytes]:
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
            with quiet():
                convert_onnx_models_to_ort(path, optimization_styles=[OptimizationStyle.Fixed])
        except Exception as error:  # The tool raises what the session raises, as many types.
            raise UnsupportedModelError(
                "ONNX Runtime's converter cannot make an .ort file of this model",
                found=str(error)[:300],
                hint="leave out --ort",
            ) from error
        config = path.with_suffix(f".{OPERATORS}").read_text()
        # Its first lines name the folder it was made in.
        lines = [line for line in config.splitlines() if not line.startswith("#")]
        return path.with_suffix(".ort").read_bytes(), "\n".join([*lines, ""]).encode()
