"""The reader of TextVectorization layers, inside a model or in front of it.

UnicodeTextVectorization, our own layer, is read in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from edgernn_export.errors import ModelFileError, OptionError, UnsupportedModelError
from edgernn_export.keras.layer_chain import VECTORIZERS, KerasModel, all_layers
from edgernn_export.keras.model_file import load_keras
from edgernn_export.keras.text_front import Ids, TextFront, standardized
from edgernn_export.keras.trusted_code import TrustedCode
from edgernn_runtime import EdgernnError
from edgernn_runtime.tokenizer_spec import SPLIT, STANDARDIZE, Standardize, Step, TokenizerSpec
from edgernn_runtime.vocabulary import decode_vocabulary

#: The tokens of the ids 0 and 1 in a TextVectorization layer.
_PAD, _OUT_OF_VOCABULARY = b"", b"[UNK]"
#: The same as steps.
_STEPS: dict[Standardize, tuple[Step, ...]] = {
    "lower_and_strip_punctuation": ("lower", "strip_punctuation"),
    "lower": ("lower",),
    "strip_punctuation": ("strip_punctuation",),
    "none": (),
}
_Name = TypeVar("_Name", bound=str)


def read_tokenizer(
    layer: KerasModel, steps: tuple[Step, ...] = ()
) -> tuple[TokenizerSpec, int | None]:
    """Return the spec of a TextVectorization layer, and the length that it pads to.

    Args:
        layer: the layer.
        steps: what the layer's own Python function does, or the user's code in front of the layer,
            as declared.

    Raises:
        UnsupportedModelError: the tokenizer contract does not cover an option.
        OptionError: steps are declared for a layer that has no place for them.
    """
    if type(layer).__name__ == "UnicodeTextVectorization":
        if steps:
            raise OptionError(
                "--standardize does not fit the model",
                expected="a TextVectorization layer, a Tokenizer or a word index",
                found=f"layer {layer.name}, a UnicodeTextVectorization",
                hint="leave out --standardize",
            )
        spec: TokenizerSpec = layer.spec
        return spec, spec.max_length
    config = layer.get_config()
    for name, expected in (("output_mode", "int"), ("ragged", False), ("encoding", "utf-8")):
        if config[name] != expected:
            raise _tokenizer_option(layer, name, (str(expected),), config[name])
    own = config["standardize"] or "none"
    if own_steps := _steps_of(own):
        own, steps = "none", (*steps, *own_steps)
    # The declared steps describe a function; what has a name follows them.
    standardize = "none" if steps and not isinstance(own, str) else own
    standardize = _named(layer, "standardize", STANDARDIZE, standardize)
    split = _named(layer, "split", SPLIT, config["split"] or "none")
    ngrams, max_length = config["ngrams"] or (), config["output_sequence_length"]
    widths = tuple(range(1, ngrams + 1)) if isinstance(ngrams, int) else tuple(ngrams)
    spec = TokenizerSpec(standardize=standardize, split=split, ngrams=widths, max_length=max_length)
    if steps:
        spec = replace(spec, rules="steps", steps=(*steps, *_STEPS[standardize]))
        spec = replace(spec, standardize=TokenizerSpec.standardize)
    return spec, max_length


def has_function(layer: KerasModel) -> bool:
    """Return whether a TextVectorization layer standardizes by a Python function of its user."""
    function = layer.get_config().get("standardize")
    return callable(function) and not _steps_of(function)


def _steps_of(standardize: object) -> tuple[Step, ...]:
    """Return the steps of our own standardization, () for any other."""
    from edgernn_export.keras.word_text import WORD_STEPS, lower_and_split_at_punctuation

    return WORD_STEPS if standardize is lower_and_split_at_punctuation else ()


def read_vocabulary(layer: KerasModel) -> tuple[bytes, ...]:
    """Return the tokens of a TextVectorization layer in id order, as UTF-8."""
    return tuple(token.encode() for token in layer.get_vocabulary())


def load_vectorizer(
    path: Path, steps: tuple[Step, ...] = (), trusted: TrustedCode | None = None
) -> TextFront:
    """Return the TextVectorization layer to put in front of a model that takes ids.

    Args:
        path: a `.keras` file that contains one, or a vocabulary of one token a line in id order,
            for which the layer has Keras's default options.
        steps: what the user's code does to a text before the layer.
        trusted: the classes and functions of a module that the user trusts, for a `.keras` file.

    Raises:
        ModelFileError: the file does not exist, or contains no such layer or vocabulary.
        UnsupportedModelError: the tokenizer contract does not cover an option of the layer.
    """
    if path.suffix != ".keras":
        return vectorizer_front(_vectorizer_from(path), steps)
    model = load_keras(path, trusted, declared_standardize=bool(steps))
    return vectorizer_front(_vectorizer_in(path, model), steps)


def vectorizer_front(layer: KerasModel, steps: tuple[Step, ...] = ()) -> TextFront:
    """Return a TextVectorization layer as a front of a model that takes ids.

    Args:
        layer: the layer.
        steps: what the user's code does to a text before the layer.

    Raises:
        UnsupportedModelError: the tokenizer contract does not cover an option.
    """
    spec, length = read_tokenizer(layer, steps)
    bare = type(layer).from_config({**layer.get_config(), "output_sequence_length": None})
    bare.set_vocabulary(layer.get_vocabulary())

    is_ours = bool(steps) and not has_function(layer)

    def look_up(texts: Sequence[str | bytes]) -> list[Ids]:
        import tensorflow as tf

        prepared = standardized(steps, texts) if is_ours else texts
        # The layer fails on an empty text alone.
        rows = np.asarray(bare(tf.constant([*prepared, "a"])), np.int64)
        return [np.trim_zeros(row, "b") for row in rows[:-1]]

    return TextFront(
        name=f"layer {layer.name}",
        reference="Keras on edgernn's own ids",
        spec=spec,
        vocabulary=read_vocabulary(layer),
        look_up=look_up,
        length=length,
        truncates_itself=True,
    )


def input_length(model: KerasModel) -> int | None:
    """Return the number of ids that a model takes, or None for any number.

    Raises:
        UnsupportedModelError: its inputs are not ids, or have several lengths.
    """
    lengths = {tensor.shape[1] for tensor in model.inputs if len(tensor.shape) == 2}
    if len(lengths) != 1 or any(len(tensor.shape) != 2 for tensor in model.inputs):
        raise UnsupportedModelError(
            "the model's inputs are not token ids",
            expected="inputs of one shape [N, T]",
            found=", ".join(f"{x.name} {list(x.shape)}" for x in model.inputs),
            hint="features beside the text cannot be exported",
        )
    length: int | None = lengths.pop()
    return length


def _vectorizer_in(path: Path, model: KerasModel) -> KerasModel:
    layers = all_layers(model)
    found = [layer for layer in layers if type(layer).__name__ in VECTORIZERS]
    if len(found) != 1:
        raise ModelFileError(
            "this file does not contain a tokenizer",
            path=path,
            expected="a model with one TextVectorization layer",
            found=f"{len(found)} of them among {len(layers)} layers",
            hint="keras.Sequential([keras.Input((1,), dtype='string'), layer]).save('text.keras')",
        )
    return found[0]


def _vectorizer_from(path: Path) -> KerasModel:
    from keras.layers import TextVectorization

    hint = (
        "write layer.get_vocabulary() as UTF-8, one token a line: an empty line, then [UNK]; "
        "or give a .keras file"
    )
    try:
        data = path.read_bytes()
        # "\n".join(get_vocabulary()) has no last line feed. A last token cannot be empty, because
        # the pad is.
        tokens = decode_vocabulary(data if data.endswith(b"\n") or not data else data + b"\n")
    except OSError as error:
        raise ModelFileError(
            "the vocabulary cannot be read", path=path, found=error.strerror, hint=hint
        ) from error
    except EdgernnError as error:
        raise ModelFileError(
            error.what, path=path, expected=error.expected, found=error.found, hint=hint
        ) from error
    if tokens[:2] != (_PAD, _OUT_OF_VOCABULARY):
        raise ModelFileError(
            "the vocabulary does not start with the pad and the out-of-vocabulary token",
            path=path,
            expected="an empty line, then [UNK]",
            found=", then ".join(repr(token.decode()) for token in tokens[:2]),
            hint=hint,
        )
    words = [token.decode() for token in tokens[2:]]
    return TextVectorization(vocabulary=words)


def _named(layer: KerasModel, option: str, allowed: tuple[_Name, ...], found: object) -> _Name:
    for name in allowed:
        if found == name:
            return name
    raise _tokenizer_option(layer, option, allowed, found)


def _tokenizer_option(
    layer: KerasModel, name: str, allowed: tuple[str, ...], found: object
) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"layer {layer.name}: {name} is outside the tokenizer contract",
        expected=" | ".join(allowed),
        found=f"the function {found.__name__}" if hasattr(found, "__name__") else str(found),
        hint=(
            "--standardize STEPS states what the function does"
            if name == "standardize" and callable(found)
            else "build the layer with one of these; docs/tokenizer.md has the contract"
        ),
    )
