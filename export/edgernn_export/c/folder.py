"""The writer of the target `c`: a folder of C that needs only a compiler.

model.h, model.c        weights, vocabulary, labels and test vectors as constants (bit-exact)
classifier.h, .c        text in, label out
main.c, selftest.c      a program that reads lines, and the self-test
edgernn/                the engine
Makefile, README.md, bundle.json
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np

from edgernn_export.bundle_file import output_errors
from edgernn_export.errors import OutputError
from edgernn_export.stages import VerifiedBundle
from edgernn_runtime.bundle import Bundle
from edgernn_runtime.manifest import encode_manifest
from edgernn_runtime.native_sources import engine_sources
from edgernn_runtime.self_test import TestVector, decode_test_vectors, get_tolerance
from edgernn_runtime.tokenizer import TokenizerSpec
from edgernn_runtime.vocabulary import encode_vocabulary

_TEMPLATES = ("classifier.h", "classifier.c", "main.c", "selftest.c", "Makefile")
_SPLITS = {
    "whitespace": "EDGERNN_WHITESPACE",
    "character": "EDGERNN_CHARACTER",
    "none": "EDGERNN_NO_SPLIT",
}
_UNICODE = "EDGERNN_UNICODE"
_MARK = "bundle.json"
_ENGINE = "edgernn"


def check_output(out: Path, *, overwrite: bool) -> None:
    """Check that a folder can be written to a path.

    Raises:
        OutputError: the path exists, and it is not a folder of this target or may not be replaced.
    """
    if not out.exists():
        return
    is_ours = (out / _MARK).is_file()
    if not (overwrite and is_ours):
        raise OutputError(
            "the output exists already",
            path=out,
            expected="no folder, or one of --format c with --force",
            found="a folder of --format c" if is_ours else "something else",
            hint="--force replaces it, --out names another"
            if is_ours
            else "name another with --out",
        )


def write_output(verified: VerifiedBundle, out: Path, *, overwrite: bool) -> int:
    """Write a bundle of the format `native` as a folder of C, and return its size in bytes.

    Args:
        verified: the bundle.
        out: the folder; it is replaced as a whole.
        overwrite: whether a folder that this function wrote before may be replaced.

    Raises:
        OutputError: the path is taken, or the folder cannot be written.
        EngineMissingError: the engine's sources are not installed.
    """
    check_output(out, overwrite=overwrite)
    parts = _parts(verified.bundle)
    size = sum(map(len, parts.values()))
    with output_errors("the folder cannot be written", out, size):
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as place:
            folder = Path(place) / "c"
            for name, data in parts.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(data)
            if out.exists():
                out.rename(Path(place) / "old")
            shutil.move(folder, out)
    return size


def _parts(bundle: Bundle) -> dict[str, bytes]:
    """Return the folder's files by their names."""
    parts = {f"{_ENGINE}/{name}": path.read_bytes() for name, path in engine_sources().items()}
    templates = files("edgernn_export.c").joinpath("templates")
    parts |= {name: templates.joinpath(name).read_bytes() for name in _TEMPLATES}
    parts["model.h"] = _header(bundle).encode()
    parts["model.c"] = "\n".join(_source(bundle)).encode() + b"\n"
    parts["README.md"] = _readme(bundle).encode()
    parts[_MARK] = encode_manifest(bundle.manifest)
    return parts


def _header(bundle: Bundle) -> str:
    manifest = bundle.manifest
    return f"""/* The model's constants, defined in model.c. */
#ifndef MODEL_H
#define MODEL_H

#include "edgernn.h"

#ifdef __cplusplus
extern "C" {{
#endif

#define MODEL_LABELS {len(manifest.labels)}
/* The number of the model's outputs: 1 for a binary model, else MODEL_LABELS. */
#define MODEL_OUTPUTS {len(manifest.empty)}
/* The tolerance of an output in comparison with the export. */
#define MODEL_TOLERANCE {get_tolerance(manifest.recipe)!r}f

extern const char *const model_labels[MODEL_LABELS];
/* A model.bin, little-endian. */
extern const uint32_t model_data[];
extern const size_t model_size;
/* A vocab.txt. */
extern const unsigned char model_vocabulary[];
extern const size_t model_vocabulary_size;
extern const edgernn_rules model_rules;
/* The outputs for a text without a token. */
extern const float model_empty[MODEL_OUTPUTS];

/* A test vector: a text with its ids and outputs at export. */
typedef struct model_vector {{
  const unsigned char *text;
  size_t bytes;
  const int32_t *ids;
  size_t count;
  const float *outputs;
}} model_vector;

extern const model_vector model_vectors[];
extern const size_t model_vector_count;

#ifdef __cplusplus
}}
#endif

#endif
"""


def _source(bundle: Bundle) -> Iterator[str]:
    manifest, model = bundle.manifest, bytes(bundle.model)
    yield '#include "model.h"\n'
    labels = ", ".join(map(_string, manifest.labels))
    yield f"const char *const model_labels[MODEL_LABELS] = {{{labels}}};"
    words = np.frombuffer(model.ljust(-(-len(model) // 4) * 4, b"\0"), dtype="<u4")
    yield from _array("const uint32_t model_data[]", (f"0x{word:08x}" for word in words))
    yield f"const size_t model_size = {len(model)};"
    vocabulary = encode_vocabulary(bundle.vocabulary)
    yield from _array("const unsigned char model_vocabulary[]", map(str, vocabulary))
    yield f"const size_t model_vocabulary_size = {len(vocabulary)};"
    yield from _rules(manifest.tokenizer, manifest.pad_to)
    yield from _array("const float model_empty[MODEL_OUTPUTS]", map(_float, manifest.empty))
    vectors = decode_test_vectors(bundle)
    for i, vector in enumerate(vectors):
        yield from _vector(i, vector)
    rows = (
        f"{{text_{i}, {len(v.text)}, ids_{i}, {len(v.ids)}, outputs_{i}}}"
        for i, v in enumerate(vectors)
    )
    yield from _array("const model_vector model_vectors[]", rows)
    yield f"const size_t model_vector_count = {len(vectors)};"


def _rules(spec: TokenizerSpec, pad_to: int | None) -> Iterator[str]:
    # C does not allow an empty array.
    yield from _array("static const uint32_t ngrams[]", map(str, spec.ngrams or (1,)))
    numbers = (
        int("lower" in spec.standardize),
        int("strip_punctuation" in spec.standardize),
        _UNICODE if spec.rules == "unicode" else _SPLITS[spec.split],
        "ngrams",
        len(spec.ngrams),
        spec.max_length or 0,
        int(spec.truncate == "head+tail"),
        pad_to or 0,
    )
    yield f"const edgernn_rules model_rules = {{{', '.join(map(str, numbers))}}};"


def _vector(i: int, vector: TestVector) -> Iterator[str]:
    yield from _array(f"static const unsigned char text_{i}[]", map(str, vector.text or b"\0"))
    yield from _array(f"static const int32_t ids_{i}[]", map(str, vector.ids or (0,)))
    yield from _array(f"static const float outputs_{i}[]", map(_float, vector.output))


def _array(declaration: str, values: Iterable[str]) -> Iterator[str]:
    """Yield the lines of an array, of at most 100 characters."""
    yield f"{declaration} = {{"
    line = " "
    for value in values:
        if len(line) + len(value) > 98:
            yield line
            line = " "
        line += f" {value},"
    yield f"{line}\n}};"


def _float(value: float) -> str:
    """Return a float32 as a C literal; nine digits are bit-exact."""
    digits = f"{np.float32(value):.9g}"
    return f"{digits}f" if "." in digits or "e" in digits else f"{digits}.0f"


def _string(text: str) -> str:
    """Return a C string literal, with non-ASCII bytes as octal escapes of three digits."""
    plain = (chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in text.encode())
    return '"' + "".join(plain) + '"'


def _readme(bundle: Bundle) -> str:
    labels = json.dumps(list(bundle.manifest.labels), ensure_ascii=False)
    return f"""# A text classifier in C

Written by {bundle.manifest.created_by}; labels: {labels}.

    make            # builds the program `classify`: lines in, labels and probabilities out
    make test       # runs the self-test on {len(decode_test_vectors(bundle))} texts
    echo "A film to remember." | ./classify

Your own program includes `classifier.h`. `edgernn/edgernn.h` is the engine, which does not allocate
memory, for devices where the program lays out its memory.
"""
