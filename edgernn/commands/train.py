"""`edgernn train`."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

import click

from edgernn.commands.options import (
    Size,
    data_options,
    force_option,
    json_option,
    to_data_options,
)
from edgernn.errors import UsageError
from edgernn.model_folder import DEFAULT
from edgernn.training.options import (
    PRESETS,
    NetworkOptions,
    Preset,
    TextOptions,
    TrainingOptions,
    WideOptions,
)
from edgernn_runtime.ir import Pattern
from edgernn_runtime.tokenizer import RULES, TRUNCATE


class _Units(click.ParamType[tuple[int, ...]]):
    name = "N[,N...]"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        """Return the hidden sizes that a list such as `64,32` names."""
        if isinstance(value, tuple):
            return value
        try:
            units = tuple(int(part) for part in value.split(","))
        except ValueError:
            units = ()
        if not units or min(units) < 1:
            self.fail(f"{value!r} is not a list of sizes such as 64,32", param, ctx)
        return units


class _Patterns(click.ParamType[tuple[Pattern, ...]]):
    name = "PATTERN[,PATTERN...]"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[Pattern, ...]:
        """Return the patterns that a list such as `bigram,skip` names."""
        if isinstance(value, tuple):
            return value
        known = get_args(Pattern)
        parts = tuple(value.split(","))
        if not set(parts) <= set(known) or len(set(parts)) != len(parts):
            self.fail(f"{value!r} is not a list of {' | '.join(known)}", param, ctx)
        return parts


_POSITIVE = click.IntRange(min=1)
_SHARE = click.FloatRange(0, 1, max_open=True)
#: What of a preset each option sets.
_SECTIONS = {"text": TextOptions, "network": NetworkOptions, "wide": WideOptions}
_FIELDS = {
    f.name: section
    for section, options in (*_SECTIONS.items(), ("training", TrainingOptions))
    for f in fields(options)
}


#: An option for each field of a preset.
_OPTIONS = (
    click.option("--cell", type=click.Choice(["lstm", "gru", "rnn"])),
    click.option("--units", type=_Units(), help="Hidden sizes, a layer each."),
    click.option("--embedding-dim", type=_POSITIVE),
    click.option(
        "--pooling",
        type=click.Choice(["last", "max+average"]),
        help="What is taken of the states of the last layer.",
    ),
    click.option("--dense-units", type=click.IntRange(min=0), help="0 for no layer."),
    click.option("--vocabulary-size", type=click.IntRange(min=3), help="Tokens."),
    click.option(
        "--tokenizer",
        type=click.Choice(RULES),
        help="Rules of ASCII, or of Unicode: case, words and scripts without spaces.",
    ),
    click.option("--max-length", type=_POSITIVE, help="Tokens read of a text."),
    click.option(
        "--truncate",
        type=click.Choice(TRUNCATE),
        help="Which tokens of a longer text are read.",
    ),
    click.option("--dropout", type=_SHARE, help="Between layers."),
    click.option("--spatial-dropout", type=_SHARE, help="Of the embedding, alike at all steps."),
    click.option("--buckets", type=_POSITIVE, help="The most hashed n-grams."),
    click.option("--patterns", type=_Patterns(), help="Which n-grams are hashed."),
    click.option("--epochs", type=_POSITIVE, help="Passes over the data."),
    click.option(
        "--steps",
        type=_POSITIVE,
        help="Batches in all for two classes, where --epochs is not given.",
    ),
    click.option("--batch-size", type=_POSITIVE),
    click.option(
        "--learning-rate",
        type=click.FloatRange(0, min_open=True),
        help="Adam's at the start.",
    ),
    click.option("--schedule", type=click.Choice(["linear", "cosine"])),
    click.option("--averaging", type=_SHARE, help="Decay of the average of the weights."),
    click.option(
        "--vectors",
        type=click.IntRange(min=0),
        help="Epochs of skip-gram on the texts, for the embedding to start from.",
    ),
    click.option("--adversarial", type=_SHARE, help="Size of an adversarial step; 0 for none."),
    click.option(
        "--keep", type=click.Choice(["loss", "accuracy"]), help="What the best epoch is best by."
    ),
    click.option("--patience", type=_POSITIVE, help="Epochs without a better loss."),
    click.option("--seed", type=click.IntRange(0, 2**31 - 1)),
)


def _options(function: Any) -> Any:
    """Add the options of a preset."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.command()
@data_options("reviews")
@click.option(
    "--preset",
    "preset_name",
    type=click.Choice(list(PRESETS)),
    default="small",
    show_default=True,
    help="What every option below is set to, unless it is given: "
    + "; ".join(f"{preset.name}: {preset.summary}" for preset in PRESETS.values())
    + ".",
)
@click.option(
    "--unlabeled", type=click.Path(path_type=Path), help="Texts without labels to learn from too."
)
@click.option(
    "--max-size", type=Size(), help="The largest int8 bundle, such as 1MB: sizes are cut to fit."
)
@click.option(
    "--validation", type=click.Path(path_type=Path), help="A file to validate on.", default=None
)
@click.option(
    "--validation-split",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="The share to validate on, where the data has no part of its own for it.  [default: 0.1]",
)
@_options
@click.option("--class-weight", type=click.Choice(["none", "balanced"]), default="none")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=DEFAULT,
    show_default=True,
    help="The model folder to write.",
)
@force_option
@json_option
def train(**values: Any) -> None:
    """Train a classifier on labeled texts.

    A linear classifier of words and n-grams is fitted in seconds and a recurrent network beside
    it; their sum is kept where it has a lower log loss on the validation texts than the linear
    one alone. Ctrl-C ends the training and keeps the best epoch so far.

    Example: edgernn train --data reviews.csv --preset small --max-size 500KB
    """
    preset = _preset(values)
    from edgernn.heavy import import_tensorflow

    import_tensorflow()
    from edgernn.training.run import TrainRequest, run_training

    request = TrainRequest(
        data=to_data_options(values, values["data"]),
        validation=values["validation"],
        validation_split=values["validation_split"],
        unlabeled=values["unlabeled"],
        max_size=values["max_size"],
        preset=preset,
        out=values["out"],
        overwrite=values["force"],
    )
    run_training(request, as_json=values["as_json"])


def _preset(values: dict[str, Any]) -> Preset:
    """Return the preset with the options that were given in place of its own."""
    preset = PRESETS[values["preset_name"]]
    given = {name: values[name] for name in _FIELDS if values.get(name) is not None}
    if values["class_weight"] == "balanced":
        given["balance_classes"] = True
    for name, value in given.items():
        section = _FIELDS[name]
        options = getattr(preset, section)
        if options is None:
            having = [one.name for one in PRESETS.values() if getattr(one, section) is not None]
            option = "--" + name.replace("_", "-")
            raise UsageError(
                f"{option} does not fit the preset",
                expected=f"--preset {' | '.join(having)}",
                found=f"--preset {preset.name}, which has no {section} path",
                hint=f"leave out {option}",
            )
        preset = replace(preset, **{section: replace(options, **{name: value})})
    return preset
