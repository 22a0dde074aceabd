"""Every process of a cluster on this machine, each of which can be killed, stopped for a while and started again."""

import os
import pathlib
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time

import requests

from analytics.redis import Redis
from lake.kafka import ROOT, START_SECONDS, Broker, Worker, client_environment
from lake.postgresql import PostgreSQL
from lake.seaweedfs import BUCKET, SeaweedFS
from lake.server import STOP_SECONDS, Server, free_port

LOGS = ROOT / ".deps" / "logs" / "servers"
LEASE_MILLISECONDS = 3_000
LOG_BUCKET = "tansu"
GONE_SECONDS = 30
READY_SECONDS = 120
SILENCE_SECONDS = 5


def wait_until(check, seconds=120, what=""):
    deadline = time.monotonic() + seconds
    while not (result := check()):
        assert time.monotonic() < deadline, f"not so within {seconds} s: {what or check}"
        time.sleep(0.1)
    return result


def children(pid):
    """The processes that `pid` has started."""
    found = []
    for folder in pathlib.Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and (folder / "stat").read_text().rsplit(")", 1)[1].split()[1] == str(pid):
                found.append(int(folder.name))
        except OSError:
            pass  # it ended meanwhile
    return found


class Part:
    """A process of the cluster: `kill` is `kill -9`, `pause` is SIGSTOP. Each notes what it does by its name."""

    def __init__(self, name):
        self.name = name

    def pids(self):
        raise NotImplementedError

    def start(self):
        raise NotImplementedError

    def wait(self):
        """Until the killed process has gone."""

    def signal(self, number):
        for pid in self.pids():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass  # a session that has just ended

    def kill(self):
        self.signal(signal.SIGKILL)
        self.wait()

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)


class StorePart(Part):
    """SeaweedFS, which holds the tables, the uploads and the broker's records."""

    def __init__(self, folder):
        super().__init__("store")
        self.server = SeaweedFS(folder)

    def start(self):
        self.server.start()
        buckets = [bucket["Name"] for bucket in self.server.boto().list_buckets()["Buckets"]]
        if LOG_BUCKET not in buckets:
            self.server.boto().create_bucket(Bucket=LOG_BUCKET)

    def pids(self):
        return [self.server.process.pid] if self.server.process else []

    def wait(self):
        self.server.kill()


class BrokerPart(Part, Broker):
    """Tansu with its records in the store, so that it may be killed."""

    def __init__(self, log, store):
        super().__init__("broker")
        self.log, self.port, self.process = log, free_port(), None
        self.environment = {
            **os.environ, **store.environment, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT": store.endpoint,
            "AWS_ALLOW_HTTP": "true"}
        log.parent.mkdir(parents=True, exist_ok=True)
        log.unlink(missing_ok=True)

    def start(self):
        program = os.environ.get("TANSU_BINARY") or ROOT / ".deps" / "tansu" / "tansu"
        url = f"tcp://127.0.0.1:{self.port}"
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(
                [str(program), "broker", "--cluster-id", "lake", "--listener-url", url, "--advertised-listener-url", url,
                 "--storage-engine", f"s3://{LOG_BUCKET}/"], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=self.environment)
        wait_until(self.is_listening, START_SECONDS, f"the broker does not listen, see {self.log}")

    def pids(self):
        return [self.process.pid] if self.process else []

    def wait(self):
        if self.process:
            self.process.wait(STOP_SECONDS)
            self.process = None

    def ids(self, topic, count, seconds):
        """The ids of a topic's messages, from the first on, until there are so many different ones and no more comes: the end
        is seen, or it is one that a killed broker counts and does not have."""
        folder = client_environment()["LD_LIBRARY_PATH"].split(":")[0]
        if folder + "/python" not in sys.path:
            sys.path.append(folder + "/python")
        import confluent_kafka as kafka

        consumer = kafka.Consumer({
            "bootstrap.servers": f"127.0.0.1:{self.port}", "group.id": "test", "enable.auto.commit": False,
            "enable.partition.eof": True})
        consumer.assign([kafka.TopicPartition(topic, 0, kafka.OFFSET_BEGINNING)])
        found, deadline = set(), time.monotonic() + seconds
        silence = 0
        while True:
            messages = consumer.consume(1_000, 1)
            silence = 0 if messages else silence + 1
            if len(found) >= count and silence >= SILENCE_SECONDS:
                consumer.close()
                return found
            for message in messages:
                if not message.error():
                    found.add(dict(message.headers())["dipper-record-id"])
                elif message.error().code() != kafka.KafkaError._PARTITION_EOF:
                    raise AssertionError(message.error())
                elif len(found) >= count:
                    consumer.close()
                    return found
            if time.monotonic() > deadline:
                place = kafka.TopicPartition(topic, 0)
                raise AssertionError(
                    f"{topic} has {len(found)} of {count} rows, read up to {consumer.position([place])[0].offset} of "
                    f"{consumer.get_watermark_offsets(place, cached=True)}")

    def is_listening(self):

        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False


class PostgreSQLPart(Part):
    """The catalog and the operational rows: the server's process and all of its sessions."""

    def __init__(self, folder):
        super().__init__("postgresql")
        self.server = PostgreSQL(folder)

    def start(self):
        # What is left of the killed one may keep its memory for a moment.
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.server.start()
                return
            except subprocess.CalledProcessError:
                assert time.monotonic() < deadline, f"PostgreSQL does not start, see {self.server.folder}/log"
                time.sleep(0.5)

    def pids(self):
        try:
            first = int((self.server.data / "postmaster.pid").read_text().splitlines()[0])
        except FileNotFoundError:
            return []
        return [first, *children(first)]

    def kill(self):
        pids = self.pids()
        # The first one first, so that it starts no session anew.
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_until(lambda: not any(is_alive(pid) for pid in pids), GONE_SECONDS, "PostgreSQL's processes go")


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class RedisPart(Part):
    """Answers that gateways share."""

    def __init__(self, folder):
        super().__init__("redis")
        self.server = Redis(folder)

    def start(self):
        self.server.start()

    def pids(self):
        return [self.server.process.pid]

    def wait(self):
        self.server.process.wait(STOP_SECONDS)


class GatewayPart(Part):
    def __init__(self, name, server):
        super().__init__(name)
        self.server = server

    def start(self):
        self.server.start()

    def pids(self):
        return [self.server.process.pid]

    def wait(self):
        self.server.process.wait(STOP_SECONDS)

    @property
    def base(self):
        return self.server.api.base


class WorkerPart(Part):
    def __init__(self, name, folder, log, environment, options):
        super().__init__(name)
        self.folder, self.log, self.environment, self.options = folder, log, environment, options
        self.life, self.worker, self.metrics = 0, None, free_port()

    def start(self):
        self.worker = Worker(
            self.folder, self.log.with_name(f"{self.log.stem}-{self.life}.log"), self.environment,
            [*self.options, "--metrics-listen", f"127.0.0.1:{self.metrics}"])
        self.life += 1
        wait_until(self.is_ready, READY_SECONDS, f"the worker is not ready, see {self.worker.log}")

    def is_ready(self):
        assert self.is_running, f"the worker ended with {self.worker.process.returncode}, see {self.worker.log}"
        try:
            return requests.get(f"http://127.0.0.1:{self.metrics}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def pids(self):
        return [self.worker.process.pid]

    def wait(self):
        self.worker.process.wait(STOP_SECONDS)

    @property
    def is_running(self):
        return self.worker.is_running

    def roles(self):
        return self.worker.roles() if self.is_running else set()


class Cluster:
    """Two gateways and two workers over a broker, a store, PostgreSQL and Redis; nothing of it outlives `stop`."""

    def __init__(self, folder, name, roles=None, threads=1):
        # Not under pytest's folder, which the user that PostgreSQL runs as can't enter.
        self.outside = tempfile.TemporaryDirectory(prefix="dipper-cluster-")
        os.chmod(self.outside.name, 0o711)
        self.store = StorePart(folder / "store")
        self.broker = BrokerPart(LOGS / f"{name}-broker.log", self.store.server)
        self.postgresql = PostgreSQLPart(pathlib.Path(self.outside.name) / "server")
        self.redis = RedisPart(folder / "redis")
        address = self.postgresql.server.address()
        self.environment = {
            **client_environment(), **self.store.server.environment, "DIPPER_CATALOG": address,
            "DIPPER_OPERATIONAL": address, "DIPPER_LOG": self.broker.address(),
            "DIPPER_CACHE": self.redis.server.address}
        options = ["--objects", f"s3://{BUCKET}/lake-{secrets.token_hex(4)}", "--s3-store-endpoint",
                   self.store.server.endpoint]
        self.gateways = [
            GatewayPart(f"gateway-{letter}", Server(
                folder / f"gateway-{letter}", fresh(LOGS / f"{name}-gateway-{letter}.log"), self.environment,
                [*options, "--no-workers"])) for letter in "ab"]
        work = [*options, "--lease-milliseconds", str(LEASE_MILLISECONDS), "--threads", str(threads)]
        if roles:
            work += ["--roles", roles]
        self.workers = [
            WorkerPart(f"worker-{letter}", folder / f"worker-{letter}", LOGS / f"{name}-worker-{letter}.log",
                       self.environment, list(work)) for letter in "ab"]

    @property
    def parts(self):
        return [self.store, self.broker, self.postgresql, self.redis, *self.gateways, *self.workers]

    def start(self):
        for part in self.parts:
            part.start()
        wait_until(lambda: self.holder("lake/hired_employees"))
        return self

    def holder(self, role):
        return next((worker for worker in self.workers if role in worker.roles()), None)

    def sql(self, statement):
        return self.postgresql.server.sql(statement)

    def stop(self):
        """Kills what there is of it: what was to be shown was shown before."""
        for part in reversed(self.parts):
            try:
                part.resume()
                part.kill()
            except (AttributeError, ProcessLookupError):
                pass  # it was never started
        self.outside.cleanup()


def fresh(log):
    log.unlink(missing_ok=True)
    return log


def readiness(gateway, seconds=60):
    answer = requests.get(gateway.base + "/readyz", timeout=seconds)
    assert answer.status_code in (200, 503), answer.text
    return answer.status_code, answer.json()["checks"]
