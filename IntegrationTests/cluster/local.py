"""`bin/cluster` as a person uses it, in a folder of its own, and what the machine says of its processes."""

import json
import os
import pathlib
import subprocess

from lake.server import binary

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
COMMAND_SECONDS = 300
LISTENING = "0A"


class LocalCluster:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.environment = {**os.environ, "DIPPER_CLUSTER_DIR": str(self.folder), "DIPPER_BINARY": binary()}

    def run(self, *arguments, code=0):
        """What the command prints; it must end with that exit code."""
        done = subprocess.run(
            [str(ROOT / "bin" / "cluster"), *arguments], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=COMMAND_SECONDS)
        assert done.returncode == code, f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def services(self, code=0):
        """What `status` tells of each service, by name."""
        found = json.loads(self.run("status", "--json", code=code))
        return {service["name"]: service for service in found["services"]}

    def secret(self, name):
        return (self.folder / "secrets" / name).read_text().strip()


def listening(pid):
    """The local addresses that a process listens on, as the kernel writes them."""
    names = set()
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            names.add(os.readlink(entry))
        except FileNotFoundError:
            continue
    found = []
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and f"socket:[{fields[9]}]" in names:
                found.append(fields[1].partition(":")[0])
    return found


# 127.0.0.1 as the kernel writes it, and as a mapped address of version 6.
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F"}
