"""Every host replays the whole corpus, and the C host does so under sanitizers."""

from __future__ import annotations

import shutil

import pytest

from tests.hosts import host, make, run

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


def test_a_broken_file_is_made_of_its_parts():
    base = bytes(range(100)) * 3
    for data in (b"", base, base[:50], base[7:90] + b"new" + base[120:], b"x" * 40 + base):
        assert host.broken_file(base, make.parts_of(base, data)) == data


def test_the_corpus_is_what_the_code_writes():
    """Bundles of the corpus are those that today's writer gives."""
    for name, data in make.prediction_bundles():
        assert (host.BUNDLES / f"{name}.edgernn").read_bytes() == data, name
