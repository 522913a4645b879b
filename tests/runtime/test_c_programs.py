"""The programs in C of the documentation, the header and the examples, with any number of labels."""

from __future__ import annotations

import re
import shutil

import pytest

from edgernn_runtime import load
from tests.runtime.test_libedgernn import LIBRARY, ROOT, bundle_of, run

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler is installed")

THRESHOLDS = [
    ROOT / "tests" / "hosts" / "bundles" / f"thresholds-{head}.edgernn"
    for head in ("binary", "multiclass", "multilabel")
]


@pytest.fixture(scope="module")
def amalgamation(tmp_path_factory):
    folder = tmp_path_factory.mktemp("amalgamation")
    run("python3", LIBRARY / "amalgamate.py", folder)
    return folder


def print_prediction(found):
    """Return the line that programs in C print for a prediction of Python."""
    return "-\n" if found.label is None else f"{found.label} {found.probability:.4f}\n"


def test_the_first_programs_are_at_most_25_lines():
    page = (ROOT / "docs" / "c.md").read_text()
    [program] = re.findall(r"`classify\.c`.*?```c\n(.*?)```", page, re.DOTALL)
    for code in (program, (LIBRARY / "examples" / "classify.c").read_text()):
        assert len(code.splitlines()) <= 25


def test_the_example_in_the_header_compiles(amalgamation, tmp_path):
    header = (LIBRARY / "include" / "edgernn.h").read_text()
    example = re.search(r"Text in, label out:\n \*\n(.*?)\n \*\n", header, re.DOTALL)
    code = "\n".join(line.removeprefix(" *") for line in example[1].splitlines())
    program = tmp_path / "example.c"
    program.write_text(
        '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include "edgernn.h"\n'
        f'int main(void) {{ const char *text = "w3 w4";\n{code}\nreturn status; }}\n'
    )
    flags = ("-Wall", "-Wextra", "-Werror", f"-I{amalgamation}")
    run("cc", *flags, program, amalgamation / "edgernn.c", "-lm", "-o", tmp_path / "example")
    for head in ("binary", "multiclass"):
        shutil.copy(bundle_of(tmp_path, "none", head), tmp_path / "model.edgernn")
        with load(tmp_path / "model.edgernn") as classifier:
            expected = print_prediction(classifier.predict("w3 w4"))
        assert run(tmp_path / "example", cwd=tmp_path) == expected


#: What the library takes from C's own, declared as ISO C does.
ISO_C = {
    "string.h": "void *memcpy(void *, const void *, size_t); void *memmove(void *, const void *, size_t);"
    "void *memset(void *, int, size_t); int memcmp(const void *, const void *, size_t);"
    "void *memchr(const void *, int, size_t); size_t strlen(const char *);"
    "char *strchr(const char *, int); int strcmp(const char *, const char *);",
    "math.h": "float expf(float); float expm1f(float); float log1pf(float); float sqrtf(float);"
    "float tanhf(float); float erff(float); float fabsf(float);",
    "stdio.h": "typedef struct FILE FILE; FILE *fopen(const char *, const char *); int fclose(FILE *);"
    "size_t fread(void *, size_t, size_t, FILE *); int fseek(FILE *, long, int);"
    "long ftell(FILE *); int ferror(FILE *);\n#define SEEK_SET 0\n#define SEEK_END 2",
    "stdlib.h": "void *malloc(size_t); void *realloc(void *, size_t); void free(void *);",
}


@pytest.mark.skipif(shutil.which("clang") is None, reason="clang is not installed")
def test_no_compiler_needs_extensions_of_c(amalgamation, tmp_path):
    """Clang with the target of Visual C++, and without the macros that identify GCC and Clang."""
    for name, declarations in ISO_C.items():
        (tmp_path / name).write_text(f"#include <stddef.h>\n{declarations}\n")
    target = ("--target=x86_64-pc-windows-msvc", "-U__clang__", "-std=c99", f"-isystem{tmp_path}")
    warnings = ("-Wall", "-Wextra", "-pedantic", "-Wvla", "-Wgnu", "-Werror")
    run("clang", *target, *warnings, "-fsyntax-only", amalgamation / "edgernn.c")
    program = tmp_path / "extension.c"
    program.write_text("int first(int n) { int values[n]; return (values[0] = n, values[0]); }\n")
    with pytest.raises(AssertionError, match="variable length array"):
        run("clang", *target, *warnings, "-fsyntax-only", program)


@pytest.fixture(scope="module")
def page_programs(amalgamation, tmp_path_factory):
    """Compile each block of C in docs/c.md, which is a whole program; return it and its texts."""
    folder = tmp_path_factory.mktemp("page")
    blocks = re.findall(r"```c\n(.*?)```", (ROOT / "docs" / "c.md").read_text(), re.DOTALL)
    programs = []
    for i, block in enumerate(blocks):
        (folder / f"{i}.c").write_text(block)
        helper = ("edgernn_helper.h" in block) * (
            LIBRARY / "threads" / "edgernn_helper.c", "-pthread", f"-I{LIBRARY / 'threads'}",
        )  # fmt: skip
        flags = ("-Wall", "-Wextra", "-Werror", f"-I{amalgamation}")
        out = folder / f"program-{i}"
        run("cc", *flags, folder / f"{i}.c", amalgamation / "edgernn.c", *helper, "-lm", "-o", out)
        programs.append((out, re.findall(r'"([A-Z].*?\.)"', block)))
    return programs


def check_page_programs(programs, folder, bundle):
    """Check that the programs print what Python predicts; return what they print."""
    shutil.copy(bundle, folder / "model.edgernn")
    printed = []
    with load(bundle) as classifier:
        for program, texts in programs:
            expected = "".join(print_prediction(classifier.predict(text)) for text in texts)
            printed.append(run(program, cwd=folder))
            assert printed[-1] == expected
    return printed


@pytest.mark.parametrize("head", ["binary", "multiclass", "multilabel"])
def test_every_program_of_the_page_runs_with_any_number_of_labels(page_programs, tmp_path, head):
    assert [len(texts) for _, texts in page_programs] == [1, 1, 3]
    check_page_programs(page_programs, tmp_path, bundle_of(tmp_path, "none", head))


def test_every_program_of_the_page_runs_with_thresholds(page_programs, tmp_path):
    """The first text reaches a threshold of one bundle, and none of the other."""
    labeled = check_page_programs(page_programs, tmp_path, THRESHOLDS[0])
    assert [text == "-\n" for text in labeled] == [False] * 3
    assert labeled[2].endswith("\n-\n-\n")
    strict = bundle_of(tmp_path, "none", "binary", thresholds=(1.0, 1.0))
    assert check_page_programs(page_programs, tmp_path, strict) == ["-\n", "-\n", "-\n" * 3]


@pytest.mark.parametrize("path", THRESHOLDS, ids=lambda path: path.stem)
def test_the_examples_print_a_dash_for_a_text_without_a_label(amalgamation, path):
    texts = ("", "A good film, not a bad plot!")
    with load(path) as classifier:
        expected = [print_prediction(classifier.predict(text)) for text in texts]
    assert expected[0] == "-\n" != expected[1]
    for name in ("classify", "without_heap"):
        source = LIBRARY / "examples" / f"{name}.c"
        run("cc", "-std=c11", "-I.", source, "edgernn.c", "-lm", "-o", name, cwd=amalgamation)
        assert [run(amalgamation / name, path, text) for text in texts] == expected
