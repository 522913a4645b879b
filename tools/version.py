"""`python -m tools.version`: the version of all distributions, from one source.

python -m tools.version                  # check that every file has the version
python -m tools.version --expect 0.2.0   # and that it is this one
python -m tools.version 0.2.0            # write a new version to every file
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = "runtime/edgernn_runtime/_version.py"
_NUMBER = r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?"
#: A regular expression for the version in each file: a group before it, and the version.
_PATTERNS = {
    SOURCE: rf'^(__version__ = ")({_NUMBER})(?=")',
    "pyproject.toml": rf'^(version = "|    "edgernn-[^"]*==)({_NUMBER})(?=")',
    "export/pyproject.toml": rf'^(version = "|    "edgernn-[^"]*==)({_NUMBER})(?=")',
    "runtime/pyproject.toml": rf'^(version = ")({_NUMBER})(?=")',
    "CITATION.cff": rf"^(version: )({_NUMBER})(?=$)",
}
_NPM = "runtime/bindings/javascript/package.json"
_NPM_PATTERN = re.compile(r'^(  "version": ")([^"]+)(?=",?$)', re.MULTILINE)
_HEADER = "runtime/libedgernn/include/edgernn.h"
_HEADER_PATTERN = re.compile(r"^(#define EDGERNN_VERSION_(MAJOR|MINOR|PATCH) )(\d+)$", re.MULTILINE)


def read_versions(root: Path) -> dict[str, set[str]]:
    """Return the versions in each file.

    Args:
        root: the root of the repository.
    """
    found = {
        name: {match[2] for match in _compile(pattern).finditer(_read(root / name))}
        for name, pattern in _PATTERNS.items()
    }
    parts = [match[3] for match in _HEADER_PATTERN.finditer(_read(root / _HEADER))]
    package = {match[2] for match in _NPM_PATTERN.finditer(_read(root / _NPM))}
    return {**found, _NPM: package, _HEADER: {".".join(parts)}}


def write_version(root: Path, version: str) -> None:
    """Write a version to every file.

    Args:
        root: the root of the repository.
        version: such as `0.2.0`, or `0.2.0rc1`.

    Raises:
        ValueError: it is not such a version.
    """
    if not re.fullmatch(_NUMBER, version):
        raise ValueError(f"{version!r} is not a version such as 0.2.0 or 0.2.0rc1")
    for name, pattern in _PATTERNS.items():
        text = _compile(pattern).sub(lambda match: match[1] + version, _read(root / name))
        (root / name).write_text(text, encoding="utf-8", newline="\n")
    text = _NPM_PATTERN.sub(lambda match: match[1] + _wanted(_NPM, version), _read(root / _NPM))
    (root / _NPM).write_text(text, encoding="utf-8", newline="\n")
    parts = dict(
        zip(("MAJOR", "MINOR", "PATCH"), _wanted(_HEADER, version).split("."), strict=True)
    )
    text = _HEADER_PATTERN.sub(lambda match: match[1] + parts[match[2]], _read(root / _HEADER))
    (root / _HEADER).write_text(text, encoding="utf-8", newline="\n")


def find_errors(root: Path, expected: str | None = None) -> list[str]:
    """Return a sentence for each file with another version than the source.

    Args:
        root: the root of the repository.
        expected: the version that the source must have, or None for any.
    """
    versions = read_versions(root)
    [source] = versions[SOURCE]
    errors = [f"{SOURCE} has {source}, not {expected}"] if expected not in (None, source) else []
    for name, found in versions.items():
        wanted = _wanted(name, source)
        if found != {wanted}:
            errors.append(f"{name} has {', '.join(sorted(found)) or 'no version'}, not {wanted}")
    return errors


def main() -> int:
    """Check or write the version; return 1 if a file has another one."""
    parser = argparse.ArgumentParser(prog="python -m tools.version", description=__doc__)
    parser.add_argument("version", nargs="?", help="the version to write")
    parser.add_argument("--expect", metavar="VERSION", help="the version that is expected")
    options = parser.parse_args()
    if options.version:
        write_version(ROOT, options.version)
    errors = find_errors(ROOT, options.expect)
    for error in errors:
        sys.stderr.write(f"error: {error}\n")
    return 1 if errors else 0


def _wanted(name: str, version: str) -> str:
    """Return a version as a file writes it."""
    if name == _HEADER:
        return re.sub(r"(a|b|rc)\d+$", "", version)  # the header has three numbers
    return re.sub(r"(a|b|rc)(\d+)$", r"-\1.\2", version) if name == _NPM else version


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
