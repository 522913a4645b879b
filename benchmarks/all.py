"""Run the benchmarks, keep their output, and update the figures of the README and the docs.

python benchmarks/all.py DATA TRAINED [--model model] [--only NAME ...]

DATA is the folder of data sets and TRAINED the folder of trained models, as for `trained.py`. If a
benchmark fails, its earlier result is kept and the exit status is 1.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from pathlib import Path

import figures

from edgernn_runtime.machine import environment

_NAMES = {"data": "DATA", "trained": "TRAINED", "model": "model"}
_PACKAGES = ("tensorflow", "keras", "ai-edge-litert", "onnxruntime", "numpy")


#: The command of each benchmark; `{model}`, `{data}` and `{trained}` are the folders.
BENCHMARKS = {
    "speed": "python benchmarks/speed.py --model {model}",
    "native": "python benchmarks/native.py --model {model}",
    "batch": "python benchmarks/batch.py {data}/imdb/test.csv.gz --model {model}",
    "short": "python benchmarks/short.py",
    "kernels": "python benchmarks/kernels.py --model {model}",
    "peers": "python benchmarks/peers.py --model {model}",
    "imdb": "python benchmarks/imdb_official.py {data}/imdb/test.csv.gz --model {model}",
    "trained": "python benchmarks/trained.py {data} --out {trained}",
    "baselines": "python benchmarks/baselines.py {data} {trained}",
    "curve": "python benchmarks/curve.py {data}",
    "cells": "python benchmarks/cells.py",
    "startup": "python benchmarks/startup.py --model {model}",
    "tokenizer": "python benchmarks/tokenizer_rate.py --model {model}",
    "endurance": "python benchmarks/endurance.py {model}/tflite-int8.edgernn",
    "bindings": "python -m benchmarks.bindings",
    "java": "python benchmarks/binding_java.py",
    "javascript": "python benchmarks/javascript.py --model {model}",
    "installed": "python benchmarks/installed_size.py --model {model}",
    "lowering": "python benchmarks/lowering.py",
    "imbalance": "python benchmarks/imbalance.py {data}",
    "published": "python benchmarks/published.py {data}",
    "boards": "python benchmarks/boards.py",
    "crosscheck": "python benchmarks/crosscheck.py --model {model}",
}


def main() -> int:
    """Run the selected benchmarks; return 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("trained", type=Path)
    parser.add_argument("--model", type=Path, default=Path("model"))
    parser.add_argument("--only", choices=BENCHMARKS, nargs="*")
    options = parser.parse_args()
    folders = {name: str(getattr(options, name)) for name in ("data", "trained", "model")}
    failed = [
        name
        for name, command in BENCHMARKS.items()
        if (not options.only or name in options.only) and not _run(name, command, folders)
    ]
    figures.main()
    print(f"failed: {', '.join(failed)}" if failed else "all figures are from this run")
    return 1 if failed else 0


def _without_folders(text: str, folders: dict[str, str]) -> str:
    """Return the text with the folders replaced by the names of the arguments."""
    for name, folder in folders.items():
        text = text.replace(folder, _NAMES[name])
    return text


def _run(name: str, command: str, folders: dict[str, str]) -> bool:
    print(name, flush=True)
    _, *arguments = shlex.split(command.format(**folders))
    done = subprocess.run(
        [sys.executable, *arguments], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode != 0:
        return False
    result = {
        "command": command.format(**_NAMES).replace(" --model model", ""),
        "environment": environment(_PACKAGES),
        "printed": _without_folders(done.stdout, folders).strip().splitlines(),
    }
    figures.RESULTS.mkdir(exist_ok=True)
    path = figures.RESULTS / f"{name}.json"
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return True


if __name__ == "__main__":
    sys.exit(main())
