"""The reference of the command line: the `--help` of every command as a Markdown page."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator

import click

from edgernn.cli import cli
from edgernn.commands.options import request_all_options
from edgernn_runtime.__main__ import main as runtime

_WIDTH = 80
_INTRO = """# Command line

The `--help` of every command, with the details of `--help-all`. `make reference` writes this page.

Results are printed on stdout, everything else on stderr. The exit status is 0 for success, 1 for a
failure or a missed gate, 2 for wrong usage, and 130 after Ctrl-C. With `NO_COLOR` set to any text,
or in a pipe, nothing is coloured. `edgernn` is the package for the development machine,
`python -m edgernn_runtime` the command of the package for devices.

## Shell completion

The shell completes commands, options and their values after one of these lines in its start file:

```sh
eval "$(_EDGERNN_COMPLETE=bash_source edgernn)"    # ~/.bashrc, Bash 4.4 or newer
eval "$(_EDGERNN_COMPLETE=zsh_source edgernn)"     # ~/.zshrc
_EDGERNN_COMPLETE=fish_source edgernn | source     # ~/.config/fish/config.fish
```

Each of them starts `edgernn` once. To save that time, write the output of the command into a
file, and source that.
"""


def cli_page() -> str:
    """Return the page."""
    lines = [_INTRO]
    root = _context(cli, "edgernn", None)
    for path, context in _walk(root):
        lines += [f"## {path}", "", "```text", context.get_help().rstrip(), "```", ""]
    for arguments in ((), ("bench",)):
        path = " ".join(("python -m edgernn_runtime", *arguments))
        lines += [f"## {path}", "", "```text", _runtime_help(arguments).rstrip(), "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def _walk(context: click.Context) -> Iterator[tuple[str, click.Context]]:
    """Yield every command with its path, parents first."""
    yield context.command_path, context
    command = context.command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None:
                yield from _walk(_context(found, name, context))


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    settings = {**command.context_settings, "terminal_width": _WIDTH}
    context = command.context_class(command, info_name=name, parent=parent, **settings)
    request_all_options(context)
    return context


def _runtime_help(arguments: tuple[str, ...]) -> str:
    """Return the help of the package for devices, whose width argparse takes from COLUMNS."""
    printed, before = io.StringIO(), os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(_WIDTH)
    try:
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            runtime([*arguments, "--help"])
    finally:
        os.environ.pop("COLUMNS")
        if before is not None:
            os.environ["COLUMNS"] = before
    return printed.getvalue()
