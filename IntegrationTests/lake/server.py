"""A `dipper serve` of its own for a test, stopped by its process id."""

import os
import pathlib
import signal
import socket
import subprocess
import time

import requests

from lake.api import API

READY_SECONDS = 60
STOP_SECONDS = 60


def binary():
    root = pathlib.Path(__file__).resolve().parent.parent.parent
    path = pathlib.Path(os.environ.get("DIPPER_BINARY") or root / ".build" / "release" / "dipper")
    assert path.is_file(), f"{path} is not built; `bin/test integration` builds it"
    return str(path)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, folder, log, environment=None, options=()):
        self.folder = pathlib.Path(folder)
        self.log = pathlib.Path(log)
        self.environment = {**os.environ, **(environment or {})}
        self.options = list(options)
        self.process = None
        self.port = None
        self.api = None

    def start(self):
        """Starts the server on a free port and waits until it is ready; another port after each restart."""
        self.port = free_port()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = [binary(), "serve", "--data-dir", str(self.folder), "--listen", f"127.0.0.1:{self.port}"]
        command += self.options
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=self.environment)
        self.api = API(f"http://127.0.0.1:{self.port}")
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the server ended with {self.process.returncode}:\n{self.tail()}"
            try:
                if requests.get(self.api.base + "/readyz", timeout=2).status_code == 200:
                    return self
            except requests.ConnectionError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"the server was not ready within {READY_SECONDS} s:\n{self.tail()}")

    def tail(self, lines=40):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def assert_process(self):
        assert self.is_running, f"the server ended with {self.process.returncode}:\n{self.tail()}"

    def kill(self):
        """What a power cut does to the process: no handler runs."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(STOP_SECONDS)

    def stop(self):
        if not self.is_running:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not end within {STOP_SECONDS} s:\n{self.tail()}")

    def assert_alive(self):
        assert self.is_running, f"the server ended with {self.process.returncode}:\n{self.tail()}"
        assert requests.get(self.api.base + "/healthz", timeout=10).status_code == 200
