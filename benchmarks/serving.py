"""Start a server of ours on the loopback, wait until it answers, stop it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.data import FOLDER, ROOT

START_SECONDS = 120.0


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return when the server answers; an error if it ends before or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}; see its log")
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310  our own loopback address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"no answer from {url} within {START_SECONDS} s")


@contextmanager
def server(command: list[str], port: int, ready: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server for the time of the block; its log goes to ``build/bench/server-PORT.log``."""
    log = FOLDER / f"server-{port}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=file)
        try:
            wait(f"http://127.0.0.1:{port}{ready}", process)
            yield process
        finally:
            process.terminate()
            process.wait(timeout=30)


def chromium_path() -> str:
    """Return the path of Chromium; an error that says how to get it where there is none."""
    found = os.environ.get("LOCATOR_CHROMIUM") or shutil.which("chromium")
    if not found:
        raise RuntimeError("the pages need a browser: install chromium, or set LOCATOR_CHROMIUM")
    return found


def locator_server(folder: Path, port: int) -> list[str]:
    """Return the command that serves a dataset folder."""
    serve = ["serve", "--data", str(folder), "--port", str(port), "--workers", "1"]
    return [sys.executable, "-m", "web", *serve]
