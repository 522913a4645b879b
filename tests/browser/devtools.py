"""Drives a page in headless Chromium: real keys, media features, pictures, and every request."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

SHARED = ("Network.enable", "Runtime.enable", "Runtime.runIfWaitingForDebugger")
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip


class Page:
    """A page and its workers."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.number, self.buffer, self.session = 0, b"", None
        self.requests, self.problems = [], []

    def attach(self, url):
        """Open the page and record what it and its workers request and report."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        options = {"targetId": target, "flatten": True}
        self.session = self.call("Target.attachToTarget", **options)["sessionId"]
        self.call(
            "Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True
        )
        for method in ("Page.enable", "Log.enable", "Accessibility.enable", *SHARED):
            self.call(method)
        self.call("Page.navigate", url=url)

    def send(self, method, session=None, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session or self.session:
            message["sessionId"] = session or self.session
        os.write(self.writer, json.dumps(message).encode() + b"\0")
        return self.number

    def call(self, method, **parameters):
        """Call a method of the DevTools protocol and return its result."""
        number, end = self.send(method, **parameters), time.monotonic() + 60
        while True:
            message = self.receive(end)
            if message.get("id") == number:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]

    def receive(self, end):
        while b"\0" not in self.buffer:
            ready = select.select([self.reader], [], [], max(0, end - time.monotonic()))[0]
            data = os.read(self.reader, 1 << 20) if ready else b""
            if not data:
                raise TimeoutError("Chromium does not reply")
            self.buffer += data
        text, _, self.buffer = self.buffer.partition(b"\0")
        message = json.loads(text)
        self._record(message)
        return message

    def _record(self, message):
        method, found = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(found["request"]["url"])
        elif method == "Log.entryAdded" and found["entry"]["level"] in ("error", "warning"):
            self.problems.append(found["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.problems.append(str(found["exceptionDetails"]))
        elif method == "Target.attachedToTarget":
            for name in SHARED:
                self.send(name, session=found["sessionId"])

    def evaluate(self, script):
        """Return the value of a JavaScript expression."""
        options = {"returnByValue": True, "awaitPromise": True}
        found = self.call("Runtime.evaluate", expression=script, **options)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, script, seconds=30):
        """Wait until an expression is true."""
        end = time.monotonic() + seconds
        while not self.evaluate(script):
            if time.monotonic() > end:
                raise TimeoutError(f"never true: {script}; problems: {self.problems}")
            time.sleep(0.02)

    def type(self, text):
        """Type a text into the focused element, key by key."""
        for character in text:
            self.call("Input.dispatchKeyEvent", type="keyDown", text=character)
            self.call("Input.dispatchKeyEvent", type="keyUp")

    def press(self, key, code, text=""):
        options = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **options)
        self.call("Input.dispatchKeyEvent", type="keyUp", **options)

    def resize(self, width, height=800):
        metrics = {"deviceScaleFactor": 1, "mobile": width < 500}
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, **metrics)

    def emulate(self, **features):
        """Set media features, such as prefers_color_scheme="dark"."""
        found = [{"name": name.replace("_", "-"), "value": text} for name, text in features.items()]
        self.call("Emulation.setEmulatedMedia", features=found)

    def picture(self, path):
        """Write a picture of the whole page."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        Path(path).write_bytes(base64.b64decode(data))


def _pipe():
    # Chromium gets the descriptors 3 and 4, which these must not be.
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in ends]
    for end in ends:
        os.close(end)
    return moved


@contextlib.contextmanager
def open_page(url):
    """Open a page in a new profile of Chromium and yield its Page."""
    (their_input, our_output), (our_input, their_output) = _pipe(), _pipe()
    script = f'exec "$0" "$@" 3<&{their_input} 4>&{their_output}'
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [shutil.which("chromium"), *OPTIONS, f"--user-data-dir={profile}"]
        process = subprocess.Popen(
            ["bash", "-c", script, *command], pass_fds=(their_input, their_output),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, "HOME": profile},
        )  # fmt: skip
        os.close(their_input)
        os.close(their_output)
        try:
            page = Page(our_input, our_output)
            page.attach(url)
            yield page
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            os.close(our_input)
            os.close(our_output)
