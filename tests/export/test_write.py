"""A bundle is written whole or not at all, whatever happens on the way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgernn_export.bundle_file import write_file
from edgernn_export.errors import OutputError
from edgernn_runtime import load

#: Writes two contents in turns until it is killed; the parent kills it at a random moment.
_KILLED = """
import os, random, signal, sys, time
from pathlib import Path
from edgernn_export.bundle_file import write_file

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


#: Starts to write, says so, and is killed by the parent.
_UNFINISHED = """
import sys, time
from pathlib import Path
from edgernn_export.bundle_file import _temporary

with _temporary(Path(sys.argv[1])) as (file, descriptor):
    print(file.name, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def unfinished(tmp_path):
    """Return a writer of a path that is not done, and the name of its temporary file."""
    command = [sys.executable, "-c", _UNFINISHED, str(tmp_path / "x.edgernn")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        yield writer, writer.stdout.readline().strip()
        writer.kill()


def names(folder):
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="only the age of a file is known here")
def test_the_temporary_file_of_a_killed_writer_is_removed_by_the_next(tmp_path, unfinished):
    writer, name = unfinished
    writer.kill()
    writer.wait()
    assert names(tmp_path) == [name]
    write_file(tmp_path / "y.edgernn", b"another file")
    assert names(tmp_path) == [name, "y.edgernn"]
    write_file(tmp_path / "x.edgernn", b"whole")
    assert names(tmp_path) == ["x.edgernn", "y.edgernn"]


def test_the_temporary_file_of_a_running_writer_stays(tmp_path, unfinished):
    _, name = unfinished
    write_file(tmp_path / "x.edgernn", b"whole")
    assert names(tmp_path) == [name, "x.edgernn"]


@pytest.mark.parametrize(
    ("name", "age", "is_removed"),
    [
        (".x.edgernn.abcd1234.tmp", 7200, True),
        (".x.edgernn.abcd1234.tmp", 60, False),
        # Of another machine, whose processes are not known here.
        (".x.edgernn.00000000-4194305-abcd1234.tmp", 60, False),
        (".x.edgernn.00000000-4194305-abcd1234.tmp", 7200, True),
        # Not ours.
        (".x.edgernn.more.abcd1234.tmp", 7200, False),
        ("x.edgernn.abcd1234.tmp", 7200, False),
        ("abcd1234.tmp", 7200, False),
        (".x.edgernn.notes.tmp", 7200, False),
    ],
)
def test_only_old_temporary_files_of_the_same_path_are_removed(tmp_path, name, age, is_removed):
    (tmp_path / name).write_bytes(b"half")
    then = time.time() - age
    os.utime(tmp_path / name, (then, then))
    write_file(tmp_path / "x.edgernn", b"whole")
    assert (name not in names(tmp_path)) == is_removed


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
