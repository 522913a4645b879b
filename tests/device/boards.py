"""Boards without an operating system that QEMU emulates, and programs of a C folder on them.

python -m tests.device.boards FOLDER [BOARD...]

FOLDER is written by `edgernn export --format c`. For each board it prints what a prediction takes.
Needs the Debian packages of `PACKAGES`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PACKAGES = (
    "gcc-arm-none-eabi libnewlib-arm-none-eabi gcc-riscv64-unknown-elf "
    "picolibc-riscv64-unknown-elf qemu-system-arm qemu-system-misc"
)
HERE = Path(__file__).parent / "board"
LIBRARY = Path(__file__).resolve().parents[2] / "runtime" / "libedgernn"
_ARM = ("arm-none-eabi-gcc", "qemu-system-arm")
_RISCV = ("riscv64-unknown-elf-gcc", "qemu-system-riscv32")
_HARD = ("-mfloat-abi=hard",)


@dataclass(frozen=True)
class Board:
    """A board: its core as the compiler calls it, and its memory as the emulator has it.

    Attributes:
        vectors: the address of the first instruction or the table of vectors.
        flash, ram: the address and bytes of each.
    """

    name: str
    core: str
    machine: str
    options: tuple[str, ...]
    flash: tuple[int, int]
    ram: tuple[int, int]
    vectors: int
    tools: tuple[str, str] = _ARM

    @property
    def compiler(self) -> tuple[str, ...]:
        """The command of the compiler."""
        if self.tools is _RISCV:
            return (self.tools[0], "--specs=picolibc.specs", *self.options)
        return (self.tools[0], "--specs=nano.specs", f"-mcpu={self.core}", "-mthumb", *self.options)


_MB = 1 << 20
_MPS2 = {"flash": (0, 4 * _MB), "ram": (0x20000000, 4 * _MB), "vectors": 0}
BOARDS = (
    Board("Cortex-M0", "cortex-m0", "mps2-an385", (), **_MPS2),
    Board("Cortex-M3", "cortex-m3", "mps2-an385", (), **_MPS2),
    Board("Cortex-M4F", "cortex-m4", "mps2-an386", (*_HARD, "-mfpu=fpv4-sp-d16"), **_MPS2),
    Board("Cortex-M7", "cortex-m7", "mps2-an500", (*_HARD, "-mfpu=fpv5-sp-d16"), **_MPS2),
    Board(
        "Cortex-M33",
        "cortex-m33",
        "mps2-an505",
        (*_HARD, "-mfpu=fpv5-sp-d16"),
        (0x10000000, 4 * _MB),
        (0x38000000, 2 * _MB),
        0x10000000,
    ),
    Board(
        "Cortex-M55",
        "cortex-m55",
        "mps3-an547",
        _HARD,
        (0x01000000, 2 * _MB),
        (0x60000000, 4 * _MB),
        0,
    ),
    Board(
        "rv32imac",
        "rv32imac",
        "virt",
        ("-march=rv32imac", "-mabi=ilp32", "-mno-relax"),
        (0x80000000, 4 * _MB),
        (0x80400000, 4 * _MB),
        0x80000000,
        _RISCV,
    ),
    Board("micro:bit", "cortex-m0", "microbit", (), (0, 256 << 10), (0x20000000, 16 << 10), 0),
)

_SCRIPT = """
MEMORY {{ START (rx) : ORIGIN = {vectors}, LENGTH = {start}
  FLASH (rx) : ORIGIN = {flash[0]} + {skip}, LENGTH = {flash[1]} - {skip}
  RAM (rwx) : ORIGIN = {ram[0]}, LENGTH = {ram[1]} }}
ENTRY(reset)
SECTIONS {{
  .vectors : {{ KEEP(*(.vectors)) }} > START
  .text : {{ *(.text*) *(.rodata*) *(.srodata*) . = ALIGN(8); }} > FLASH
  .ARM.extab : {{ *(.ARM.extab*) }} > FLASH
  .ARM.exidx : {{ __exidx_start = .; *(.ARM.exidx*) __exidx_end = .; }} > FLASH
  .data : {{ data_start = .; *(.data*) __global_pointer$ = .; *(.sdata*) . = ALIGN(8); data_end = .; }}
    > RAM AT > FLASH
  data_load = LOADADDR(.data);
  .bss (NOLOAD) : {{ bss_start = .; *(.sbss*) *(.bss*) *(COMMON) . = ALIGN(8); bss_end = .; }} > RAM
  end = .;
  stack_bottom = .;
  stack_top = ORIGIN(RAM) + LENGTH(RAM);
}}
"""
_VECTOR_BYTES = 256
#: Bytes of memory for an open model and its scratch, on a large board and on the micro:bit.
POOL, MICROBIT_POOL = _MB, 12 << 10


def missing_tools(board: Board) -> list[str]:
    """Return the programs that a board needs and that are not installed."""
    return [tool for tool in board.tools if shutil.which(tool) is None]


def build(board: Board, sources: list[Path], out: Path, *options: str) -> Path:
    """Compile a program, and return its image.

    Raises:
        subprocess.CalledProcessError: the compiler prints an error or a warning.
    """
    skip = _VECTOR_BYTES if board.vectors == board.flash[0] else 0
    script = out.with_suffix(".ld")
    script.write_text(
        _SCRIPT.format(
            vectors=board.vectors, start=_VECTOR_BYTES, flash=board.flash, ram=board.ram, skip=skip
        )
    )
    flags = ("-O2", "-Wall", "-Werror", "-ffunction-sections", "-fdata-sections", f"-I{HERE}")
    link = ("-Wl,--gc-sections", "-nostartfiles", "-T", str(script), f"-Wl,-Map={out}.map")
    files = (*sources, HERE / "startup.c")
    command = [*board.compiler, *flags, *options, *map(str, files), "-lm", *link, "-o", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    return out


def run(board: Board, image: Path, seconds: float = 300) -> str:
    """Return what a program prints.

    Raises:
        subprocess.CalledProcessError: it ends with another status than 0.
    """
    command = [
        board.tools[1],
        *("-M", board.machine, "-kernel", str(image), "-icount", "shift=0", "-nographic"),
        *("-semihosting-config", "enable=on,target=native"),
        *(("-bios", "none") if board.tools is _RISCV else ()),
    ]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    return done.stdout or done.stderr


def measure(board: Board, folder: Path, most_ids: int, pool: int) -> dict[str, int | str]:
    """Replay a folder's test vectors on a board, and return what it printed and its sizes.

    Args:
        folder: of `edgernn export --format c`, with the name `model`.
        most_ids: the ids of the longest text.
        pool: the bytes of memory for the open model and its scratch.
    """
    with tempfile.TemporaryDirectory() as place:
        source = folder / "src"
        model = [source / "model.c", source / "edgernn.c"]
        options = (f"-I{source}", f"-I{folder}", f"-DPOOL={pool}", f"-DMOST={most_ids}")
        sources = [HERE / "check.c", folder / "model_vectors.c", *model]
        image = build(board, sources, Path(place) / "check", *options)
        kernels, *lines = run(board, image).splitlines()
        found: dict[str, int | str] = {"board": board.name, "kernels": kernels}
        for line in lines:
            name, number = line.split()
            found[name] = int(number)
        least = build(
            board, [HERE / "classify.c", *model], Path(place) / "classify", "-Os", *options
        )
        found["flash"] = _flash_bytes(board, least)
        found["model"] = int(re.search(r"model_size = (\d+)", (source / "model.c").read_text())[1])
        run(board, least)
    ticks = int(found["ticks_40"]) - int(found["ticks_20"])
    found["instructions"] = round(ticks / 20 * 200_000 / int(found["spin"]))
    return found


def _flash_bytes(board: Board, image: Path) -> int:
    """Return the bytes of code and data of an image."""
    size = board.tools[0].removesuffix("gcc") + "size"
    done = subprocess.run([size, image], capture_output=True, text=True, check=True)
    text, data = done.stdout.splitlines()[-1].split()[:2]
    return int(text) + int(data)


def main() -> None:
    """Print what a prediction of a folder's model takes on boards."""
    folder, *names = sys.argv[1:]
    for board in BOARDS:
        if names and board.name not in names:
            continue
        if missing := missing_tools(board):
            print(f"{board.name}: {', '.join(missing)} missing; apt-get install {PACKAGES}")
            continue
        pool = MICROBIT_POOL if board.machine == "microbit" else POOL
        try:
            print(measure(board, Path(folder), 400, pool))
        except subprocess.CalledProcessError as error:
            print(f"{board.name}: {(error.stderr or error.stdout or '')[-1500:]}")


if __name__ == "__main__":
    main()
