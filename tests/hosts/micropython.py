"""The MicroPython hosts: edgernn.mpy in the port to Unix, and on an emulated Cortex-M4.

The module reads a model.bin, so that lines of bundles of version 1, and those of broken bundles, are left
out. MPY_DIR names the sources of MicroPython 1.23 or later; `micropython` is a build of its port to Unix.
"""

from __future__ import annotations

import functools
import os
import shutil
import struct
import subprocess
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

from runtime.tools.micropython import build, find_missing

HOSTS = Path(__file__).parent
SCRIPTS = HOSTS / "micropython"
BOARD = HOSTS.parent / "device" / "micropython"
MACHINE = "mps2-an386"
#: Control characters of MicroPython's raw REPL: enter it, and end of a script.
ENTER, END = b"\x01", b"\x04"
#: Bytes of a file that a board gets at once.
_PIECE = 8192


def missing(arch):
    """Return the reason why a host cannot run, or an empty text."""
    reason = find_missing(arch)
    if reason:
        return reason
    program = "micropython" if arch == "x64" else "qemu-system-arm"
    has = shutil.which(program) is not None
    return "" if has else f"{program} is not installed"


@functools.cache
def calls(part):
    """Return the calls of `replay` for a part of the corpus: one for each model."""
    lines = {}
    for line in (HOSTS / f"{part}.txt").read_text().splitlines():
        bundle, _, rest = line.partition(" ")
        lines.setdefault(bundle, []).append(rest)
    found = []
    for bundle, rest in lines.items():
        data = zipfile.ZipFile(HOSTS / "bundles" / bundle).read("model.bin")
        (version,) = struct.unpack_from("<I", data, 8)
        if version != 1:
            found.append(f"replay({part!r}, binascii.unhexlify({data.hex()!r}), {rest!r})\n")
    return found


def _sum(output):
    """Return a line for each part of the lines of all models."""
    counts, passed = Counter(), Counter()
    for part, count, good in map(str.split, output.splitlines()):
        counts[part] += int(count)
        passed[part] += int(good)
    return "".join(f"{part} {counts[part]} {passed[part]}\n" for part in counts)


def run_script(script, folder):
    """Run a script in the port to Unix, with the module in the folder, and return what it prints."""
    path = Path(folder) / "script.py"
    path.write_text(script)
    shutil.copy(build("x64"), folder)
    done = subprocess.run(
        ["micropython", "-X", "heapsize=16M", path],
        cwd=folder,
        env=os.environ | {"MICROPYPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run_unix():
    script = (SCRIPTS / "replay.py").read_text()
    with tempfile.TemporaryDirectory() as folder:
        return _sum(run_script(script + "".join(calls("predictions") + calls("tokens")), folder))


@functools.cache
def firmware():
    """Build MicroPython for the emulated board and return the file."""
    output = build("armv7emsp").parent / "board"
    folder = Path(os.environ["MPY_DIR"])
    for command in (
        ["make", "-C", folder / "mpy-cross"],
        ["make", "-C", folder / "ports" / "qemu", "BOARD=MPS2_AN386", f"BOARD_DIR={BOARD}",
         f"BUILD={output}", "FROZEN_MANIFEST="],
    ):  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return output / "firmware.elf"


class Board:
    """MicroPython on an emulated board, with the module in its memory."""

    def __enter__(self):
        command = ["qemu-system-arm", "-machine", MACHINE, "-nographic", "-monitor", "null"]
        self._process = subprocess.Popen(
            [*command, "-semihosting", "-kernel", firmware()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._send(ENTER)
        self._read(b"raw REPL; CTRL-B to exit\r\n>")
        self.run((SCRIPTS / "mount.py").read_text() + "data = bytearray()")
        module = build("armv7emsp").read_bytes()
        for start in range(0, len(module), _PIECE):
            self.run(f"data += bytes.fromhex({module[start : start + _PIECE].hex()!r})")
        self.run("memory.files['edgernn.mpy'] = data")
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.communicate()

    def run(self, script):
        """Run a script and return what it prints."""
        self._send(script.encode() + END)
        self._read(b"OK")
        output, error = self._read(END), self._read(END)
        self._read(b">")
        assert not error, error.decode()
        return output.decode().replace("\r\n", "\n")

    def _send(self, data):
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def _read(self, end):
        """Return the output in front of an end."""
        found = b""
        while not found.endswith(end):
            byte = self._process.stdout.read(1)
            assert byte, found.decode(errors="replace")
            found += byte
        return found.removesuffix(end)


def run_board():
    with Board() as board:
        board.run((SCRIPTS / "replay.py").read_text())
        return _sum("".join(map(board.run, calls("predictions") + calls("tokens"))))


#: The hosts by name, and the architecture of each.
ARCHS = {"micropython-x64": "x64", "micropython-armv7emsp": "armv7emsp"}
ALL = {"micropython-x64": run_unix, "micropython-armv7emsp": run_board}
