"""The command line: a table of commands, each in a file of its own that is imported when used."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from edgernn.console import fail
from edgernn_runtime import EdgernnError, __version__

#: Each command's module below `edgernn.commands` holds a click command of the same name. The help
#: line stands here, so that `--help` imports none of them.
COMMANDS = {
    "train": "Train a classifier on labeled texts.",
    "export": "Export a trained model to a bundle for devices.",
    "predict": "Classify texts with a bundle.",
    "evaluate": "Score a model or a bundle on labeled texts.",
    "bench": "Compare bundles with the full model.",
    "inspect": "Show what a bundle holds.",
    "verify": "Run a bundle's self-test on this machine.",
    "data": "Fetch data sets.",
}
_INTERRUPTED = 130


class _LazyGroup(click.Group):
    """A group that imports a command when it is called, and suggests one when it is misspelt."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of their use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return the command of that name, imported, or None."""
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


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="edgernn")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(**_: Any) -> None:
    """Recurrent Keras text classifiers, from training to the device.

    Without options, `edgernn train`, `edgernn export --format tflite --quantize int8` and
    `edgernn bench` work one after the other.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 failed or a gate missed, 2 wrong usage."""
    # tensorflow reads this when it is imported, and otherwise writes pages to stderr.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = cli.main(arguments, prog_name="edgernn", standalone_mode=False) or 0
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        status = _INTERRUPTED
    except EdgernnError as error:
        if "--debug" in arguments:
            raise
        fail(error)
        status = 2 if error.is_usage else 1
    except BrokenPipeError:
        # The reader of our output, `head` for one, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)
