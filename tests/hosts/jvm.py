"""Builds the jar for this machine, and runs the Java and Kotlin hosts with it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from runtime.tools.java import archives, libraries, targets
from tests.hosts.bindings import ENVIRONMENT

HOSTS = Path(__file__).parent
SOURCES = HOSTS / "java"


def missing(*, kotlin=False):
    """Return why the hosts cannot run here, or None."""
    if targets.host_platform() not in ("linux-x86_64", "linux-aarch64"):
        return "not a Linux machine with x86-64 or aarch64"
    if shutil.which("javac") is None:
        return "no javac: apt-get install default-jdk-headless"
    if shutil.which("cc") is None:
        return "no C compiler: apt-get install gcc"
    if kotlin and kotlinc() is None:
        return "no kotlinc: make tools (0.4 GB)"
    return None


def kotlinc():
    """Return the Kotlin compiler of the PATH or of `make tools`, or None."""
    return shutil.which("kotlinc", path=ENVIRONMENT["PATH"])


def build_jar(folder):
    """Build the jar of this machine, compiled by cc, without warnings."""
    return shutil.copy(archives.build_host_jar(libraries.STRICT), folder / "edgernn.jar")


def compile_java(jar, folder):
    """Compile the programs of the Java host."""
    options = ["--release", "8", "-Xlint:all,-options", "-Werror", "-encoding", "UTF-8"]
    command = ["javac", *options, "-cp", jar, "-d", folder, *SOURCES.glob("*.java")]
    subprocess.run(command, check=True)


def compile_kotlin(jar, folder):
    """Compile the extensions and the program of the Kotlin host, and return their class path."""
    sources = [libraries.BINDING / "src/main/kotlin", SOURCES / "Main.kt"]
    options = ["-jvm-target", "1.8", "-Werror", "-include-runtime"]
    classes, program = f"{jar}:{folder}", folder / "host.jar"
    subprocess.run([kotlinc(), *options, "-cp", classes, "-d", program, *sources], check=True)
    return f"{classes}:{program}"


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
