"""Downloads resume, and are kept only if their hash is correct."""

from __future__ import annotations

import hashlib
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from click.testing import CliRunner

from edgernn.cli import cli
from edgernn.data.download import download
from edgernn.errors import DownloadError

CONTENT = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT; can interrupt the response, ignore ranges, or fail."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.break_after = None
        self.ignore_range = False
        self.status = None
        self.ranges = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/file"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        if server.status:
            self.send_error(server.status)
            return
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        server.ranges.append(self.headers.get("Range"))
        start = int(found[1]) if found and not server.ignore_range else 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start : server.break_after])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def fetch(server, target, sha256=SHA256):
    calls = []
    download(server.url, target, sha256, lambda done, total: calls.append((done, total)))
    return calls


def test_a_file_is_fetched_with_progress(server, tmp_path):
    target = tmp_path / "new" / "file"
    calls = fetch(server, target)
    assert target.read_bytes() == CONTENT
    assert calls[-1] == (len(CONTENT), len(CONTENT))
    assert len(calls) > 2
    assert list(target.parent.iterdir()) == [target]


def test_an_existing_file_is_not_downloaded_again(server, tmp_path):
    fetch(server, tmp_path / "file")
    assert fetch(server, tmp_path / "file") == []
    assert len(server.ranges) == 1


def test_an_interrupted_download_resumes(server, tmp_path):
    server.break_after = 200_000
    with pytest.raises(DownloadError, match="it resumes the download"):
        fetch(server, tmp_path / "file")
    assert not (tmp_path / "file").exists()
    assert (tmp_path / "file.part").stat().st_size == 200_000
    server.break_after = None
    fetch(server, tmp_path / "file")
    assert server.ranges == [None, "bytes=200000-"]
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_server_without_ranges_restarts_the_download(server, tmp_path):
    (tmp_path / "file.part").write_bytes(b"x" * 1000)
    server.ignore_range = True
    fetch(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_complete_part_is_used(server, tmp_path):
    (tmp_path / "file.part").write_bytes(CONTENT)
    fetch(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_wrong_hash_is_refused_and_removed(server, tmp_path):
    with pytest.raises(DownloadError, match="does not match its published hash") as caught:
        fetch(server, tmp_path / "file", "0" * 64)
    assert SHA256 in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [404, 500])
def test_a_server_that_refuses_is_an_error(server, tmp_path, status):
    server.status = status
    with pytest.raises(DownloadError, match=str(status)):
        fetch(server, tmp_path / "file")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/file", "ftp://x/y", "file:///etc/hostname"])
def test_an_invalid_url_is_an_error(tmp_path, url):
    with pytest.raises(DownloadError, match="the download failed"):
        download(url, tmp_path / "file", SHA256, lambda *_: None)


def test_the_command_checks_the_published_hash(server, tmp_path):
    # Through `cli`, because click keeps the names of the help option that the first call gave it:
    # a call of `data` alone would take `-h` from the help of the rest of this process.
    arguments = ["data", "imdb", "--download", "--data-dir", str(tmp_path), "--url", server.url]
    result = CliRunner().invoke(cli, arguments)
    assert isinstance(result.exception, DownloadError)
    assert "c40f74a1" in str(result.exception)
