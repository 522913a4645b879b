"""Swift, and the host in it: python -m tests.hosts.swift unpacks Debian's Swift into build/swift.

It is used where no `swift` is on the PATH; EDGERNN_SWIFT is the folder of one that was unpacked
elsewhere. It runs in that folder as the root of the file system (chroot), which needs root.
build/swift/bin/swift runs it in the current folder.
"""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from pathlib import Path

from tests.hosts.debian import download, run, unpack

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "swift"
#: What SwiftPM builds is kept here.
SCRATCH = BUILD / "package"
RELEASE = ("-c", "release", "--scratch-path", SCRATCH)
SUITE = "trixie"
PACKAGES = ("swiftlang", "libc6-dev", "libstdc++-14-dev", "dash")
#: Runs a command with a folder as the root, in which other folders are seen:
#: sh -c _SCRIPT sh ROOT SHARED... -- FOLDER COMMAND...
_SCRIPT = """
root=$1 chroot=$(command -v chroot) || exit
shift
while [ "$1" != -- ]; do
  mkdir -p "$root$1" && mount --bind "$1" "$root$1" || exit
  shift
done
shift
export HOME=/tmp TMPDIR=/tmp PATH=/usr/libexec/swift/bin:/usr/bin
exec "$chroot" "$root" sh -c 'cd "$0" && exec "$@"' "$@"
"""
#: Runs Swift in the current folder, which it sees beside the project.
COMMAND = BUILD / "bin" / "swift"
_COMMAND = """#!/bin/sh
[ "$(id -u)" = 0 ] || {{ echo 'error: only root can use this Swift' >&2; exit 1; }}
exec unshare --mount sh -c {script} \\
  sh {root} /proc /dev {project} "$PWD" -- "$PWD" swift "$@"
"""


def toolchain():
    """Return the folder of Debian's Swift."""
    return Path(os.environ.get("EDGERNN_SWIFT", BUILD / "debian"))


def is_installed():
    """Return whether the PATH has a Swift other than COMMAND, whose programs run outside of it."""
    return shutil.which("swift") not in (None, str(COMMAND))


def missing():
    """Return the reason why Swift cannot run, or an empty text."""
    if is_installed():
        return ""
    if not (toolchain() / "usr/libexec/swift/bin/swift").exists():
        return "no Swift: python -m tests.hosts.swift (590 MB)"
    return "" if os.geteuid() == 0 else "no Swift on the PATH, and only root can use Debian's"


def fetch():
    """Download and unpack Debian's Swift."""
    architecture = run(["dpkg", "--print-architecture"]).strip()
    shutil.rmtree(toolchain(), ignore_errors=True)
    partial = toolchain().with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        unpack(download(PACKAGES, architecture, SUITE, Path(folder)), partial)
    (partial / "tmp").mkdir()
    partial.rename(toolchain())


def write_command():
    """Write COMMAND, which runs Debian's Swift."""
    words = {"root": toolchain(), "project": ROOT, "script": _SCRIPT}
    COMMAND.parent.mkdir(parents=True, exist_ok=True)
    COMMAND.write_text(_COMMAND.format(**{k: shlex.quote(str(v)) for k, v in words.items()}))
    COMMAND.chmod(0o755)


def command(*words, folder=ROOT):
    """Return a command that runs one in a folder, which it sees beside the project."""
    if is_installed():
        return ["env", "-C", folder, *words]
    shared = dict.fromkeys(["/proc", "/dev", ROOT, folder])
    return [
        "unshare",
        "--mount",
        "sh",
        "-c",
        _SCRIPT,
        "sh",
        toolchain(),
        *shared,
        "--",
        folder,
        *words,
    ]


def build():
    """Build the host, and return the command that runs it."""
    run(command("swift", "build", *RELEASE, "--product", "EdgernnHost"))
    return command(SCRATCH / "release" / "EdgernnHost")


def run_tests():
    """Run the package's own tests, and return what they print."""
    return run(command("swift", "test", *RELEASE))


if __name__ == "__main__" and not is_installed():
    if missing():
        fetch()
    write_command()
