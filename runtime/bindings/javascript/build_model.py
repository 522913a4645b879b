"""Writes the npm package for some models.

python -m runtime.bindings.javascript.build_model BUNDLE... [--out FOLDER]

Its modules have only what these models need. They open the model.bin of each, which is written
beside them under the bundle's name. Needs what build.py needs, the runtime, and the folder export.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

from edgernn_export.c.switches import find_unneeded
from edgernn_runtime.bundle import read_bundle
from edgernn_runtime.model_header import is_self_contained
from runtime.bindings.javascript.build import BUILT, CLANG, HERE, write_modules

#: What the binding does not call.
UNCALLED = ("BATCH", "MESSAGES")


def main() -> None:
    """Write the package."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bundle", nargs="+", type=Path, help="format native")
    parser.add_argument("--out", type=Path, default=HERE.parents[2] / "build" / "wasm")
    parser.add_argument("--clang", default=CLANG)
    options = parser.parse_args()
    write_package(options.bundle, options.out, options.clang)
    size = sum(path.stat().st_size for path in options.out.iterdir() if path.suffix != ".bin")
    print(f"{options.out}: {size:,} bytes without models")
    for path in options.bundle:
        model = options.out / f"{path.stem}.bin"
        print(f"{model}: {model.stat().st_size:,} bytes, the model that `load` opens")


def write_package(paths: list[Path], folder: Path, clang: str = CLANG) -> None:
    """Write the package for some bundles into a folder; files of an earlier run are replaced."""
    bundles = {f"{path.stem}.bin": read_bundle(path) for path in paths}
    for name, bundle in bundles.items():
        if not is_self_contained(bundle.model):
            sys.exit(
                f"error: {name} is of an old bundle or another format\n"
                "  next:     edgernn export --format native"
            )
    if len(bundles) < len(paths):
        sys.exit("error: two bundles have the same name\n  next:     rename one")
    folder.mkdir(parents=True, exist_ok=True)
    package = json.loads((HERE / "package.json").read_text(encoding="utf-8"))
    unneeded = set.intersection(*(set(find_unneeded(bundle)) for bundle in bundles.values()))
    for name in package["files"]:
        if name not in BUILT:
            shutil.copy(HERE / name, folder)
    write_modules(folder, clang, sorted({*unneeded, *UNCALLED}))
    (folder / "edgernn-plain.wasm").unlink()
    for name, bundle in bundles.items():
        (folder / name).write_bytes(bundle.model)
    package["files"] += bundles
    package["exports"] |= {f"./{name}": f"./{name}" for name in bundles}
    del package["scripts"]
    (folder / "package.json").write_text(json.dumps(package, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
