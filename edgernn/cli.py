"""The command line: a table of commands, each imported on first use."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from edgernn.console import INTERRUPTED, fail
from edgernn_runtime import EdgernnError
from edgernn_runtime.__main__ import describe_versions

#: Each module in `edgernn.commands` defines a click command of the same name. The help lines are
#: here, so that `--help` does not import the modules.
COMMANDS = {
    "train": "Train a classifier on labeled texts.",
    "export": "Export a trained model to a bundle for devices.",
    "predict": "Classify texts with a bundle.",
    "evaluate": "Score a model or a bundle on labeled texts.",
    "bench": "Compare bundles with the full model.",
    "inspect": "Show the contents of a bundle.",
    "verify": "Run a bundle's self-test on this machine.",
    "data": "Download data sets.",
    "info": "Show versions, engines and processor, for a bug report.",
}


class _LazyGroup(click.Group):
    """A group that imports commands lazily and suggests a name for a misspelt one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order of a typical workflow."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import and return the command of that name, or return None."""
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"edgernn.commands.{name}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first argument names, and the other arguments."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _print_versions(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(describe_versions("edgernn", ("tensorflow", "keras")))
        ctx.exit()


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_versions,
    help="Show the versions of edgernn, Python, the platform and the engines.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(**_: Any) -> None:
    """Recurrent Keras text classifiers, from training to the device.

    Run `edgernn train`, then `edgernn export --format tflite --quantize int8`, then
    `edgernn bench`: the defaults fit together.

    Example: edgernn train --data reviews.csv
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line: 0 success, 1 failure or missed gate, 2 wrong usage, 130 Ctrl-C."""
    # Silences TensorFlow's logs on stderr; TensorFlow reads the variable at import.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = cli.main(arguments, prog_name="edgernn", standalone_mode=False) or 0
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (KeyboardInterrupt, click.Abort) as error:
        # click raises Abort from the KeyboardInterrupt.
        click.echo(str(error.__cause__ or error) or "interrupted", err=True)
        status = INTERRUPTED
    except EdgernnError as error:
        if "--debug" in arguments:
            raise
        fail(error)
        status = 2 if error.is_usage else 1
    except BrokenPipeError:
        # The reader, such as `head`, closed the pipe; nothing more must be flushed to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)
