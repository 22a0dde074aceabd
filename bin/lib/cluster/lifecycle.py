"""Starting and stopping: services begin as soon as what they need is ready, and end in the opposite order."""

import os
import signal
import time

from .errors import ClusterError
from .machine import family, is_free, is_running, send, spawn

POLL_SECONDS = 0.1
# How long ports may still be taken by what a former process left behind.
PORT_SECONDS = 3
# Between two attempts to start a service.
RETRY_SECONDS = 0.5
KILL_SECONDS = 10
LOG_LINES = 15
LINE_CHARACTERS = 400


def log_size(service):
    return service.log.stat().st_size if service.log.exists() else 0


def log_end(service, offset):
    """The last lines that came behind `offset`, cut where they are long."""
    if not service.log.exists():
        return ""
    with open(service.log, "rb") as file:
        file.seek(offset)
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join("  " + line[:LINE_CHARACTERS] for line in lines[-LOG_LINES:])


def failure(service, what, offset):
    end = log_end(service, offset)
    return ClusterError(f"{service.name} {what}" + (f"; its log says:\n{end}" if end else ""),
                        f"read {os.path.relpath(service.log)}; `bin/cluster up` starts again what is down")


class Start:
    """Starts services side by side.

    :param names: those to start; the ones that run already are only waited for.
    """

    def __init__(self, context, names):
        self.context = context
        self.waiting = [context.service(name) for name in names]
        self.started, self.since, self.attempts, self.taken = [], {}, {}, {}
        # What the logs have from before.
        self.offsets = {service.name: log_size(service) for service in self.waiting}

    def run(self):
        """Returns the names of those that were started, once all are ready."""
        self.check_needs()
        while self.waiting:
            self.waiting = [service for service in self.waiting if not self.advance(service)]
            if self.waiting:
                time.sleep(POLL_SECONDS)
        return self.started

    def check_needs(self):
        names = {service.name for service in self.waiting}
        for service in self.waiting:
            for need in service.needs:
                if need not in names and service.process is None and not self.context.service(need).is_ready():
                    raise ClusterError(f"{service.name} needs {need}, which is not ready",
                                       f"bin/cluster start {need} {service.name}")

    def advance(self, service):
        """Takes a service one step further; whether it is ready."""
        running = service.process is not None
        waiting_for = {other.name for other in self.waiting}
        if not running and service.name in self.since:
            # It was running a moment ago.
            if self.attempts.get(service.name, 1) >= service.attempts:
                raise failure(service, "ended while starting", self.offsets[service.name])
            if time.monotonic() - self.since[service.name] < RETRY_SECONDS:
                return False
        if waiting_for.intersection(service.needs):
            # It cannot be ready either, and asking it may take long.
            return False
        if not running:
            if self.has_ports(service):
                self.begin(service)
            return False
        self.since.setdefault(service.name, time.monotonic())
        if service.is_ready():
            service.complete()
            return True
        if time.monotonic() - self.since[service.name] > service.ready_seconds:
            raise failure(service, f"runs, but was not ready within {service.ready_seconds} s", self.offsets[service.name])
        return False

    def has_ports(self, service):
        """Whether its ports are free; an error once they have not been for a while."""
        ports = self.context.state.ports(service.name, service.ports).values()
        taken = next((port for port in ports if not is_free(port)), None)
        if taken is None:
            return True
        since = self.taken.setdefault(service.name, time.monotonic())
        if time.monotonic() - since > PORT_SECONDS:
            raise ClusterError(f"port {taken}, which {service.name} had, is taken by another program",
                               "end that program, or begin anew: bin/cluster down --data; bin/cluster up")
        return False

    def begin(self, service):
        service.prepare()
        process = spawn(service.command(), service.log, service.environment(), service.user)
        self.context.state.set_process(service.name, process)
        self.since[service.name] = time.monotonic()
        self.attempts[service.name] = self.attempts.get(service.name, 0) + 1
        if service.name not in self.started:
            self.started.append(service.name)


def start(context, names):
    return Start(context, names).run()


def waves(context, names):
    """The services in groups, those that others need behind those others."""
    left = [context.service(name) for name in names]
    while left:
        needed = {need for service in left for need in service.needs}
        wave = [service for service in left if service.name not in needed]
        yield wave
        left = [service for service in left if service.name in needed]


def wait_for_end(processes, seconds):
    """Those that have not ended in time."""
    deadline = time.monotonic() + seconds
    while (left := [process for process in processes if is_running(process)]) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS / 2)
    return left


def stop(context, names):
    """Asks the services to end, and kills what does not. Returns the names of those that ran."""
    stopped = []
    for wave in waves(context, names):
        running = [(service, service.process) for service in wave if service.process]
        # A process that is killed leaves children behind, which are the cluster's too.
        families = [member for _, process in running for member in family(process)]
        for service, process in running:
            send(process, service.stop_signal)
            # One that was suspended hears of it only when it goes on.
            send(process, signal.SIGCONT)
        wait_for_end([process for _, process in running], max((service.stop_seconds for service, _ in running), default=0))
        left = [member for member in families if is_running(member)]
        for member in left:
            send(member, signal.SIGKILL)
        if wait_for_end(left, KILL_SECONDS):
            raise ClusterError("some processes do not end: " + ", ".join(str(member["pid"]) for member in left),
                               "look at them with ps")
        for service, _ in running:
            context.state.set_process(service.name, None)
            stopped.append(service.name)
    return stopped


def kill(context, names):
    """Ends the processes of the services at once, as a crash does (their children are left to notice)."""
    killed = []
    for name in names:
        process = context.service(name).process
        if process:
            send(process, signal.SIGKILL)
            wait_for_end([process], KILL_SECONDS)
            killed.append(name)
    return killed
