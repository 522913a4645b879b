"""The files of the folder of `--format c`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from importlib.resources import files

import numpy as np

from edgernn_export.c.packages import package_files
from edgernn_export.c.switches import write_config
from edgernn_export.errors import OptionError
from edgernn_runtime.bundle import Bundle
from edgernn_runtime.manifest import encode_manifest
from edgernn_runtime.native_sources import read_amalgamation
from edgernn_runtime.self_test import TestVector, decode_test_vectors, get_tolerance

_TEMPLATES = ("main.c", "selftest.c", "Makefile")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
#: Names of files and functions that the folder or the library has itself.
_TAKEN = ("edgernn", "main", "selftest")


def check_name(name: str) -> None:
    """Check the name of a model in C.

    Args:
        name: the first part of all names in the folder.

    Raises:
        OptionError: it is not the beginning of a C identifier in lower case.
    """
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise OptionError(
            "this name cannot be used in C",
            expected="a lower-case letter, then letters, digits and _, at most 31; not "
            + ", ".join(_TAKEN),
            found=repr(name),
            hint="give another with --name",
        )


def build_files(bundle: Bundle, name: str, mark: str) -> dict[str, bytes]:
    """Return the folder's files by their names.

    Args:
        bundle: a bundle of the format `native`.
        name: the first part of the model's names in C.
        mark: the name of the file that marks the folder.

    Raises:
        EngineMissingError: the library's sources are not installed.
    """
    templates = files("edgernn_export.c").joinpath("templates")
    vectors = decode_test_vectors(bundle)
    texts = {
        **{one: templates.joinpath(one).read_text(encoding="utf-8") for one in _TEMPLATES},
        **package_files(),
        "src/@name@.h": _HEADER.replace("@labels@", _label_constants(bundle, name)),
        "src/@name@.c": "\n".join(_model(bundle, name)) + "\n",
        "@name@_vectors.h": _VECTORS_HEADER.replace(
            "@tolerance@", repr(get_tolerance(bundle.manifest.recipe))
        ),
        "@name@_vectors.c": "\n".join(_vectors(vectors, name)) + "\n",
        "src/edgernn_config.h": write_config(bundle),
        "README.md": _readme(bundle, len(vectors)),
    }
    texts = {_named(path, name): _named(text, name) for path, text in texts.items()}
    texts |= {f"src/{file}": text for file, text in read_amalgamation().items()}
    return {
        **{key: text.encode() for key, text in texts.items()},
        mark: encode_manifest(bundle.manifest),
    }


def _named(text: str, name: str) -> str:
    return text.replace("@name@", name).replace("@NAME@", name.upper())


_HEADER = """/* @name@: a text classifier. Link @name@.c and edgernn.c. */
#ifndef @NAME@_H
#define @NAME@_H

#include "edgernn.h"

#ifdef __cplusplus
extern "C" {
#endif

@labels@
/* A model.bin, little-endian. It may be in flash: it is used in place. */
extern const uint32_t @name@_data[];
extern const size_t @name@_size;

/* Open the classifier; release it with edgernn_free. Without a heap, use edgernn_open with
 * @name@_data. */
static inline edgernn_status @name@_load(edgernn_classifier **classifier) {
  return edgernn_load_memory(@name@_data, @name@_size, classifier);
}

#ifdef __cplusplus
}
#endif

#endif
"""

_VECTORS_HEADER = """/* Test vectors of @name@: texts with the results of the exporting machine. */
#ifndef @NAME@_VECTORS_H
#define @NAME@_VECTORS_H

#include "@name@.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The largest absolute error of an output that passes. */
#define @NAME@_TOLERANCE @tolerance@f

typedef struct @name@_vector {
  const unsigned char *text;
  size_t bytes;
  const int32_t *ids;
  size_t count;
  const float *outputs;
} @name@_vector;

extern const @name@_vector @name@_vectors[];
extern const size_t @name@_vector_count, @name@_longest_text, @name@_most_ids;

#ifdef __cplusplus
}
#endif

#endif
"""


def _label_constants(bundle: Bundle, name: str) -> str:
    """Return the labels' numbers as an enum, and how many labels and outputs there are."""
    manifest = bundle.manifest
    prefix, seen, lines = name.upper(), {"S"}, []
    for i, label in enumerate(manifest.labels):
        constant = re.sub(r"[^A-Z0-9]+", "_", label.upper()).strip("_") or f"{i}"
        if constant in seen:
            constant = f"{constant}_{i}"
        seen.add(constant)
        comment = json.dumps(label).replace("*/", "*\\/")
        lines.append(f"  /* {comment} */\n  {prefix}_LABEL_{constant} = {i},")
    return "\n".join(
        (
            "/* The numbers of the labels. */",
            "enum {",
            *lines,
            f"  {prefix}_LABELS = {len(manifest.labels)},",
            "  /* Outputs of the model: one for two labels, else one per label. */",
            f"  {prefix}_OUTPUTS = {len(manifest.empty)}",
            "};",
            "",
        )
    )


def _model(bundle: Bundle, name: str) -> Iterator[str]:
    model = bytes(bundle.model)
    yield f'#include "{name}.h"\n'
    yield "/* Vectors are loaded fastest from multiples of 64 bytes. */"
    yield "#if defined(__GNUC__)\n__attribute__((aligned(64)))\n#endif"
    words = np.frombuffer(model.ljust(-(-len(model) // 4) * 4, b"\0"), dtype="<u4")
    yield from _array(f"const uint32_t {name}_data[]", (f"0x{word:08x}" for word in words))
    yield f"const size_t {name}_size = {len(model)};"


def _vectors(vectors: tuple[TestVector, ...], name: str) -> Iterator[str]:
    yield f'#include "{name}_vectors.h"\n'
    for i, vector in enumerate(vectors):
        yield from _vector(i, vector)
    rows = (
        f"{{text_{i}, {len(v.text)}, ids_{i}, {len(v.ids)}, outputs_{i}}}"
        for i, v in enumerate(vectors)
    )
    yield from _array(f"const {name}_vector {name}_vectors[]", rows)
    yield f"const size_t {name}_vector_count = {len(vectors)};"
    yield f"const size_t {name}_longest_text = {max(len(v.text) for v in vectors)};"
    yield f"const size_t {name}_most_ids = {max(len(v.ids) for v in vectors)};"


def _vector(i: int, vector: TestVector) -> Iterator[str]:
    # C has no empty array.
    yield from _array(f"static const unsigned char text_{i}[]", map(str, vector.text or b"\0"))
    yield from _array(f"static const int32_t ids_{i}[]", map(str, vector.ids or (0,)))
    yield from _array(f"static const float outputs_{i}[]", map(_float, vector.output))


def _array(declaration: str, values: Iterable[str]) -> Iterator[str]:
    """Yield the lines of an array, of at most a hundred characters."""
    yield f"{declaration} = {{"
    line = " "
    for value in values:
        if len(line) + len(value) > 98:
            yield line
            line = " "
        line += f" {value},"
    yield f"{line}\n}};"


def _float(value: float) -> str:
    """Return a float32 as C writes it: nine digits say it to the bit."""
    digits = f"{np.float32(value):.9g}"
    return f"{digits}f" if "." in digits or "e" in digits else f"{digits}.0f"


def _readme(bundle: Bundle, vectors: int) -> str:
    labels = json.dumps(list(bundle.manifest.labels), ensure_ascii=False)
    return f"""# @name@: a text classifier in C

Written by {bundle.manifest.created_by}; labels: {labels}.

    make            # the program `classify`: texts in, a label and its probability out
    make test       # replays {vectors} texts of the exporting machine
    ./classify "A film to remember."
    ./classify < texts.txt                  # one text per line

Copy the five files of `src` into your program:

    edgernn_classifier *classifier;
    float probabilities[@NAME@_LABELS];
    size_t label;
    @name@_load(&classifier);
    edgernn_classify(classifier, text, strlen(text), probabilities, @NAME@_LABELS, &label);

`label` is `EDGERNN_NO_LABEL` if the model has thresholds and no label reaches its own; `classify`
prints `-`.

`edgernn_config.h` leaves out of `edgernn.c` what the model does not need. Several models share one
`edgernn.c`, with the lines that their `edgernn_config.h` have in common. `edgernn.h` describes
every function, and the layer for devices without a heap.

## As a library

| system | how |
|---|---|
| Arduino | copy the folder into `libraries`, as `@name@`; the sketch is in File, Examples, @name@ |
| PlatformIO | copy it into `lib` of the project |
| ESP-IDF | copy it into `components`, as `@name@` |
| Zephyr | add it to `EXTRA_ZEPHYR_MODULES`, and `CONFIG_EDGERNN_@NAME@=y` to `prj.conf` |
| CMake | `add_subdirectory`, then link `@name@` |
"""
