"""Opens pages in a headless browser and collects what they post."""

from __future__ import annotations

import contextlib
import functools
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

#: The browsers by the name of their command, which is also that of the Debian package.
COMMANDS = {
    "chromium": (
        "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--user-data-dir={profile}",
    ),
    "firefox-esr": ("--headless", "--no-remote", "--profile", "{profile}"),
}  # fmt: skip
#: The policies of the pages under /strict and /forbidden: only the first one allows WebAssembly.
_STRICT = "default-src 'none'; script-src 'self'{wasm}; connect-src 'self'; worker-src 'self'"
POLICIES = {
    "strict": _STRICT.format(wasm=" 'wasm-unsafe-eval'"),
    "forbidden": _STRICT.format(wasm=""),
}


class _Handler(SimpleHTTPRequestHandler):
    """Serves folders by the first part of a path, and takes results.

    A path may have the name of a policy in front.
    """

    def __init__(self, *arguments, folders, start, results):
        self.folders, self.start, self.results = folders, start, results
        super().__init__(*arguments)

    def translate_path(self, path):
        parts = [part for part in urlsplit(path).path.split("/") if part not in ("", "..")]
        if parts and parts[0] in POLICIES:
            parts = parts[1:]
        return str(
            Path(self.folders.get(parts[0], os.devnull), *parts[1:]) if parts else os.devnull
        )

    def end_headers(self):
        policy = POLICIES.get(self.path.split("/")[1])
        if policy:
            self.send_header("Content-Security-Policy", policy)
        super().end_headers()

    def do_GET(self):
        if self.path != "/":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.start.encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.results.put((urlsplit(self.path).query, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        """Print no requests."""


@contextlib.contextmanager
def serving(folders, start="", results=None):
    """Serve folders by name; `start` is the document at /. Yield the address."""
    handler = functools.partial(_Handler, folders=folders, start=start, results=results)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def open_pages(browser, pages, folders, seconds=120):
    """Return what each page posted to /result?NAME.

    Args:
        browser: a key of COMMANDS.
        pages: the path of each page by its name; a document with a frame for each is opened.
        folders: the folders that are served, by the first part of a path.
        seconds: after these, an error is raised.
    """
    frames = "".join(f'<iframe src="{path}"></iframe>' for path in pages.values())
    results, found = queue.Queue(), {}
    start = f"<!doctype html><title>pages</title>{frames}"
    with serving(folders, start, results) as address, tempfile.TemporaryDirectory() as profile:
        options = [option.format(profile=profile) for option in COMMANDS[browser]]
        process = subprocess.Popen(
            [shutil.which(browser), *options, f"{address}/"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, "HOME": profile},
        )  # fmt: skip
        try:
            end = time.monotonic() + seconds
            while set(found) != set(pages):
                name, body = results.get(timeout=max(0, end - time.monotonic()))
                found[name] = body
        except queue.Empty:
            missing = ", ".join(set(pages) - set(found))
            raise TimeoutError(f"{browser} posted no result of: {missing}") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return found
