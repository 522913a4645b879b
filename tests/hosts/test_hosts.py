"""Every host replays the whole corpus, and the C host does so under sanitizers."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.hosts import corpus, host, make, run
from tests.runtime.test_native_c import branches_never_taken, build

LINES = {
    name: len((host.HOSTS / f"{name}.txt").read_text().splitlines())
    for name in ("predictions", "tokens", "broken")
}


def test_the_corpus_is_large_enough():
    statuses = [line[1] for line in host.lines_of("broken.txt")]
    assert sum(status != "OK" for status in statuses) >= 300
    assert len(set(statuses)) >= 7
    assert LINES["tokens"] >= 1049
    assert LINES["predictions"] >= 300


@pytest.mark.parametrize("name", LINES)
def test_python_replays_the_corpus(name):
    found = list(getattr(host, f"replay_{name}")())
    assert (len(found), sum(found)) == (LINES[name], LINES[name])


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
@pytest.mark.parametrize(
    "flags", [(), ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover")]
)
def test_c_replays_the_corpus(flags):
    expected = [f"{name} {count} {count}" for name, count in LINES.items()]
    assert run.run_c(*flags).splitlines() == expected


READERS = ("zip", "bundle", "json", "text", "upgrade", "vocabulary")
#: The lines with a branch that the corpus does not take.
EXEMPT = {
    # Files of gigabytes, and of a million tokens.
    "zip": {
        "if (file.size < END_BYTES || file.size > 0x7fffffffu) return EDGERNN_ERROR_NOT_A_BUNDLE;"
    },
    "vocabulary": {
        "if (!line.next || line.length > EDGERNN_MOST_TOKEN_BYTES || id == EDGERNN_MOST_TOKENS) {",
        "return id < 2 || bytes > 0x7fffffffu ? EDGERNN_ERROR_MALFORMED_VOCABULARY : EDGERNN_OK;",
        # An empty token, of a text that is not split: test_native_c has those.
        "if (length == 0) return EDGERNN_PAD;",
    },
    # A bundle for another engine, which Python runs: test_libedgernn has one.
    "bundle": {
        'if (!edgernn_json_equals(edgernn_json_get(bundle->manifest, "format"), "native")) {',
        "return EDGERNN_ERROR_OTHER_FORMAT;",
    },
    # A build without steps or Unicode: test_switches has those.
    "text": {"if (is_left_out) return EDGERNN_ERROR_NOT_IN_BUILD;"},
    # More than 16,384 labels.
    "upgrade": {"return h->label_count >= 1 && h->label_count <= EDGERNN_MOST_LABELS;"},
    # A number at the end of the text: those that are read stand in an object. The names that are
    # compared are short. No result is below 0: the sign is read apart.
    "json": {
        r'while (p < value.end && !strchr(",:{}[]\" \t\n\r", *p)) p++;',
        "if (length > sizeof bytes) return 0;",
        "for (; p < value.end && *p >= '0' && *p <= '9'; p++) {",
        'if (p < value.end && strchr("-.eE", *p)) return 0;',
        "for (; p < end && ((*p >= '0' && *p <= '9') || *p == '.'); p++) {",
        "if (p < end && (*p == 'e' || *p == 'E')) {",
        "if (p < end && (*p == '+' || *p == '-')) sign = *p++ == '-' ? -1 : 1;",
        "for (; p < end && *p >= '0' && *p <= '9'; p++) power = power < 9999 ? 10 * power + (*p - '0') : power;",
        "return (!is_negative || digits <= 0) && result >= 0 && result <= 1;",
    },
}


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
def test_the_corpus_takes_every_branch_of_the_readers(tmp_path):
    program = build(
        "../../../tests/hosts/host", tmp_path / "host", "-O0", "--coverage", compiler="gcc"
    )
    subprocess.run([program, host.HOSTS], check=True, capture_output=True)
    for name in READERS:
        never = branches_never_taken(tmp_path, "host", name)
        assert set(never) == EXEMPT.get(name, set()), name


def test_a_broken_file_is_made_of_its_parts():
    base = bytes(range(100)) * 3
    for data in (b"", base, base[:50], base[7:90] + b"new" + base[120:], b"x" * 40 + base):
        assert host.broken_file(base, make.parts_of(base, data)) == data


def test_the_corpus_is_what_the_code_writes():
    """Bundles of the corpus are those that today's writer gives."""
    for name, data in corpus.prediction_bundles():
        assert (host.BUNDLES / f"{name}.edgernn").read_bytes() == data, name


def test_the_page_of_hosts_has_every_host():
    rows = run.PAGE.read_text().partition(run.BEGIN)[2].partition(run.END)[0].splitlines()[3:]
    cells = [row.split(" | ") for row in rows]
    expected = [name for name in run.ALL if not name.startswith("wheel-")]
    assert [row[0].removeprefix("| ") for row in cells] == expected, "next: tests.hosts.run --write"
    for _, result in cells:
        counts = re.findall(r"([\d,]+) of ([\d,]+)", result)
        assert all(passed == count for passed, count in counts)
        assert counts or result.startswith("not run here: ")
