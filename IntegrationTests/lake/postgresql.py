"""A PostgreSQL server of its own for a test, on a folder and a port that nobody else has."""

import os
import pathlib
import secrets
import shutil
import subprocess

from lib.cluster.commands import postgresql_tools as tools

from lake.server import free_port

START_SECONDS = 60


class PostgreSQL:
    """Durable as in production: fsync is on."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.password = secrets.token_hex(16)
        self.port = free_port()
        self.folder.mkdir(mode=0o700)
        (self.folder / "password").write_text(self.password)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
            shutil.chown(self.folder / "password", "postgres")
        self.run("initdb", "-D", self.data, "-A", "scram-sha-256", "-U", "postgres", "-E", "UTF8", "--locale=C",
                 f"--pwfile={self.folder / 'password'}")

    def run(self, tool, *arguments):
        command = [str(tools() / tool), *map(str, arguments)]
        if os.geteuid() == 0:
            # PostgreSQL does not run as root; Debian's package brings a user for it.
            command = ["runuser", "-u", "postgres", "--", *command]
        with open(self.folder / "tools.log", "ab") as log:
            subprocess.run(command, check=True, cwd="/", timeout=START_SECONDS, stdin=subprocess.DEVNULL,
                           stdout=log, stderr=log)

    def start(self):
        self.run("pg_ctl", "-D", self.data, "-w", "-l", self.folder / "log", "-o",
                 f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self.folder}", "start")
        return self

    def stop(self, mode="fast"):
        self.run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    def address(self, database="postgres"):
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def sql(self, statement, database="postgres"):
        """The rows as psql prints them, columns between `|`."""
        answer = subprocess.run(
            [str(tools() / "psql"), "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.address(database),
             "-c", statement], check=True, capture_output=True, text=True, timeout=120)
        return answer.stdout.splitlines()
