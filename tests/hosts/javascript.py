"""The JavaScript hosts: Node, Chromium and Firefox. README.md says what they need."""

from __future__ import annotations

import contextlib
import functools
import shutil
import socket
import subprocess
import tarfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.hosts import browser

HOSTS = Path(__file__).parent
SCRIPTS = HOSTS / "javascript"
PACKAGE = HOSTS.parents[1] / "runtime" / "bindings" / "javascript"
FOLDERS = {"package": PACKAGE, "corpus": HOSTS, "host": SCRIPTS}
#: Pages with a policy that allows only scripts of their origin and WebAssembly, and one without the latter.
PAGES = {
    "page": "/strict/host/page.html?page",
    "worker": "/strict/host/page.html?worker",
    "plain": "/strict/host/page.html?plain",
    "forbidden": "/forbidden/host/page.html?forbidden",
}
#: What builds the module, and the Debian packages of commands with another name.
COMPILER = ("clang-19", "wasm-ld-19", "wasm-opt")
PACKAGES = {
    "clang-19": "clang-19 wasi-libc libclang-rt-19-dev-wasm32",
    "wasm-ld-19": "lld-19",
    "wasm-opt": "binaryen",
    "node": "nodejs",
}
#: The hosts that come as packages of npm.
ENGINES = {
    "Deno": "@deno/linux-x64-glibc/deno run --allow-read",
    "Bun": "@oven/bun-linux-x64-baseline/bin/bun run",
}


def missing_of(*commands):
    """Return the reason why a host cannot run, or an empty text."""
    missing = [PACKAGES.get(name, name) for name in commands if shutil.which(name) is None]
    return f"apt-get install {' '.join(missing)}" if missing else ""


@functools.cache
def build():
    """Build the module."""
    subprocess.run(["python3", PACKAGE / "build.py"], check=True, capture_output=True)


def run_node(entry="node.js", *options):
    """Return the lines of the Node host."""
    build()
    command = ["node", SCRIPTS / "node.js", PACKAGE / entry, HOSTS, *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@functools.cache
def run_browser(name):
    """Return what each of PAGES posts in a browser."""
    build()
    return browser.open_pages(name, PAGES, FOLDERS)


def run_page(name, page):
    """Return the lines of a page."""
    return run_browser(name)[page] + "\n"


def run(*command, **options):
    """Return what a command prints; raise an error with its output if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise AssertionError(f"{command[0]}: {done.stdout}{done.stderr}")
    return done.stdout


@functools.cache
def install():
    """Install the packages of npm that the tests need, and return their folder."""
    modules = SCRIPTS / "node_modules"
    if not modules.is_dir():
        options = ("--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund")
        run("npm", "install", *options, cwd=SCRIPTS)
    return modules


def make_project(folder):
    """Pack the package, install it into a folder, and return the tarball."""
    build()
    name = run("npm", "pack", "--ignore-scripts", "--pack-destination", folder, PACKAGE).split()[-1]
    with tarfile.open(folder / name) as archive:
        archive.extractall(folder, filter="data")
    (folder / "node_modules").mkdir()
    (folder / "package").rename(folder / "node_modules" / "edgernn")
    (folder / "package.json").write_text('{ "private": true, "type": "module" }\n')
    for script in ("node.js", "replay.js", "worker.js"):
        shutil.copy(SCRIPTS / script, folder)
    return folder / name


def run_engine(name, project):
    """Return the lines of a host that is a package of npm."""
    program, *options = ENGINES[name].split()
    return run(install() / program, *options, "node.js", "edgernn", HOSTS, cwd=project)


def run_workerd(project):
    """Return the lines of Cloudflare's workerd, with the package as esbuild bundles it."""
    out, modules = project / "workerd", install()
    options = ("--bundle", "--format=esm", "--conditions=workerd", "--external:*.wasm")
    run(
        modules / ".bin" / "esbuild",
        "worker.js",
        *options,
        f"--outfile={out / 'main.js'}",
        cwd=project,
    )
    shutil.copy(project / "node_modules" / "edgernn" / "edgernn.wasm", out)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    text = (SCRIPTS / "workerd.capnp").read_text()
    (out / "config.capnp").write_text(
        text.replace('CORPUS"))', f'{HOSTS}"))').replace("PORT", str(port))
    )
    command = [modules / "@cloudflare/workerd-linux-64/bin/workerd", "serve", out / "config.capnp"]
    with subprocess.Popen(command) as process:
        try:
            for _ in range(100):
                with contextlib.suppress(urllib.error.URLError):
                    return urllib.request.urlopen(f"http://127.0.0.1:{port}/").read().decode()
                time.sleep(0.1)
            raise TimeoutError("workerd did not start")
        finally:
            process.terminate()


#: The commands that the hosts need, and the functions that return their lines, by name.
_NEEDED = {"JavaScript Node": ("node",)}
ALL = {"JavaScript Node": run_node}
for _title, _command in (("Chromium", "chromium"), ("Firefox", "firefox-esr")):
    for _page in ("page", "worker"):
        _NEEDED[f"JavaScript {_title} {_page}"] = (_command,)
        ALL[f"JavaScript {_title} {_page}"] = functools.partial(run_page, _command, _page)


def missing_for(name):
    """Return the reason why a host cannot run, or an empty text."""
    return missing_of(*COMPILER, *_NEEDED[name]) if name in _NEEDED else ""
