"""What the machine knows: ports, and processes by their id and the moment at which they were started (Linux)."""

import os
import pathlib
import random
import socket
import subprocess

PROC = pathlib.Path("/proc")
LOOPBACK = "127.0.0.1"
# Below the ports that the system gives to outgoing connections, so that a port stays free while its server is away.
PORT_FIRST, PORT_LAST = 20_000, 32_000
PORT_TRIES_MAX = 1_000
# The children of this very process, which have to be waited for when they have ended.
STARTED = {}


def is_free(port):
    with socket.socket() as probe:
        # Otherwise a port counts as taken for a minute after its last connection.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_ports(count, taken=()):
    """Ports that are free now and not among `taken`."""
    found, tries = set(), 0
    while len(found) < count:
        tries += 1
        if tries > PORT_TRIES_MAX:
            raise OSError(f"no {count} free ports between {PORT_FIRST} and {PORT_LAST}")
        port = random.randint(PORT_FIRST, PORT_LAST)
        if port not in taken and is_free(port):
            found.add(port)
    return list(found)


def boot():
    """Tells this start of the machine from others: times of processes count from it."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def stat(pid):
    """The fields behind the name in /proc/PID/stat; none when there is no such process, or only its exit code is left."""
    started = STARTED.get(pid)
    if started is not None:
        started.poll()
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields


def identity(pid):
    """A process as it is written down: another one that gets the same id later has another start."""
    fields = stat(pid)
    return None if fields is None else {"pid": pid, "start": int(fields[19]), "boot": boot()}


def is_running(process):
    return process is not None and identity(process["pid"]) == process


def send(process, number):
    """Sends a signal to that process, never to another one that has got its id."""
    if is_running(process):
        try:
            os.kill(process["pid"], number)
        except ProcessLookupError:
            return


def spawn(command, log, environment, user=None):
    """Starts a process that outlives this one, with its output at the end of `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    as_user = {}
    if user is not None:
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    with open(log, "ab") as out:
        started = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment, cwd="/",
            start_new_session=True, **as_user)
    STARTED[started.pid] = started
    # It may have ended already; what ended at once is found out by whoever waits for it to get ready.
    return identity(started.pid) or {"pid": started.pid, "start": 0, "boot": boot()}


def parents():
    """The parent of each process."""
    found = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := stat(int(entry.name))):
            found[int(entry.name)] = int(fields[1])
    return found


def family(process):
    """The process and all that it has started, directly or not, as they are now."""
    if not is_running(process):
        return []
    children = {}
    for pid, parent in parents().items():
        children.setdefault(parent, []).append(pid)
    found, waiting = [], [process["pid"]]
    while waiting:
        pid = waiting.pop()
        found.append(identity(pid))
        waiting += children.get(pid, [])
    return [member for member in found if member]


def memory(process):
    """Bytes of the process and all that it has started, shared pages counted by their share."""
    total = 0
    for member in family(process):
        folder = PROC / str(member["pid"])
        for name, field in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
            try:
                lines = (folder / name).read_text().splitlines()
            except (PermissionError, FileNotFoundError, ProcessLookupError):
                continue
            sizes = [int(line.split()[1]) * 1024 for line in lines if line.startswith(field)]
            if sizes:
                total += sizes[0]
                break
    return total
