"""The tables of lower case against `str.lower` of a Python with their version of Unicode."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgernn_runtime.unicode_lower import unicode_lower
from edgernn_runtime.unicode_tables import UNICODE_VERSION

pytestmark = pytest.mark.skipif(
    unicodedata.unidata_version != UNICODE_VERSION,
    reason=f"this Python has Unicode {unicodedata.unidata_version}, the tables {UNICODE_VERSION}",
)
#: Letters with and without case, and code points of all kinds that ignore case.
SIGMAS = "ΣΣΣσςaAİıʰͅß'’.:·\u00ad\u0301\u0307\u200d😀🏽文1 -\U000e0101𐐀"


def test_every_code_point_alone_and_in_front_of_a_sigma():
    """A line for each one: its lower case, and whether it is cased or ignored."""
    for template in ("{}\n", "{}Σ\n", "a{}Σ\n"):
        text = "".join(template.format(chr(i)) for i in range(0x110000))
        assert unicode_lower(text) == text.lower()


@settings(max_examples=1000)
@given(st.text(SIGMAS, max_size=12) | st.text(max_size=12))
def test_texts(text):
    assert unicode_lower(text) == text.lower()


def test_lower_case_does_not_change_again():
    """The scratch in C has room for one growth of a character."""
    lowered = "".join(map(chr, range(0x110000))).lower()
    assert unicode_lower(lowered) == lowered


@pytest.mark.parametrize("text", ["Σ" * 300_000, "Σ'" * 150_000, "a" + "'" * 300_000 + "Σ"])
def test_many_sigmas_take_linear_time(text):
    assert unicode_lower(text) == text.lower()


def test_random_texts_of_letters_with_case():
    draw = random.Random(1)
    letters = [chr(i) for i in range(0x20000) if chr(i).lower() != chr(i)]
    for _ in range(200):
        text = "".join(draw.choices([*letters, *SIGMAS], k=50))
        assert unicode_lower(text) == text.lower()
