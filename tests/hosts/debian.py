"""Debian's packages of another architecture or release, in a folder: nothing is installed."""

from __future__ import annotations

import os
import subprocess

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
MIRROR = "http://deb.debian.org/debian"


def run(command, environment=None, **options):
    """Run a program, and return what it printed; a failure shows what it printed to stderr."""
    done = subprocess.run(
        list(map(str, command)), env=os.environ | (environment or {}),
        capture_output=True, text=True, check=False, **options,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def download(packages, architecture, suite, folder):
    """Download packages and what they depend on by apt, which checks signatures, and return them."""
    for name in ("state/lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources").write_text(f"deb [signed-by={KEYRING}] {MIRROR} {suite} main\n")
    options = {
        "Dir::State": folder / "state",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
        "Dir::Etc::sourcelist": folder / "sources",
        "Dir::Etc::sourceparts": "/dev/null",
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-qq", *(f"-o{name}={value}" for name, value in options.items())]
    run([*apt, "update"])
    run([*apt, "--yes", "--no-install-recommends", "--download-only", "install", *packages])
    return sorted((folder / "cache" / "archives").glob("*.deb"))


def unpack(packages, folder):
    """Unpack packages into a new folder."""
    folder.mkdir(parents=True)
    for package in packages:
        run(["dpkg-deb", "-x", package, folder])
    # Packages since Debian 13 leave these links to another package.
    for name in ("bin", "lib", "lib64", "sbin"):
        if not (folder / name).exists():
            (folder / name).symlink_to(f"usr/{name}")
