"""Compiles the classes, and writes the jar and the AAR."""

from __future__ import annotations

import io
import shutil
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path

from runtime.tools.java.libraries import (
    BINDING,
    BUILD,
    STRICT,
    compile_android,
    compile_desktop,
    compile_host,
    jdk,
    run,
)
from runtime.tools.java.targets import ANDROIDS, DESKTOPS, MIN_SDK, host_platform, library_name
from runtime.tools.wheels.tools import EPOCH, ROOT

PACKAGE = "org/edgernn"
#: The versions that desktops and Android's tools accept.
BYTECODE = "8"
#: Android's shrinker must keep the names of native methods.
RULES = b"-keepclasseswithmembernames class org.edgernn.** { native <methods>; }\n"
ANDROID_MANIFEST = f"""<?xml version="1.0" encoding="utf-8"?>
<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="org.edgernn">
    <uses-sdk android:minSdkVersion="{MIN_SDK}" />
</manifest>
"""


def version() -> str:
    """Return the version of the project."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


def compile_classes(*options: str) -> dict[str, bytes]:
    """Compile the Java classes, and return them by their path.

    Args:
        options: more options of the compiler, such as STRICT.

    Raises:
        RuntimeError: the compiler was not found, or failed.
    """
    folder = BUILD / "classes"
    shutil.rmtree(folder, ignore_errors=True)
    sources = sorted((BINDING / "src" / "main" / "java").rglob("*.java"))
    flags = ("--release", BYTECODE, "-Xlint:all,-options", "-encoding", "UTF-8")
    run([jdk() / "bin" / "javac", *flags, *options, "-d", folder, *sources])
    files = sorted(folder.rglob("*.class"))
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def zip_bytes(members: Mapping[str, bytes]) -> bytes:
    """Return a zip whose bytes depend on nothing but its members."""
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return found.getvalue()


def jar_members(classes: Mapping[str, bytes], libraries: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the members of a jar.

    Args:
        classes: class files by their path.
        libraries: libraries by their path below `native`, such as `linux-x86_64/NAME`.
    """
    lines = (
        *("Manifest-Version: 1.0", "Automatic-Module-Name: org.edgernn"),
        *("Implementation-Title: edgernn", f"Implementation-Version: {version()}"),
    )
    members = {"META-INF/MANIFEST.MF": "".join(f"{line}\r\n" for line in lines).encode()}
    members["META-INF/LICENSE"] = (ROOT / "LICENSE").read_bytes()
    natives = {f"{PACKAGE}/native/{path}": data for path, data in libraries.items()}
    return members | dict(classes) | natives


def _write_jar(libraries: Mapping[str, bytes], name: str, *options: str) -> Path:
    path = BUILD / name
    path.write_bytes(zip_bytes(jar_members(compile_classes(*options), libraries)))
    return path


def build_jar(platform: str = "") -> Path:
    """Build the jar of all desktops or of one, and return its path.

    Args:
        platform: a name of DESKTOPS, or empty for all.

    Raises:
        RuntimeError: a compiler was not found, failed or warned.
    """
    targets = [each for each in DESKTOPS if platform in ("", each.name)]
    libraries = {f"{each.name}/{each.library}": compile_desktop(each) for each in targets}
    suffix = f"-{platform}" if platform else ""
    return _write_jar(libraries, f"edgernn-{version()}{suffix}.jar", STRICT)


def build_host_jar(*options: str) -> Path:
    """Build the jar of this machine's platform without zig, and return its path.

    Args:
        options: more options of both compilers, such as STRICT.

    Raises:
        RuntimeError: a compiler was not found, or failed.
    """
    platform = host_platform()
    libraries = {f"{platform}/{library_name(platform)}": compile_host(*options)}
    return _write_jar(libraries, f"edgernn-{version()}-{platform}.jar", *options)


def build_aar() -> Path:
    """Build the AAR, and return its path.

    Raises:
        RuntimeError: zig failed or warned.
    """
    members = {
        "AndroidManifest.xml": ANDROID_MANIFEST.encode(),
        "classes.jar": zip_bytes(jar_members(compile_classes(STRICT), {})),
        "R.txt": b"",
        "proguard.txt": RULES,
    }
    for each in ANDROIDS:
        members[f"jni/{each.name}/{each.library}"] = compile_android(each)
    path = BUILD / f"edgernn-{version()}.aar"
    path.write_bytes(zip_bytes(members))
    return path
