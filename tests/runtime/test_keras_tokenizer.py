"""The rules `steps` against Keras: Tokenizer, TextVectorization with a function, its datasets."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgernn_runtime.tokenizer import STEPS, Tokenizer, TokenizerSpec, with_padding
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


LETTERS = (
    "aAbBzZ09 <>/br.!'-~\t\r\n\u00a0\u00e9\u00c9\u00df\u0130\u03a3\u0391\u0301\u6587\U00010400"
)
PIECES = st.sampled_from(["<br />", "<a b>", "AB", "film", "</", "\u0391\u03a3 "])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    texts=st.lists(st.lists(st.text(LETTERS, max_size=8) | PIECES).map("".join), max_size=10),
    steps=st.lists(st.sampled_from(STEPS), max_size=4).map(tuple),
    split=st.sampled_from(["whitespace", "character", "none"]),
    ngrams=st.sampled_from([(), (1, 2), (2,)]),
    length=st.sampled_from([None, 1, 5]),
)
def test_ids_are_those_of_a_vectorization_with_a_function(texts, steps, split, ngrams, length):
    import tensorflow as tf

    from tests.runtime.vectors.make_steps import vectorization

    spec = TokenizerSpec(rules="steps", steps=steps, split=split, ngrams=ngrams, max_length=length)
    # The words are half of those of the texts, so that each step decides about some.
    everything = Tokenizer(TokenizerSpec(**{**vars(spec), "max_length": None}), [b"", b"[UNK]"])
    found = dict.fromkeys(token for text in texts for token in everything.tokens(text))
    words = [token.decode() for token in found if token not in (b"", b"[UNK]")][::2]
    vocabulary = list(dict.fromkeys(["film", *words]))
    ours = Tokenizer(spec, [b"", b"[UNK]", *(word.encode() for word in vocabulary)])
    # Beside another text: Keras fails on an empty one alone.
    rows = vectorization(spec, vocabulary)(tf.constant([[text] for text in [*texts, "film film"]]))
    expected = [np.trim_zeros(row, "b").tolist() for row in rows.numpy()[:-1]]
    assert [np.trim_zeros(ours.ids(text), "b").tolist() for text in texts] == expected


@settings(max_examples=100)
@given(
    texts=st.lists(WORDS, min_size=1, max_size=4),
    words=st.lists(st.text("abéσς文", min_size=1, max_size=2), min_size=1, unique=True),
    num_words=st.integers(4, 9),
    length=st.integers(1, 6),
    padding=st.sampled_from(["pre", "post"]),
    truncating=st.sampled_from(["pre", "post"]),
)
def test_ids_are_those_of_the_datasets_of_keras(
    texts, words, num_words, length, padding, truncating
):
    """The numbers that `imdb.load_data` gives to the ranks of words."""
    from keras.src.legacy.preprocessing import text as legacy
    from keras.utils import pad_sequences

    rank = {word: i + 1 for i, word in enumerate(words)}
    lists = [legacy.text_to_word_sequence(text, filters=FILTERS) for text in texts]
    numbers = [[rank.get(word, num_words) + 3 for word in words] for words in lists]
    sequences = [[1] + [n if n < num_words else 2 for n in row] for row in numbers]
    spec = TokenizerSpec(
        rules="steps", steps=("unicode_lower",), split="separators",
        separators=FILTERS + " ", oov=2, start=1,
    )  # fmt: skip
    vocabulary = ["", "<START>", "<OOV>", "<UNUSED>", *words][:num_words]
    ours = with_limit(Tokenizer(spec, [word.encode() for word in vocabulary]), length, truncating)
    rows = [with_padding(ours.ids(text), length, padding).tolist() for text in texts]
    expected = pad_sequences(sequences, length, padding=padding, truncating=truncating)
    assert rows == expected.tolist()
