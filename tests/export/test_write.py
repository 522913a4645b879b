"""A bundle is written whole or not at all, whatever happens on the way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgernn_export.bundle_writer import write_file
from edgernn_export.errors import OutputError
from edgernn_runtime import load

#: Writes two contents in turns until it is killed; the parent kills it at a random moment.
_KILLED = """
import os, random, signal, sys, time
from pathlib import Path
from edgernn_export.bundle_writer import write_file

path, count = Path(sys.argv[1]), int(sys.argv[2])
contents = [bytes([value]) * 400_000 for value in (1, 2)]
write_file(path, contents[0])
draw = random.Random(0)
for _ in range(count):
    child = os.fork()
    if child == 0:
        while True:
            for content in contents:
                write_file(path, content)
    time.sleep(draw.uniform(0.001, 0.02))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert path.read_bytes() in contents
print("whole")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_two_hundred_kills_leave_the_old_or_the_new_file(tmp_path):
    command = [sys.executable, "-c", _KILLED, str(tmp_path / "x.edgernn"), "200"]
    done = subprocess.run(command, capture_output=True, timeout=120, text=True, check=False)
    assert done.stdout == "whole\n", done.stderr


def test_a_write_over_an_open_bundle_is_safe(bundle, tmp_path):
    path = tmp_path / "x.edgernn"
    shutil.copy(bundle, path)
    with load(path) as classifier:
        before = classifier.predict("a good film")
        write_file(path, b"something else")
        assert classifier.predict("a good film") == before
    assert path.read_bytes() == b"something else"


@pytest.fixture
def small_disk(tmp_path):
    """Return a disk of 64 KB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if (
        shutil.which("mount") is None
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        pytest.skip("a small disk needs the right to mount one")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_leaves_the_old_file_and_no_other(small_disk):
    path = small_disk / "x.edgernn"
    write_file(path, b"old")
    with pytest.raises(OutputError, match="cannot be written") as caught:
        write_file(path, b"new" * 100_000)
    assert "No space left on device" in str(caught.value)
    assert path.read_bytes() == b"old"
    assert [file.name for file in small_disk.iterdir()] == ["x.edgernn"]


def test_a_read_only_folder_is_named(tmp_path):
    place = tmp_path / "locked"
    place.mkdir()
    path = place / "x.edgernn"
    path.write_bytes(b"old")
    place.chmod(0o500)
    try:
        if os.access(place, os.W_OK) or os.geteuid() == 0:
            pytest.skip("the superuser may write anywhere; /proc stands in for it elsewhere")
        with pytest.raises(OutputError, match="cannot be written"):
            write_file(path, b"new")
        assert path.read_bytes() == b"old"
    finally:
        place.chmod(0o700)


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="needs Linux's /proc")
def test_a_place_that_takes_no_file_is_named():
    with pytest.raises(OutputError, match="cannot be written") as caught:
        write_file(Path("/proc/x.edgernn"), b"new")
    assert "/proc/x.edgernn" in str(caught.value)
