"""Builds the jar for this machine, and runs the Java and Kotlin hosts with it."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from runtime.tools.java import archives, libraries
from tests.hosts.bindings import TOOLS

HOSTS = Path(__file__).parent
SOURCES = HOSTS / "java"
FOLDERS = {"x86_64": "linux-x86_64", "aarch64": "linux-aarch64"}


def missing(*, kotlin=False):
    """Return why the hosts cannot run here, or None."""
    if platform.machine() not in FOLDERS or platform.system() != "Linux":
        return "not a Linux machine with x86-64 or aarch64"
    if shutil.which("javac") is None:
        return "no javac: apt-get install default-jdk-headless"
    if shutil.which("cc") is None:
        return "no C compiler: apt-get install gcc"
    if kotlin and compiler_jars() is None:
        return "no Kotlin compiler: make tools (0.4 GB)"
    return None


def compiler_jars():
    """Return the folder of the Kotlin compiler that kotlin-jupyter-kernel contains, or None."""
    folders = [Path(folder) for folder in (*sys.path, *TOOLS.glob("lib/python*/site-packages"))]
    found = (folder / "run_kotlin_kernel" / "jars" for folder in folders)
    return next((jars for jars in found if jars.is_dir()), None)


def build_jar(folder):
    """Build the jar with the library of this machine, compiled by cc."""
    library = f"{FOLDERS[platform.machine()]}/libedgernn_jni.so"
    return archives.write_jar({library: libraries.compile_host()}, folder / "edgernn.jar")


def compile_java(jar, folder):
    """Compile the programs of the Java host."""
    options = ["--release", "8", "-Xlint:all,-options", "-Werror", "-encoding", "UTF-8"]
    command = ["javac", *options, "-cp", jar, "-d", folder, *SOURCES.glob("*.java")]
    subprocess.run(command, check=True)


def compile_kotlin(jar, folder):
    """Compile the extensions and the program of the Kotlin host, and return their class path."""
    jars = compiler_jars()
    library = next(jars.glob("kotlin-stdlib-[0-9]*.jar"))
    sources = [libraries.BINDING / "src/main/kotlin", SOURCES / "Main.kt"]
    compiler = ["java", "-cp", f"{jars}/*", "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler"]
    options = ["-no-stdlib", "-no-reflect", "-jvm-target", "1.8", "-Werror"]
    classes = f"{jar}:{folder}:{library}"
    subprocess.run([*compiler, *options, "-cp", classes, "-d", folder, *sources], check=True)
    return classes


def run_class(name, classes, *arguments, options=()):
    command = ["java", *options, "-cp", classes, name, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def run_java():
    """Replay the corpus from Java, with the JVM's checks of JNI."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        jar = build_jar(folder)
        compile_java(jar, folder)
        return run_class("Host", f"{jar}:{folder}", HOSTS, options=["-Xcheck:jni"])


def run_kotlin():
    """Replay the corpus from Kotlin."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        jar = build_jar(folder)
        compile_java(jar, folder)
        return run_class("MainKt", compile_kotlin(jar, folder), HOSTS)
