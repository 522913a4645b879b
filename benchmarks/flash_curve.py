"""Accuracy by flash on a microcontroller: the preset `tiny` with 32, 64, 96 and 128 KB.

python benchmarks/flash_curve.py DATA [--only NAME ...] [--flash 32,64,96,128] [--seeds 1]
    [--out FOLDER]

Trains with the largest model that each size leaves beside the engine, exports to int8 as a folder
of C, and classifies the test table with the folder's program on an emulated Cortex-M4 with an FPU,
once. Nothing is chosen on a test table. Flash is that of a program that only classifies, compiled
without what the model does not need; RAM is the open model and the scratch of a text of 32 tokens.
Prints Markdown; keeps each run in FOLDER and does not repeat it. Needs gcc-arm-none-eabi
libnewlib-arm-none-eabi qemu-system-arm.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from presets import DATA_SETS, jsonl, read_rows

import edgernn
from edgernn.data.rows import Rows
from edgernn.training.options import PRESETS, Preset

SIZES = (32, 64, 96, 128)
#: Bytes of flash for the engine, the C library's functions and the start-up code.
_ENGINE = 21_000
_ROOT = Path(__file__).parents[1]
_PROGRAMS = _ROOT / "benchmarks" / "microcontrollers"
_CORE = ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-std=gnu99", "-Os")
_LINK = ("-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections", "-nostartfiles")
#: What the folder leaves to the program; edgernn_config.h has what the model does not need.
_LEFT_OUT = ("BATCH", "HEAP", "EXPLAIN", "MESSAGES")


@dataclass(frozen=True)
class Run:
    """A model on the test table.

    Attributes:
        data: the data set.
        size: the flash that it was trained for, in KB.
        seed: the seed, of the split too.
        sizes: vocabulary, buckets and units.
        model: bytes of `model.bin`.
        flash: bytes of model and engine.
        ram: bytes of the open model and of the scratch of 32 tokens.
        validation: accuracy on the tenth that was set aside.
        accuracy: on the test table, on the emulated processor.
    """

    data: str
    size: int
    seed: int
    sizes: str
    model: int
    flash: int
    ram: tuple[int, int]
    validation: float
    accuracy: float


def main() -> None:
    """Run what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", nargs="*", choices=DATA_SETS, default=["sms_spam", "trec6"])
    parser.add_argument("--flash", default=",".join(map(str, SIZES)))
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--out", type=Path, default=Path("flash_curve"))
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)
    print("| data | flash for | seed | sizes | model.bin | flash | RAM | validation | test |")
    print("|---|---:|---:|---|---:|---:|---:|---:|---:|")
    for size in map(int, options.flash.split(",")):
        for data in options.only:
            for seed in map(int, options.seeds.split(",")):
                print(_row(_run(options.data, options.out, data, size, seed)), flush=True)


def _row(run: Run) -> str:
    cells = (
        *(run.data, f"{run.size} KB", str(run.seed), run.sizes, f"{run.model:,}", f"{run.flash:,}"),
        " + ".join(f"{part:,}" for part in run.ram),
        *(f"{100 * run.validation:.1f}", f"{100 * run.accuracy:.1f}"),
    )
    return "| " + " | ".join(cells) + " |"


def _preset(size: int) -> Preset:
    """Return `tiny` for a size of flash; above 64 KB its vocabulary and buckets may be larger."""
    tiny = PRESETS["tiny"]
    if size == 64 or tiny.wide is None:
        return tiny
    text = replace(tiny.text, vocabulary_size=10_000)
    wide = replace(tiny.wide, buckets=4 * tiny.wide.buckets)
    return replace(tiny, text=text, wide=wide, max_model=1024 * size - _ENGINE)


def _run(folder: Path, out: Path, data: str, size: int, seed: int) -> Run:
    kept = out / f"{data}-{size}-{seed}.json"
    if kept.is_file():
        return Run(**json.loads(kept.read_text()))
    train, test = (read_rows(folder / part) for part in DATA_SETS[data])
    preset = _preset(size)
    preset = replace(preset, training=replace(preset.training, seed=seed))
    notes: list[str] = []
    with tempfile.TemporaryDirectory() as temporary:
        table = jsonl(Path(temporary) / "train.jsonl", train)
        model = out / f"{data}-{size}-{seed}"
        done = edgernn.train(table, model, preset=preset, overwrite=True, note=notes.append)
        export = edgernn.export(
            model, Path(temporary) / "c", format="c", quantize="int8", overwrite=True
        )
        accuracy = _accuracy(export.path, test, Path(temporary))
        run = Run(
            data,
            size,
            seed,
            next(note.partition(": ")[2] for note in notes if note.startswith("sizes for")),
            _model_bytes(export.path),
            _flash(export.path, Path(temporary)),
            _ram(export.path, Path(temporary)),
            done.scores.accuracy,
            accuracy,
        )
    kept.write_text(json.dumps(asdict(run)))
    return run


def _model_bytes(folder: Path) -> int:
    """Return the bytes of `model.bin`, with the vocabulary."""
    found = re.search(r"model_size = (\d+);", (folder / "src" / "model.c").read_text())
    assert found
    return int(found[1])


def _compile(folder: Path, source: Path, image: Path, *flags: str) -> Path:
    files = [
        _PROGRAMS / "startup.c",
        source,
        folder / "src" / "model.c",
        folder / "src" / "edgernn.c",
    ]
    command = ["arm-none-eabi-gcc", *_CORE, *_LINK, *flags, f"-I{folder / 'src'}", f"-I{folder}"]
    command += ["-T", _PROGRAMS / "memory.ld", *files, "-lm", "-o", image]
    subprocess.run(command, check=True)
    return image


def _emulate(image: Path, text: str) -> str:
    command = ["qemu-system-arm", "-M", "mps2-an386", "-nographic", "-kernel", image]
    command += ["-semihosting-config", "enable=on,target=native"]
    done = subprocess.run(command, input=text, check=True, capture_output=True, text=True)
    return done.stdout


def _flash(folder: Path, temporary: Path) -> int:
    flags = [f"-DEDGERNN_WITHOUT_{part}" for part in _LEFT_OUT]
    flags += ["--specs=nosys.specs"]
    image = _compile(folder, _PROGRAMS / "minimal.c", temporary / "minimal", *flags)
    command = ["arm-none-eabi-size", image]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    text, data = int(found[6]), int(found[7])
    return text + data


def _ram(folder: Path, temporary: Path) -> tuple[int, int]:
    source, image = _PROGRAMS / "memory.c", temporary / "memory"
    opened, text = _emulate(_compile(folder, source, image, "--specs=rdimon.specs"), "").split()
    return int(opened), int(text)


def _accuracy(folder: Path, test: Rows, temporary: Path) -> float:
    image = _compile(folder, folder / "main.c", temporary / "main", "--specs=rdimon.specs")
    # A line break is white space for the tokenizer, as a space is.
    lines = "".join(" ".join(text.splitlines()) + "\n" for text in test.texts)
    found = [line.partition("\t")[0] for line in _emulate(image, lines).splitlines()]
    return float(np.mean([a == b for a, b in zip(found, test.labels, strict=True)]))


if __name__ == "__main__":
    main()
