"""The reader of TextVectorization layers, inside a model or in front of it.

UnicodeTextVectorization, our own layer, is read in the same way.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from edgernn_export.errors import ModelFileError, OptionError, UnsupportedModelError
from edgernn_export.keras.layer_chain import VECTORIZERS, KerasModel, all_layers
from edgernn_export.keras.model_file import load_keras
from edgernn_runtime import EdgernnError
from edgernn_runtime.tokenizer import SPLIT, STANDARDIZE, TokenizerSpec
from edgernn_runtime.vocabulary import decode_vocabulary

#: The tokens of the ids 0 and 1 in a TextVectorization layer.
_PAD, _OUT_OF_VOCABULARY = b"", b"[UNK]"
_Name = TypeVar("_Name", bound=str)


def read_tokenizer(layer: KerasModel) -> tuple[TokenizerSpec, int | None]:
    """Return the spec of a TextVectorization layer, and the length that it pads to.

    Raises:
        UnsupportedModelError: the tokenizer contract does not cover an option.
    """
    if type(layer).__name__ == "UnicodeTextVectorization":
        spec: TokenizerSpec = layer.spec
        return spec, spec.max_length
    config = layer.get_config()
    for name, expected in (("output_mode", "int"), ("ragged", False), ("encoding", "utf-8")):
        if config[name] != expected:
            raise _tokenizer_option(layer, name, (str(expected),), config[name])
    standardize = _named(layer, "standardize", STANDARDIZE, config["standardize"] or "none")
    split = _named(layer, "split", SPLIT, config["split"] or "none")
    ngrams, max_length = config["ngrams"] or (), config["output_sequence_length"]
    widths = tuple(range(1, ngrams + 1)) if isinstance(ngrams, int) else tuple(ngrams)
    spec = TokenizerSpec(standardize=standardize, split=split, ngrams=widths, max_length=max_length)
    return spec, max_length


def read_vocabulary(layer: KerasModel) -> tuple[bytes, ...]:
    """Return the tokens of a TextVectorization layer in id order, as UTF-8."""
    return tuple(token.encode() for token in layer.get_vocabulary())


def load_vectorizer(path: Path, model: KerasModel, max_length: int | None) -> KerasModel:
    """Return the TextVectorization layer to put in front of a model that takes ids.

    Args:
        path: a `.keras` file that contains one, or a vocabulary of one token a line in id order,
            for which the layer has Keras's default options.
        model: the model.
        max_length: for a vocabulary file: the length to truncate and pad to, if the model's input
            does not state it; None for neither.

    Raises:
        ModelFileError: the file does not exist, or contains no such layer or vocabulary.
        OptionError: a length is given for a `.keras` file.
        UnsupportedModelError: the model's inputs are not token ids.
    """
    if path.suffix == ".keras":
        if max_length is not None:
            raise OptionError(
                "the file contains the length",
                expected="no --max-length",
                found=f"--max-length {max_length}",
                hint="leave out --max-length",
            )
        return _vectorizer_in(path)
    return _vectorizer_from(path, input_length(model) or max_length)


def check_length(model: KerasModel, vectorizer: KerasModel, length: int | None) -> None:
    """Check that a layer in front of a model pads to the length that the model takes.

    Raises:
        OptionError: the model takes another length.
    """
    wanted = input_length(model)
    if wanted is not None and wanted != length:
        raise OptionError(
            "the vocabulary's layer pads to another length than the model takes",
            expected=f"output_sequence_length={wanted}",
            found=f"layer {vectorizer.name}, output_sequence_length={length}",
            hint="use the layer that the model was trained with",
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


def _vectorizer_in(path: Path) -> KerasModel:
    layers = all_layers(load_keras(path))
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


def _vectorizer_from(path: Path, length: int | None) -> KerasModel:
    from keras.layers import TextVectorization

    hint = (
        "write layer.get_vocabulary() as UTF-8, one token a line: an empty line, then [UNK]; "
        "or give a .keras file"
    )
    try:
        tokens = decode_vocabulary(path.read_bytes())
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
    return TextVectorization(vocabulary=words, output_sequence_length=length)


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
        hint="build the layer with one of these; docs/tokenizer.md has the contract",
    )
