"""Writes kotlinc, a script that runs the Kotlin compiler inside the package kotlin-jupyter-kernel.

`make tools` runs it as build/tools/bin/python runtime/tools/kotlinc.py. No other package that pip
installs has the compiler.
"""

from __future__ import annotations

import re
import shutil
import sys
import sysconfig
from pathlib import Path

_SCRIPT = """#!/bin/sh
exec java -cp "$(dirname "$(dirname "$(readlink -f "$0")")")/kotlin/lib/*" \\
  org.jetbrains.kotlin.cli.jvm.K2JVMCompiler "$@"
"""


def write(jars: Path, environment: Path) -> Path:
    """Write the script and the folder `kotlin` that it uses, and return the script.

    Args:
        jars: the folder of the package that contains the compiler.
        environment: the folder that gets bin/kotlinc and kotlin/lib.
    """
    library = environment / "kotlin" / "lib"
    shutil.rmtree(library, ignore_errors=True)
    library.mkdir(parents=True)
    for jar in jars.glob("*.jar"):
        name = re.sub(r"-\d+\..*", "", jar.name) + ".jar"
        # The compiler finds the library of Kotlin beside itself, if it has this name. It follows
        # symbolic links.
        if name.startswith("kotlin-jupyter-kernel"):
            name = "kotlin-compiler.jar"
        (library / name).hardlink_to(jar)
    script = environment / "bin" / "kotlinc"
    script.write_text(_SCRIPT, encoding="utf-8")
    script.chmod(0o755)
    return script


if __name__ == "__main__":
    packages = Path(sysconfig.get_path("purelib"))
    write(packages / "run_kotlin_kernel" / "jars", Path(sys.prefix))
