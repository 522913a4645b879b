"""The cold start of a process: imports, first prediction and memory, beside those of Keras.

python benchmarks/startup.py [--model model]

Each row is the median of nine fresh processes, which take turns (three of Keras); memory is the
peak of the process. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

_TIMES = 9
#: Prints the seconds since the interpreter was up, and the peak memory in KB.
_TAIL = """
import json, resource
print(json.dumps([time.perf_counter() - start, resource.getrusage(0).ru_maxrss]))
"""
_HEAD = "import time\nstart = time.perf_counter()\n"


def main() -> None:
    """Print a row for each kind of process."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, default=Path("model"))
    model = parser.parse_args().model
    predict = "import edgernn_runtime\nedgernn_runtime.load({!r}).predict('a film to remember')\n"
    programs = {
        "import numpy": "import numpy\n",
        "import edgernn_runtime": "import edgernn_runtime\n",
        "import ai_edge_litert": "import numpy\nimport ai_edge_litert.interpreter\n",
        "LiteRT: first prediction": predict.format(str(model / "tflite-int8.edgernn")),
        "import onnxruntime": "import numpy\nimport onnxruntime\n",
        "ONNX Runtime: first prediction": predict.format(str(model / "onnx-int8.edgernn")),
        "C engine: first prediction": predict.format(str(model / "native-int8.edgernn")),
    }
    samples: dict[str, list[tuple[float, int]]] = {name: [] for name in programs}
    for _ in range(_TIMES):
        for name, program in programs.items():
            samples[name].append(_measured(program))
    keras = (
        "import os\nos.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'\n"
        "import keras\nimport tensorflow as tf\n"
        f"model = keras.saving.load_model({str(model / 'model.keras')!r}, compile=False)\n"
        "model.predict(tf.constant(['a film to remember']), verbose=0)\n"
    )
    samples["Keras: first prediction"] = [_measured(keras) for _ in range(3)]
    print("| process | ms | peak MB |\n|---|---:|---:|")
    for name, found in samples.items():
        seconds, kilobytes = (statistics.median(values) for values in zip(*found, strict=True))
        print(f"| {name} | {1000 * seconds:.0f} | {kilobytes / 1000:.0f} |")


def _measured(program: str) -> tuple[float, int]:
    command = [sys.executable, "-c", _HEAD + program + _TAIL]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, kilobytes = json.loads(done.stdout.splitlines()[-1])
    return seconds, kilobytes


if __name__ == "__main__":
    main()
