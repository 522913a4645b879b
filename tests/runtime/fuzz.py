"""Seeded mutations of bundles: each is accepted or raises an `EdgernnError`.

python -m tests.runtime.fuzz [--count N | --seconds S] [--seed SEED]

Without a count it runs until it is stopped. Model bytes are mutated behind a mended hash only where
the parser is our own: the engines' are theirs to harden, and the hash keeps other bytes from them.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import io
import itertools
import json
import random
import resource
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from edgernn_runtime import Classifier, EdgernnError
from edgernn_runtime.bundle import MANIFEST, VECTORS, VOCABULARY, read_bundle

FIXTURES = Path(__file__).parent / "fixtures"
#: The longest that one file may take, in seconds of the processor, and what all may add to the process, in bytes.
MOST_SECONDS, MOST_GROWTH = 1.0, 64 << 20

Members = dict[str, bytes]
HOSTILE: list[Any] = [
    None,
    True,
    -1,
    0,
    1,
    2**31,
    2**63,
    10**400,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "\0",
    "\ud800",
    "../x",
    "a" * 5000,
    [],
    [[]],
    [None] * 100,
    {},
    {"to": -1},
    {"a": {"a": {"a": {}}}},
    ["neg", "neg"],
    [0.5, 0.5, 0.5],
]


def members_of(path: Path) -> Members:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members: Members) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive, warnings.catch_warnings():
        # Some mutations write a name twice.
        warnings.simplefilter("ignore")
        for name, data in members.items():
            archive.writestr(name, data)
    return target.getvalue()


def mended(members: Members, manifest: dict[str, Any]) -> bytes:
    """Return a zip whose manifest has the hashes of its members, so that readers get further."""
    with contextlib.suppress(AttributeError, TypeError, KeyError):
        for name, data in members.items():
            if name in manifest["members"]:
                entry = manifest["members"][name]
                entry["bytes"], entry["sha256"] = len(data), hashlib.sha256(data).hexdigest()
    encoded = json.dumps(manifest).encode("utf-8", "surrogatepass")
    return zipped({**members, MANIFEST: encoded})


def change_bytes(draw: random.Random, data: bytes) -> bytes:
    """Return the bytes flipped, cut, doubled, zeroed or filled up somewhere."""
    changed = bytearray(data)
    kind = draw.randrange(5)
    start = draw.randrange(len(data) + 1)
    length = min(draw.choice([1, 2, 4, 8, 64, 1024]), len(data) - start)
    if kind == 0:
        for i in range(start, start + length):
            changed[i] ^= 1 << draw.randrange(8)
    elif kind == 1:
        del changed[start:]
    elif kind == 2:
        changed[start:start] = changed[start : start + length]
    elif kind == 3:
        changed[start : start + length] = bytes(length)
    else:
        changed[start:start] = draw.randbytes(draw.choice([1, 4, 1000]))
    return bytes(changed)


def anywhere(draw: random.Random, members: Members) -> bytes:
    return change_bytes(draw, zipped(members))


def zip_structure(draw: random.Random, members: Members) -> bytes:
    """Change the directory at the end of the zip, with names, sizes and offsets."""
    data = zipped(members)
    start = data.index(b"PK\1\2")
    return data[:start] + change_bytes(draw, data[start:])


def names(draw: random.Random, members: Members) -> bytes:
    hostile = ["../x", "/etc/passwd", "a/b", "manifest.json\0", "MODEL.tflite", "x" * 60000]
    name, other = draw.choice(list(members)), draw.choice(hostile)
    chosen = draw.randrange(3)
    if chosen == 0:
        return zipped({(other if n == name else n): data for n, data in members.items()})
    if chosen == 1:
        return zipped({**members, other: b"x"})
    return zipped({n: data for n, data in members.items() if n != name})


def manifest_values(draw: random.Random, members: Members) -> bytes:
    """Put something else in one place of the manifest, or take it away."""
    manifest = json.loads(members[MANIFEST])
    places = list(_places(manifest))
    for _ in range(draw.choice([1, 1, 1, 2, 4])):
        holder, key = draw.choice(places)
        with contextlib.suppress(KeyError, IndexError):
            if draw.random() < 0.2:
                del holder[key]
            else:
                holder[key] = draw.choice(HOSTILE)
    return mended(members, manifest)


def manifest_bytes(draw: random.Random, members: Members) -> bytes:
    return zipped({**members, MANIFEST: change_bytes(draw, members[MANIFEST])})


def vocabulary(draw: random.Random, members: Members) -> bytes:
    """Change the vocabulary and mend every hash of it, the one in the model's metadata too."""
    if VOCABULARY not in members:
        # A self-contained model.bin has the vocabulary; the change of its bytes is another attack.
        return manifest_bytes(draw, members)
    before, after = members[VOCABULARY], change_bytes(draw, members[VOCABULARY])
    manifest = json.loads(members[MANIFEST])
    hashes = [hashlib.sha256(data).hexdigest().encode() for data in (before, after)]
    model = members[manifest["model"]].replace(*hashes)
    return mended({**members, VOCABULARY: after, manifest["model"]: model}, manifest)


def vectors(draw: random.Random, members: Members) -> bytes:
    manifest = json.loads(members[MANIFEST])
    if draw.random() < 0.5:
        return mended({**members, VECTORS: change_bytes(draw, members[VECTORS])}, manifest)
    rows = json.loads(members[VECTORS])
    holder, key = draw.choice(list(_places(rows)))
    holder[key] = draw.choice([*HOSTILE, base64.b64encode(draw.randbytes(9)).decode()])
    data = json.dumps(rows).encode("utf-8", "surrogatepass")
    return mended({**members, VECTORS: data}, manifest)


def own_model(draw: random.Random, members: Members) -> bytes:
    """Change a model of our own format, and mend its hash; others' are changed as a whole file."""
    if "model.bin" not in members:
        return anywhere(draw, members)
    data, table = members["model.bin"], 1024
    if draw.random() < 0.7:
        # The tables at the start are what the reader has to see through.
        data = change_bytes(draw, data[:table]) + data[table:]
    else:
        data = change_bytes(draw, data)
    return mended({**members, "model.bin": data}, json.loads(members[MANIFEST]))


MUTATIONS: tuple[Callable[[random.Random, Members], bytes], ...] = (
    anywhere,
    zip_structure,
    names,
    manifest_values,
    manifest_values,
    manifest_bytes,
    vocabulary,
    vectors,
    own_model,
)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every holder and key in a JSON value, at any depth."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def run_one(path: Path, *, verify: bool = True, mapped: bool = False) -> bool:
    """Read and use a bundle; return whether it was taken.

    Raises:
        Exception: anything but an `EdgernnError`, which is what is looked for.
    """
    try:
        bundle = read_bundle(path, mapped=mapped)
        with Classifier(bundle) as classifier:
            for text in ("", "a good film", b"\xff\xfe film \0"):
                classifier.predict(text)
            if verify:
                classifier.self_test()
    except EdgernnError as error:
        return not str(error)
    return True


def fuzz(
    folder: Path, seed: int, count: int | None, seconds: float | None = None
) -> dict[str, Any]:
    """Run mutations of the fixtures; the same seed gives the same files."""
    bases = [members_of(path) for path in sorted(FIXTURES.glob("*.edgernn"))]
    path, started = folder / "mutated.edgernn", time.monotonic()
    for base in bases:
        # Loads the engines, which is not what a file may add.
        path.write_bytes(zipped(base))
        run_one(path)
    before, taken, slowest, done = _peak_bytes(), 0, 0.0, 0
    # Ctrl-C is how the endless mode ends, with what was found so far.
    with contextlib.suppress(KeyboardInterrupt):
        for i in itertools.count() if count is None else range(count):
            if seconds is not None and time.monotonic() - started > seconds:
                break
            draw = random.Random(f"{seed}/{i}")
            mutate = draw.choice(MUTATIONS)
            path.write_bytes(mutate(draw, draw.choice(bases)))
            start = time.process_time()
            try:
                # The self-test is slow, and need not run each time.
                is_tested = mutate is vectors or i % 4 == 0
                taken += run_one(path, verify=is_tested, mapped=i % 3 == 0)
            except Exception:
                print(f"seed {seed}, number {i}, {mutate.__name__}", file=sys.stderr)
                raise
            slowest, done = max(slowest, time.process_time() - start), done + 1
    return {
        "files": done,
        "taken": taken,
        "slowest_s": slowest,
        "growth_bytes": _peak_bytes() - before,
        "seconds": time.monotonic() - started,
    }


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = fuzz(Path(folder), options.seed, options.count, options.seconds)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
