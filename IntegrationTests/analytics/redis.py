"""A Redis server of its own for a test."""

import pathlib
import secrets
import shutil
import socket
import subprocess
import time

from lib.cluster import commands

from lake.server import free_port


class Redis:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.port = free_port()
        self.password = secrets.token_hex(8)
        self.process = None
        lines = commands.redis_settings(self.folder, self.port, self.password)
        (self.folder / "redis.conf").write_text("".join(f"{line}\n" for line in lines))

    @property
    def address(self):
        return f"redis://:{self.password}@127.0.0.1:{self.port}/2"

    def start(self):
        program = shutil.which("redis-server")
        assert program, "redis-server is not installed; `bin/test` installs it"
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([program, str(self.folder / "redis.conf")], stdout=log, stderr=log)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                time.sleep(0.05)
        raise AssertionError("redis-server does not listen")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)
