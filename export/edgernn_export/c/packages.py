"""What makes the folder of `--format c` a library of other build systems.

Arduino       library.properties, keywords.txt, examples/NAME/NAME.ino; it compiles src/ only
PlatformIO    library.json
ESP-IDF       idf_component.yml, CMakeLists.txt
CMake         CMakeLists.txt
Zephyr        zephyr/module.yml, zephyr/Kconfig, zephyr/CMakeLists.txt
"""

from __future__ import annotations

from importlib.resources import files

from edgernn_runtime import __version__

#: The files, and the template of each.
_FILES = {
    "library.properties": "library.properties",
    "keywords.txt": "keywords.txt",
    "examples/@name@/@name@.ino": "sketch.ino",
    "library.json": "library.json",
    "idf_component.yml": "idf_component.yml",
    "CMakeLists.txt": "CMakeLists.txt",
    "zephyr/module.yml": "zephyr_module.yml",
    "zephyr/Kconfig": "zephyr_Kconfig",
    "zephyr/CMakeLists.txt": "zephyr_CMakeLists.txt",
}


def package_files() -> dict[str, str]:
    """Return the texts of the files by their paths, with @name@ and @NAME@ for the model's name."""
    templates = files("edgernn_export.c").joinpath("templates")
    return {
        path: templates.joinpath(template).read_text("utf-8").replace("@version@", __version__)
        for path, template in _FILES.items()
    }
