"""The choice of the tokenizer on the validation texts, for `--tokenizer auto`."""

from __future__ import annotations

from dataclasses import replace

from edgernn.data.rows import Rows
from edgernn.training.encoding import encode
from edgernn.training.keras_builder import build_tokenizer
from edgernn.training.options import Preset, TokenizerOption, WideOptions
from edgernn.training.path_scores import LEAST_GAIN, join_paths
from edgernn.training.wide import fit_wide


def compare_tokenizers(
    training: Rows, validation: Rows, labels: tuple[str, ...], preset: Preset
) -> dict[TokenizerOption, float]:
    """Return the log loss of the wide path on the validation texts, by tokenizer.

    Args:
        training: the texts that the wide path is fitted on.
        validation: the texts that it is evaluated on.
        labels: the names of the classes.
        preset: the options.
    """
    rules: tuple[TokenizerOption, ...] = ("keras", "words")
    return {name: _log_loss(training, validation, labels, preset, name) for name in rules}


def choose_tokenizer(losses: dict[TokenizerOption, float]) -> TokenizerOption:
    """Return `words` if its log loss is lower by more than noise, else `keras`."""
    return "words" if losses["words"] < (1 - LEAST_GAIN) * losses["keras"] else "keras"


def _log_loss(
    training: Rows,
    validation: Rows,
    labels: tuple[str, ...],
    preset: Preset,
    tokenizer: TokenizerOption,
) -> float:
    layers = build_tokenizer(training.texts, replace(preset.text, tokenizer=tokenizer))
    balanced = preset.training.balance_classes
    fitting = encode(layers, training, labels, balanced=balanced)
    held_out = encode(layers, validation, labels, balanced=balanced)
    options, vocabulary = preset.wide or WideOptions(), layers[0].get_vocabulary()
    wide = fit_wide(fitting, held_out, vocabulary, len(labels), options)
    _, scores = join_paths(preset, wide.validation, None, held_out.targets)
    return scores.bag.log_loss
