"""`edgernn data`."""

from __future__ import annotations

from pathlib import Path

import click

from edgernn.console import say
from edgernn.data.download import download as fetch
from edgernn.data.imdb import ARCHIVE, SHA256, URL, default_folder, load_imdb
from edgernn.progress import amount_progress


@click.group()
def data() -> None:
    """Fetch data sets."""


@data.command()
@click.option("--download", is_flag=True, help="Fetch the archive (84 MB) where it is missing.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Where it is kept.  [default: edgernn in the user's cache folder]",
)
@click.option("--url", default=URL, show_default=True, help="A mirror of the archive.")
def imdb(download: bool, data_dir: Path | None, url: str) -> None:
    """Look for the IMDB film reviews, and fetch them when asked to.

    A download that broke off goes on where it stopped; the archive is checked against its
    published hash.
    """
    folder = data_dir or default_folder()
    if download:
        with amount_progress(ARCHIVE) as report:
            fetch(url, folder / ARCHIVE, SHA256, report)
    corpus = load_imdb(folder)
    test = len(corpus.test) if corpus.test else 0
    say(f"{len(corpus.train):,} reviews to train on, {test:,} to test on")
    click.echo(folder)
