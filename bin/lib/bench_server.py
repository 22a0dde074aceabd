"""A server of its own for a benchmark: on loopback, on a free port, gone when the benchmark ends."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

READY_SECONDS = 60
STOP_SECONDS = 60


@contextlib.contextmanager
def work_folder(parent):
    pathlib.Path(parent).mkdir(parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(dir=parent))
    try:
        yield work
    finally:
        shutil.rmtree(work)


@contextlib.contextmanager
def server(work, *options):
    """Starts Dipper on `work`/data and gives its address, host and port; `work`/server.log has what it says."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    command = [os.environ["DIPPER_BINARY"], "serve", "--data-dir", work / "data", "--listen", f"127.0.0.1:{port}"]
    with open(work / "server.log", "wb") as log:
        process = subprocess.Popen(command + list(options), stdout=log, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                urllib.request.urlopen(base + "/readyz", timeout=2)
                break
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > deadline or process.poll() is not None:
                    raise RuntimeError(f"the server is not ready: {(work / 'server.log').read_text()[-2000:]}")
                time.sleep(0.05)
        yield base, port
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)
