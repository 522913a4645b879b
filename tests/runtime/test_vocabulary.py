"""The vocabulary file keeps every token, and malformed files are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn_runtime.errors import BundleFormatError
from edgernn_runtime.vocabulary import MAX_TOKEN_BYTES, decode_vocabulary, encode_vocabulary

TOKENS = st.lists(
    st.text(
        st.one_of(
            st.sampled_from("\\nr\n\r a\u0085\u2028"), st.characters(exclude_categories=["Cs"])
        ),
        max_size=12,
    ).map(str.encode),
    unique=True,
    min_size=1,
)


@given(TOKENS)
def test_a_round_trip_keeps_the_tokens(tokens):
    assert decode_vocabulary(encode_vocabulary(tokens)) == tuple(tokens)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    try:
        tokens = decode_vocabulary(data)
    except BundleFormatError:
        return
    assert encode_vocabulary(tokens) == data


def test_a_line_is_a_token_and_its_number_the_id():
    assert (
        encode_vocabulary([b"", b"[UNK]", b"a b", b"\\n", b"\n"]) == b"\n[UNK]\na b\n\\\\n\n\\n\n"
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "a line feed after every token"),
        (b"a", "no line feed after the last"),
        (b"a\r\nb\r\n", "a carriage return"),
        (b"a\n\\x\n", "another escape in line 2"),
        (b"a\n\\", "no line feed after the last"),
        (b"a\\\n", "another escape in line 1"),
        (b"a\na\n", "a duplicate token"),
        (b"\xff\n", "an invalid byte at offset 0"),
    ],
)
def test_a_malformed_file_is_refused(data, message):
    with pytest.raises(BundleFormatError, match="vocabulary is malformed") as caught:
        decode_vocabulary(data)
    assert message in str(caught.value)


def test_the_longest_token_is_read_and_a_longer_one_is_refused():
    longest = b"a" * MAX_TOKEN_BYTES
    assert decode_vocabulary(longest + b"\n") == (longest,)
    with pytest.raises(BundleFormatError, match="65,536 bytes in line 1"):
        decode_vocabulary(longest + b"a\n")
