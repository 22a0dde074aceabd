"""A broker that speaks Kafka's protocol for a test, and `dipper worker` processes beside gateways."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

from lib.cluster import commands

from lake.server import STOP_SECONDS, binary, free_port

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
START_SECONDS = 30


def client_environment():
    """What makes Dipper find the librdkafka that this broker understands."""
    folder = os.environ.get("DIPPER_RDKAFKA") or str(ROOT / ".deps" / "rdkafka")
    assert pathlib.Path(folder, "librdkafka.so.1").is_file(), "`bin/test integration` installs librdkafka"
    return {"LD_LIBRARY_PATH": ":".join(filter(None, [folder, os.environ.get("LD_LIBRARY_PATH")]))}


class Broker:
    """Tansu with its records in memory: it may be stopped for a while, but not killed."""

    def __init__(self, log, door=None, options=()):
        """door: what clients go through; the broker tells them its port in the place of its own."""
        program = os.environ.get("TANSU_BINARY") or ROOT / ".deps" / "tansu" / "tansu"
        self.own_port = free_port()
        self.port = door.port if door else self.own_port
        log.parent.mkdir(parents=True, exist_ok=True)
        command = commands.tansu(str(program), self.own_port, "memory://tansu/", clients_port=self.port)
        with open(log, "wb") as out:
            self.process = subprocess.Popen(
                [*command, *options], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert self.process.poll() is None, f"the broker ended, see {log}"
            try:
                socket.create_connection(("127.0.0.1", self.own_port), timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "the broker does not listen"
                time.sleep(0.05)
        if door:
            door.open(self.own_port)

    def address(self, **options):
        options = {"replication": 1, "appendMilliseconds": 5000, **options}
        return f"kafka://127.0.0.1:{self.port}?" + "&".join(f"{name}={value}" for name, value in options.items())

    def messages(self, topic):
        """All of a topic, one partition after another, as another program's client reads them."""
        consumer = self.client().Consumer({
            "bootstrap.servers": f"127.0.0.1:{self.port}", "group.id": "test", "enable.auto.commit": False,
            "enable.partition.eof": True})
        topics = consumer.list_topics(timeout=START_SECONDS).topics
        partitions = sorted(topics[topic].partitions) if topic in topics else []
        found = [message for partition in partitions for message in self._partition(consumer, topic, partition)]
        consumer.close()
        return found

    @staticmethod
    def client():
        folder = os.environ.get("DIPPER_RDKAFKA") or str(ROOT / ".deps" / "rdkafka")
        if folder + "/python" not in sys.path:
            sys.path.append(folder + "/python")
        import confluent_kafka
        import confluent_kafka.admin  # its classes are reached through the package

        return confluent_kafka

    def _partition(self, consumer, topic, partition):
        kafka = self.client()
        consumer.assign([kafka.TopicPartition(topic, partition, kafka.OFFSET_BEGINNING)])
        found = []
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            message = consumer.poll(1)
            if message is None:
                continue
            if message.error():
                assert message.error().code() == kafka.KafkaError._PARTITION_EOF, message.error()
                return found
            found.append(message)
        raise AssertionError(f"the end of {topic}/{partition} did not come")

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        self.process.kill()
        self.process.wait(STOP_SECONDS)


class Worker:
    def __init__(self, folder, log, environment, options=()):
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "wb") as out:
            self.process = subprocess.Popen(
                [binary(), "worker", "--data-dir", str(folder), *options], stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, env={**os.environ, **environment})

    @property
    def is_running(self):
        return self.process.poll() is None

    def changes(self):
        """What its log tells of roles, in order: ("role taken" | "role lost" | "role given back", role)."""
        for line in self.log.read_text(errors="replace").splitlines():
            if '"role ' in line:
                entry = json.loads(line)
                if entry["message"] in ("role taken", "role lost", "role given back"):
                    yield entry["message"], entry.get("role") or entry.get("metadata", {}).get("role")

    def roles(self):
        """Those that it has, as its log tells."""
        held = set()
        for change, role in self.changes():
            (held.add if change == "role taken" else held.discard)(role)
        return held

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def stop(self):
        if not self.is_running:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the worker did not end within {STOP_SECONDS} s, see {self.log}")
