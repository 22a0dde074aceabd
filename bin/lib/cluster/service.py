"""What each process of the cluster tells of itself."""

import http.client
import json
import os
import signal
import socket

from .machine import LOOPBACK

# How long a single question whether a service is ready may take.
PROBE_SECONDS = 3
# What one's shell says to these programs is not meant for a cluster.
FOREIGN = ("DIPPER_", "AWS_", "SPARK_", "PG", "REDIS", "PYTHON")


def environment(extra=None):
    """This process's environment without what would lead the cluster's programs elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    direct = ",".join(filter(None, [kept.get("NO_PROXY"), LOOPBACK, "localhost"]))
    return {**kept, "NO_PROXY": direct, "no_proxy": direct, "TZ": "UTC", **(extra or {})}


def get(port, path, method="GET", body=None, headers=None, seconds=PROBE_SECONDS):
    """Status, headers and body of an answer of this machine; OSError when there is none."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=seconds)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    except http.client.HTTPException as failure:
        raise OSError(f"no HTTP at port {port}: {failure!r}") from failure
    finally:
        connection.close()


def get_json(port, path):
    """None unless the answer is 200 and JSON."""
    status, _, body = get(port, path)
    try:
        return json.loads(body) if status == 200 else None
    except ValueError:
        return None


def converse(port, question, size):
    """Sends bytes and reads `size` of the answer."""
    with socket.create_connection((LOOPBACK, port), timeout=PROBE_SECONDS) as connection:
        connection.sendall(question)
        answer = b""
        while len(answer) < size and (part := connection.recv(size - len(answer))):
            answer += part
        return answer


class Service:
    """A process of the cluster.

    :param context: the cluster's state, and where programs are (`services.Context`).
    """

    # Other services that must be ready before this one is started.
    needs = ()
    # The names of its ports; the first one is in its address.
    ports = ("http",)
    stop_signal = signal.SIGTERM
    stop_seconds = 30
    ready_seconds = 60
    # How often it is started before it counts as broken.
    attempts = 1
    # The user that it runs as; None is this one.
    user = None

    def __init__(self, name, context):
        self.name, self.context = name, context

    @property
    def folder(self):
        return self.context.state.folder / self.name

    @property
    def log(self):
        return self.context.state.folder / "logs" / f"{self.name}.log"

    def port(self, name=None):
        return self.context.state.ports(self.name, self.ports)[name or self.ports[0]]

    @property
    def address(self):
        return f"http://{LOOPBACK}:{self.port()}"

    @property
    def process(self):
        return self.context.state.process(self.name)

    def prepare(self):
        """Lays out folders and configuration, each time before it is started."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def command(self):
        raise NotImplementedError

    def environment(self):
        return environment()

    def answers(self):
        """Whether it can be used. May raise OSError, which is a no."""
        raise NotImplementedError

    def is_ready(self):
        if self.process is None:
            return False
        try:
            return self.answers()
        except OSError:
            return False

    def complete(self):
        """What is missing in it, once it answers; does nothing the second time."""

    def forget(self):
        """Removes what it has left outside the cluster's folder, once it has ended for good."""
