"""The folder of `--format c` as a library of Arduino, PlatformIO, ESP-IDF, Zephyr and CMake."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

from edgernn_export import Examples, Options, export
from edgernn_runtime import load
from tests.conftest import make_texts
from tests.models import cell, dense, text_model

EXAMPLES = Examples(tuple(make_texts(40, seed=3)), None, "synthetic")
ARDUINO = Path(__file__).parent / "arduino"
TEXTS = ("a good film", "", "terrible", "naïve café")
#: The name of the model, and its files that a build needs.
NAME = "film"
SOURCES = {f"src/{file}" for file in ("edgernn.c", "edgernn.h", f"{NAME}.c", f"{NAME}.h")}
#: Commands of `pip install --group boards`, which a test needs.
BOARDS = "it is not installed; pip install --group boards has it"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages")
    text_model(cell("LSTM", 8), dense()).save(folder / "model.keras")
    options = Options("c", "int8", name=NAME, allow_drop=True)
    export(folder / "model.keras", folder / NAME, options, EXAMPLES)
    bundle = folder / "model.edgernn"
    export(folder / "model.keras", bundle, Options("native", "int8", allow_drop=True), EXAMPLES)
    return folder


@pytest.fixture
def library(model, tmp_path):
    """Return a copy of the folder, which tools may write to."""
    return shutil.copytree(model / NAME, tmp_path / NAME)


def call(*command, cwd, stdin=None):
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def need(command, reason="it is not installed"):
    if shutil.which(command) is None:
        pytest.skip(f"{command}: {reason}")


def expected_lines(model, separator):
    with load(model / "model.edgernn") as classifier:
        found = [classifier.predict(text) for text in TEXTS]
    return "".join(f"{one.label}{separator}{one.probability:.4f}\n" for one in found)


def test_the_sketch_classifies_lines(model, tmp_path):
    need("g++")
    sketch = tmp_path / "sketch.cpp"
    text = (model / NAME / "examples" / NAME / f"{NAME}.ino").read_text()
    # The Arduino builder adds this line.
    sketch.write_text(f"#include <Arduino.h>\n{text}")
    sources = [model / NAME / "src" / file for file in (f"{NAME}.c", "edgernn.c")]
    includes = [f"-I{ARDUINO}", f"-I{model / NAME / 'src'}"]
    flags = ["-std=c++11", "-O1", "-Wall", "-Wextra", "-Werror"]
    command = ["g++", *flags, *includes, sketch, ARDUINO / "main.cpp", "-x", "c++", *sources]
    call(*command, "-lm", "-o", "sketch", cwd=tmp_path)
    found = call(tmp_path / "sketch", cwd=tmp_path, stdin="\n".join(TEXTS) + "\n")
    assert found == expected_lines(model, " ")


@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m4", "cortex-m7", "cortex-m33"])
def test_the_library_and_the_sketch_compile_for_boards(core, model, tmp_path):
    need("arm-none-eabi-g++")
    flags = [f"-mcpu={core}", "-mthumb", "-Os", "-Wall", "-Wextra", "-Werror"]
    sketch = model / NAME / "examples" / NAME / f"{NAME}.ino"
    includes = [f"-I{ARDUINO}", f"-I{model / NAME / 'src'}"]
    language = ["-std=gnu++11", "-fno-exceptions", "-include", "Arduino.h", "-x", "c++"]
    command = ["arm-none-eabi-g++", *flags, *includes, *language, "-c", sketch]
    call(*command, "-o", "sketch.o", cwd=tmp_path)
    for file in (f"{NAME}.c", "edgernn.c"):
        source = model / NAME / "src" / file
        call("arm-none-eabi-gcc", *flags, "-c", source, "-o", f"{file}.o", cwd=tmp_path)


def test_arduino_reads_the_library(model):
    lines = (model / NAME / "library.properties").read_text().splitlines()
    properties = dict(line.split("=", 1) for line in lines)
    required = {"name", "version", "author", "maintainer", "sentence", "paragraph", "category"}
    assert required | {"url", "architectures"} <= set(properties)
    assert properties["name"] == NAME
    assert (model / NAME / "src" / properties["includes"]).is_file()
    header = (model / NAME / "src" / "edgernn.h").read_text()
    header += (model / NAME / "src" / f"{NAME}.h").read_text()
    for line in (model / NAME / "keywords.txt").read_text().splitlines():
        keyword, kind = line.split("\t")
        assert keyword in header
        assert kind in ("KEYWORD1", "KEYWORD2", "LITERAL1")


def test_platformio_packs_the_library(library, tmp_path):
    need("pio", BOARDS)
    call("pio", "pkg", "pack", "-o", tmp_path / "library.tar.gz", cwd=library)
    with tarfile.open(tmp_path / "library.tar.gz") as archive:
        names = set(archive.getnames())
    assert {*SOURCES, "library.json", f"examples/{NAME}/{NAME}.ino"} <= names
    assert "main.c" not in names
    assert json.loads((library / "library.json").read_text())["name"] == NAME


def test_the_component_manager_of_esp_idf_packs_the_component(library, tmp_path):
    need("compote", BOARDS)
    command = ["compote", "component", "pack", "--name", NAME, "--dest-dir", tmp_path / "packed"]
    call(*command, cwd=library)
    (packed,) = (tmp_path / "packed").glob("*.tgz")
    with tarfile.open(packed) as archive:
        names = {name.removeprefix("./") for name in archive.getnames()}
    assert {*SOURCES, "idf_component.yml", "CMakeLists.txt"} <= names


#: What a build system defines before it reads our file, in place of its own commands.
ESP_IDF = """
set(ESP_PLATFORM 1)
macro(idf_component_register)
  cmake_parse_arguments(c "" "" "SRCS;INCLUDE_DIRS" ${ARGN})
  add_library(component STATIC ${c_SRCS})
  target_include_directories(component PUBLIC ${c_INCLUDE_DIRS})
endmacro()
add_subdirectory(@folder@ library)
set(library component)
"""
ZEPHYR = """
set(CONFIG_EDGERNN_@NAME@ y)
macro(zephyr_include_directories)
  foreach(folder ${ARGN})
    include_directories(${CMAKE_CURRENT_SOURCE_DIR}/${folder})
    target_include_directories(program PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/${folder})
  endforeach()
endmacro()
macro(zephyr_library)
  add_library(zephyr_module STATIC)
endmacro()
macro(zephyr_library_sources)
  target_sources(zephyr_module PRIVATE ${ARGN})
endmacro()
add_subdirectory(@folder@/@cmake@ library)
set(library zephyr_module)
"""
PLAIN = "add_subdirectory(@folder@ library)\nset(library @name@)\n"


@pytest.mark.parametrize("system", ["cmake", "esp-idf", "zephyr"])
def test_cmake_builds_the_library_into_a_program(system, model, tmp_path):
    """ESP-IDF and Zephyr by stand-ins for the commands that our files use of them."""
    need("cmake")
    module = yaml.safe_load((model / NAME / "zephyr" / "module.yml").read_text())
    steps = {"cmake": PLAIN, "esp-idf": ESP_IDF, "zephyr": ZEPHYR}[system]
    steps = steps.replace("@folder@", str(model / NAME)).replace("@name@", NAME)
    steps = steps.replace("@NAME@", NAME.upper()).replace("@cmake@", module["build"]["cmake"])
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(program C)\n"
        f"add_executable(program {model / NAME / 'main.c'})\n{steps}"
        "target_link_libraries(program PRIVATE ${library} m)\n"
    )
    call("cmake", "-S", ".", "-B", "build", cwd=tmp_path)
    call("cmake", "--build", "build", cwd=tmp_path)
    found = call(tmp_path / "build" / "program", cwd=tmp_path, stdin="\n".join(TEXTS) + "\n")
    assert found == expected_lines(model, "\t")


def test_zephyr_reads_the_module(model, tmp_path):
    module = yaml.safe_load((model / NAME / "zephyr" / "module.yml").read_text())
    assert module["name"] == NAME
    assert (model / NAME / module["build"]["cmake"] / "CMakeLists.txt").is_file()
    need("genconfig", BOARDS)
    kconfig = model / NAME / module["build"]["kconfig"]
    symbol = f"CONFIG_EDGERNN_{NAME.upper()}"
    (tmp_path / "Kconfig").write_text(f'config REQUIRES_FULL_LIBC\n\tbool\nsource "{kconfig}"\n')
    (tmp_path / ".config").write_text(f"{symbol}=y\n")
    call("genconfig", "--header-path", "autoconf.h", "Kconfig", cwd=tmp_path)
    header = (tmp_path / "autoconf.h").read_text()
    assert f"#define {symbol} 1" in header
    assert "#define CONFIG_REQUIRES_FULL_LIBC 1" in header
