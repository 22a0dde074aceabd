"""The folder of a cluster: its ports, secrets and processes, which are written down in `cluster.json`."""

import contextlib
import fcntl
import json
import os
import pathlib
import secrets
import shutil
import sys

from .errors import ClusterError
from .machine import free_ports, is_running

STATE = "cluster.json"
VERSION = 1


def write_secret(path, text):
    """A file that this user alone can read, from its first byte on; whole or not there."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    os.replace(part, path)
    return path


class State:
    """What is known of the cluster in a folder. Everything is saved as soon as it is known."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).absolute()
        self.services = {}
        try:
            content = json.loads((self.folder / STATE).read_text())
        except FileNotFoundError:
            if self.folder.is_dir() and any(entry.name != "lock" for entry in self.folder.iterdir()):
                raise ClusterError(f"{self.folder} holds something else than a cluster",
                                   "set DIPPER_CLUSTER_DIR to a folder that is empty or not there") from None
            return
        except ValueError as failure:
            raise ClusterError(f"{self.folder / STATE} cannot be read: {failure}",
                               "stop the cluster's processes by hand and remove the folder") from failure
        if content.get("version") != VERSION:
            raise ClusterError(f"{self.folder} was made by another version of bin/cluster",
                               "stop it with that version, or remove the folder")
        self.services = content["services"]

    @property
    def exists(self):
        return bool(self.services)

    def save(self):
        part = self.folder / (STATE + ".part")
        part.write_text(json.dumps({"version": VERSION, "services": self.services}, indent=1) + "\n")
        os.replace(part, self.folder / STATE)

    @contextlib.contextmanager
    def lock(self):
        """One command at a time changes the cluster; a second one waits."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "lock", "w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("waiting for another bin/cluster to end", file=sys.stderr)
                fcntl.flock(file, fcntl.LOCK_EX)
            # What the other one did meanwhile.
            self.__init__(self.folder)
            yield

    def ports(self, service, names):
        """The ports of a service by name: chosen once, and kept for as long as its data."""
        entry = self.services.setdefault(service, {"ports": {}, "process": None})
        missing = [name for name in names if name not in entry["ports"]]
        if missing:
            taken = {port for other in self.services.values() for port in other["ports"].values()}
            entry["ports"].update(zip(missing, free_ports(len(missing), taken)))
            self.save()
        return entry["ports"]

    def process(self, service):
        """The process that was started last for the service, if it still runs."""
        process = self.services.get(service, {}).get("process")
        return process if is_running(process) else None

    def set_process(self, service, process):
        self.services[service]["process"] = process
        self.save()

    @property
    def secrets(self):
        """The folder of files with passwords and keys."""
        folder = self.folder / "secrets"
        if not folder.is_dir():
            folder.mkdir(mode=0o700)
        return folder

    def secret(self, name):
        """A password of that name, made when it is first asked for."""
        path = self.secrets / name
        if not path.is_file():
            write_secret(path, secrets.token_hex(16))
        return path.read_text()

    def remove(self):
        """Removes the folder with all data; only one that is known to be a cluster's."""
        if self.exists:
            shutil.rmtree(self.folder)
            self.services = {}
