"""`edgernn train`."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

import click

import edgernn
from edgernn.commands.growth_options import growth_options
from edgernn.commands.options import (
    DetailOption,
    LongCommand,
    Size,
    data_options,
    force_option,
    get_precision,
    help_all_option,
    json_option,
    multilabel_options,
    precision_options,
    quiet_option,
)
from edgernn.console import INTERRUPTED, print_status, show, show_json, warn
from edgernn.errors import OptionError
from edgernn.model_folder import DEFAULT
from edgernn.progress import announce, epoch_progress
from edgernn.score_tables import changes_table, paths_table, scores_table
from edgernn.searching.trials import trials_table
from edgernn.training.options import (
    PRESETS,
    NetworkOptions,
    Preset,
    TextOptions,
    TokenizerOption,
    TrainingOptions,
    WideOptions,
)
from edgernn.training.preset_file import continued_preset
from edgernn_runtime.ir import Pattern
from edgernn_runtime.tokenizer import TRUNCATE


class _Units(click.ParamType[tuple[int, ...]]):
    name = "N[,N...]"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        """Return the hidden sizes in a list such as `64,32`."""
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
        """Return the patterns in a list such as `bigram,skip`."""
        if isinstance(value, tuple):
            return value
        known = get_args(Pattern)
        parts = tuple(value.split(","))
        if not set(parts) <= set(known):
            self.fail(f"{value!r} is not a list of {' | '.join(known)}", param, ctx)
        if len(set(parts)) != len(parts):
            self.fail(f"{value!r} lists a pattern twice", param, ctx)
        return parts


_POSITIVE = click.IntRange(min=1)
_SHARE = click.FloatRange(0, 1, max_open=True)
#: The section of a preset that each option belongs to.
_SECTIONS = {"text": TextOptions, "network": NetworkOptions, "wide": WideOptions}
_FIELDS = {
    f.name: section
    for section, options in (*_SECTIONS.items(), ("training", TrainingOptions))
    for f in fields(options)
}


#: Fields of `TrainingOptions` that affect the linear classifier too.
_SHARED_FIELDS = {"seed", "balance_classes"}

_detail = partial(click.option, cls=DetailOption)
#: An option for each field of a preset.
_OPTIONS = (
    _detail("--cell", type=click.Choice(["lstm", "gru", "rnn"]), help="Kind of recurrent cell."),
    _detail("--units", type=_Units(), help="Hidden size of each recurrent layer."),
    _detail("--embedding-dim", type=_POSITIVE, help="Size of a token's vector."),
    _detail(
        "--pooling",
        type=click.Choice(["last", "max+average"]),
        help="Last states of the last layer, or maximum and average of its states over time.",
    ),
    _detail(
        "--dense-units",
        type=click.IntRange(min=0),
        help="Size of a dense layer before the logits; 0: off.",
    ),
    _detail("--vocabulary-size", type=click.IntRange(min=3), help="Maximum vocabulary size."),
    click.option(
        "--tokenizer",
        type=click.Choice(get_args(TokenizerOption)),
        help="keras deletes punctuation, words splits there, auto tries both; unicode: any script.",
    ),
    click.option("--max-length", type=_POSITIVE, help="Maximum tokens per text."),
    _detail(
        "--truncate",
        type=click.Choice(TRUNCATE),
        help="Truncation of longer texts: keep the first tokens, or the first and the last.",
    ),
    _detail("--dropout", type=_SHARE, help="Dropout rate between layers."),
    _detail(
        "--spatial-dropout",
        type=_SHARE,
        help="Dropout rate of embedding dimensions, the same at all steps of a text.",
    ),
    _detail("--buckets", type=_POSITIVE, help="Maximum number of hashed n-gram weights."),
    _detail("--patterns", type=_Patterns(), help="Kinds of hashed n-grams."),
    click.option("--epochs", type=_POSITIVE, help="Passes over the data."),
    _detail(
        "--steps",
        type=_POSITIVE,
        help="Without --epochs: total batches for two classes; more classes take more.",
    ),
    _detail("--batch-size", type=_POSITIVE, help="Texts per batch."),
    _detail(
        "--learning-rate",
        type=click.FloatRange(0, min_open=True),
        help="Initial learning rate of Adam.",
    ),
    _detail(
        "--schedule",
        type=click.Choice(["linear", "cosine"]),
        help="Decay of the learning rate: linear to 5 %, or cosine to 0.",
    ),
    _detail("--averaging", type=_SHARE, help="Decay of the moving average of the weights; 0: off."),
    _detail(
        "--vectors",
        type=click.IntRange(min=0),
        help="Epochs of skip-gram on the texts to initialize the embedding; 0: random.",
    ),
    _detail(
        "--token-dropout",
        type=_SHARE,
        help="Share of tokens that each step makes unknown; with fewer than 9 epochs, less.",
    ),
    _detail(
        "--adversarial",
        type=_SHARE,
        help="Adversarial step as a share of the embedded text's norm; 0: off.",
    ),
    _detail(
        "--keep",
        type=click.Choice(["loss", "accuracy"]),
        help="Validation metric that selects the epoch.",
    ),
    _detail("--patience", type=_POSITIVE, help="Epochs without improvement before training stops."),
    click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Random seed."),
)


def _options(function: Any) -> Any:
    """Add the options of a preset."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


#: The options that are passed on under the same name.
_PASSED = (
    *("origin", "validation", "validation_split", "unlabeled", "max_size", "data_dir"),
    *("text_column", "label_column", "stream", "sample_texts", "steps_per_epoch"),
    *("distribute", "worker", "checkpoint_minutes"),
    *("label_delimiter", "label_columns", "other", "rare_label", "cost"),
)


@click.command(cls=LongCommand)
@data_options("reviews")
@multilabel_options
@click.option(
    "--preset",
    "preset_name",
    type=click.Choice(list(PRESETS)),
    show_default="small",
    help="Defaults of the other options: "
    + "; ".join(f"{preset.name}: {preset.summary}" for preset in PRESETS.values())
    + ".",
)
@click.option(
    "--unlabeled",
    type=click.Path(path_type=Path),
    help="File of unlabeled texts to learn from.",
)
@click.option(
    "--other",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File of texts that belong to no class.",
)
@click.option(
    "--max-size",
    type=Size(),
    help="Largest int8 bundle, such as 1MB; layer sizes are reduced to fit.",
)
@click.option(
    "--validation", type=click.Path(path_type=Path), help="Table to validate on.", default=None
)
@_detail(
    "--validation-split",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share to validate on, if the data has no validation part.  [default: 0.1]",
)
@growth_options
@_options
@_detail(
    "--class-weight",
    type=click.Choice(["none", "balanced"]),
    default="none",
    show_default=True,
    help="balanced: all classes have the same total weight.",
)
@precision_options
@_detail(
    "--rare-label",
    metavar="LABEL",
    help="Of two labels, the one that --min-precision or --cost is for; other texts get the other.",
)
@_detail(
    "--cost",
    type=click.FloatRange(0, min_open=True),
    help="What a missed text of --rare-label costs, if a false alarm costs 1.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=DEFAULT,
    show_default=True,
    help="Model folder to write.",
)
@click.option(
    "--tensorboard",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Write logs for TensorBoard.",
)
@force_option
@quiet_option
@json_option
@help_all_option
@click.pass_context
def train(ctx: click.Context, /, **values: Any) -> None:
    """Train a classifier on labeled texts.

    A linear classifier of words and n-grams is fitted in seconds, then a recurrent network is
    trained. Their sum is deployed if its log loss on the validation texts is lower than that of
    the linear classifier. Ctrl-C ends the training, keeps the best epoch so far, and gives the exit
    status 130; without one, it leaves a checkpoint at most.

    Example: edgernn train --data reviews.csv --preset small --max-size 500KB
    """
    options = {name: values[name] for name in _PASSED}
    options |= {"preset": _preset(values), "min_precision": get_precision(values)}
    announce("loading TensorFlow")
    if values["trials"] is not None:
        _search(values, options)
        return
    _check_search(values)
    with epoch_progress() as progress:
        result = edgernn.train(
            values["data"],
            values["out"],
            **options,
            overwrite=values["force"],
            tensorboard=values["tensorboard"],
            resume=values["resume"],
            progress=progress,
            note=print_status,
            warn=warn,
        )
    next_step = f"edgernn export {result.path} --format tflite --quantize int8"
    print_status(f"wrote {result.path}; next: {next_step}")
    if values["as_json"]:
        show_json(result.metrics)
    else:
        title, evaluation = f"{result.path}: validation", result.evaluation
        show(scores_table(title, result.scores, result.note, evaluation.coverage))
        show(paths_table(result.paths, result.deployed, result.scores.texts))
        if result.changes:
            show(changes_table(values["origin"], result.changes))
    if result.metrics["interrupted"]:
        ctx.exit(INTERRUPTED)


def _search(values: dict[str, Any], options: dict[str, Any]) -> None:
    """Search, and print the trials."""
    trials = edgernn.search(
        values["data"],
        values["out"],
        trials=values["trials"],
        max_latency=values["max_latency"],
        overwrite=values["force"],
        note=print_status,
        warn=warn,
        **options,
    )
    print_status(f"wrote {values['out']}, and the trials to {values['out']}.search")
    if values["as_json"]:
        show_json([asdict(trial) for trial in trials])
    else:
        show(trials_table(trials))


def _check_search(values: dict[str, Any]) -> None:
    if values["max_latency"] is not None:
        raise OptionError(
            "--max-latency needs --search",
            expected="--search N, which measures the latency of each trial",
            found="no --search",
            hint="add --search 20, or leave out --max-latency",
        )


def _preset(values: dict[str, Any]) -> Preset:
    """Return the preset, with the given options replaced."""
    preset = _base(values["preset_name"], values["origin"])
    given = {name: values[name] for name in _FIELDS if values.get(name) is not None}
    if values["class_weight"] == "balanced":
        given["balance_classes"] = True
    for name, value in given.items():
        section = _FIELDS[name]
        _check_fit(preset, name, section)
        options = replace(getattr(preset, section), **{name: value})
        preset = replace(preset, **{section: options})
    return preset


def _base(name: str | None, origin: Path | None) -> Preset:
    """Return the named preset, or that of the model to continue from."""
    if origin is None:
        return PRESETS[name or "small"]
    if name is not None:
        raise OptionError(
            "--preset does not fit --from",
            expected="the preset of the trained model",
            found=f"--preset {name}",
            hint="leave out --preset",
        )
    return continued_preset(origin)


def _check_fit(preset: Preset, name: str, section: str) -> None:
    """Check that an option has an effect on a preset.

    Raises:
        OptionError: the option belongs to a path that the preset does not train.
    """
    path = section
    if section == "training":
        path = "text" if name in _SHARED_FIELDS else "network"
    if getattr(preset, path) is not None:
        return
    names = [one.name for one in PRESETS.values() if getattr(one, path) is not None]
    option = "--" + name.replace("_", "-")
    raise OptionError(
        f"{option} does not fit the preset",
        expected=f"--preset {' | '.join(names)}",
        found=f"--preset {preset.name}, without a {path} path",
        hint=f"leave out {option}",
    )
