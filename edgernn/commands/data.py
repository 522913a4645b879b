"""`edgernn data`."""

from __future__ import annotations

from pathlib import Path

import click

from edgernn.commands.options import quiet_option
from edgernn.console import print_status
from edgernn.data.download import download as download_file
from edgernn.data.imdb import ARCHIVE, SHA256, URL, default_folder, load_imdb
from edgernn.progress import amount_progress


@click.group()
def data() -> None:
    """Download data sets.

    Example: edgernn data imdb --download
    """


@data.command()
@click.option("--download", is_flag=True, help="Download the archive (84 MB) if it is missing.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Folder of the archive.  [default: edgernn in the user's cache folder]",
)
@click.option("--url", default=URL, show_default=True, help="URL of the archive, such as a mirror.")
@quiet_option
def imdb(download: bool, data_dir: Path | None, url: str) -> None:
    """Check for the IMDB film reviews, and download them with --download.

    An interrupted download resumes. The archive is checked against its published hash.

    Example: edgernn data imdb --download
    """
    folder = data_dir or default_folder()
    if download:
        with amount_progress(ARCHIVE) as callback:
            download_file(url, folder / ARCHIVE, SHA256, callback)
    corpus = load_imdb(folder)
    test = len(corpus.test) if corpus.test else 0
    print_status(f"{len(corpus.train):,} reviews to train on, {test:,} to test on")
    click.echo(folder)
