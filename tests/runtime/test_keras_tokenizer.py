"""The rules `steps` against Keras's Tokenizer and pad_sequences."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgernn_runtime.tokenizer import Tokenizer, TokenizerSpec, with_padding
from edgernn_runtime.tokenizer_spec import MAX_IDS

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
ALPHABET = "abAB'. ,\t\n!Σσς\u0301\u00ad·İiıÉéßẞ文𐐀\u00a0\u2028\ufffd<>"
WORDS = st.text(ALPHABET, max_size=12)


def converted(tokenizer) -> Tokenizer:
    """Return our tokenizer for a Tokenizer of Keras that was fitted."""
    oov = tokenizer.word_index.get(tokenizer.oov_token)
    limit = tokenizer.num_words or MAX_IDS
    kept = {n: word for word, n in tokenizer.word_index.items() if n < limit or n == oov}
    words = [kept.get(n, f"\0{n}") for n in range(1, max(kept, default=1) + 1)]
    spec = TokenizerSpec(
        rules="steps",
        steps=("unicode_lower",) if tokenizer.lower else (),
        split="character" if tokenizer.char_level else "separators",
        separators="" if tokenizer.char_level else tokenizer.filters + tokenizer.split,
        oov=oov,
    )
    return Tokenizer(spec, [b"", *(word.encode() for word in words)])


def with_limit(tokenizer: Tokenizer, length: int, truncating: str) -> Tokenizer:
    """Return a tokenizer that keeps at most some ids."""
    changes = {"max_length": length, "truncate": "tail" if truncating == "pre" else "head"}
    spec = TokenizerSpec(**{**vars(tokenizer.spec), **changes})
    return Tokenizer(spec, tokenizer.vocabulary)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    fitted=st.lists(WORDS, min_size=1, max_size=4),
    texts=st.lists(WORDS, min_size=1, max_size=4),
    num_words=st.sampled_from([None, 2, 4]),
    filters=st.sampled_from([FILTERS, "", "a.Σ"]),
    lower=st.booleans(),
    split=st.sampled_from([" ", "b", "·"]),
    char_level=st.booleans(),
    oov_token=st.sampled_from([None, "<OOV>", "a"]),
    length=st.integers(1, 6),
    padding=st.sampled_from(["pre", "post"]),
    truncating=st.sampled_from(["pre", "post"]),
)
def test_ids_and_padding_are_those_of_keras(
    fitted, texts, length, padding, truncating, oov_token, **options
):
    from keras.src.legacy.preprocessing import text as legacy
    from keras.utils import pad_sequences

    theirs = legacy.Tokenizer(oov_token=oov_token, **options)
    theirs.fit_on_texts(fitted)
    sequences = theirs.texts_to_sequences(texts)
    ours = converted(theirs)
    assert [ours.ids(text).tolist() for text in texts] == sequences
    limited = with_limit(ours, length, truncating)
    rows = [with_padding(limited.ids(text), length, padding).tolist() for text in texts]
    expected = pad_sequences(sequences, length, padding=padding, truncating=truncating)
    assert rows == expected.tolist()
    for text in texts:
        assert len(limited.tokens(text)) == len(limited.ids(text))
