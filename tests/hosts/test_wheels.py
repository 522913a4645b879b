"""Each wheel that was built, and whose Python is here, replays the whole corpus."""

from __future__ import annotations

import pytest

from tests.hosts import pythons, run, wheels
from tests.hosts.test_hosts import LINES


@pytest.mark.parametrize("target", wheels.TARGETS, ids=lambda target: target.name)
def test_a_wheel_replays_the_corpus(target):
    found = wheels.replay(target)
    if found.reason:
        pytest.skip(found.reason)
    expected = [f"{name} {count} {count}" for name, count in LINES.items()]
    assert found.output.splitlines() == expected


def test_a_wheel_that_cannot_run_says_why(monkeypatch, tmp_path):
    monkeypatch.setattr(wheels, "DIST", tmp_path)
    monkeypatch.setattr(pythons, "PYTHONS", tmp_path)
    reasons = {target.name: wheels.missing(target) for target in wheels.TARGETS}
    assert reasons["macos-arm64"] == "no macOS to run it on"
    assert reasons["manylinux-riscv64"] == "not built: make wheels"
    emulated = pythons.Debian("riscv64", ("trixie",), "riscv64-linux-gnu", ("no-such-emulator",))
    assert emulated.missing().startswith("no-such-emulator is missing: apt-get install")
    assert {f"wheel-{name}" for name in reasons} < set(run.ALL)
