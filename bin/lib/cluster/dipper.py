"""Dipper's own processes: gateways, which take in and answer, and workers, which do the rest."""

import os

from .machine import LOOPBACK
from .service import Service, environment, get
from .stores import LAKE_BUCKET


class Dipper(Service):
    needs = ("seaweedfs", "kafka", "postgresql", "redis")

    def secret_file(self, name):
        return self.context.state.secrets / name

    def shared(self):
        """The options that gateways and workers have in common."""
        store = self.context.service("seaweedfs")
        return [
            "--data-dir", self.folder / "data", "--objects", f"s3://{LAKE_BUCKET}/dipper", "--s3-store-endpoint", store.address,
            "--s3-store-credentials", store.keys, "--log", self.context.service("kafka").address + "?replication=1",
            "--catalog", f"@{self.secret_file('catalog')}", "--operational", f"@{self.secret_file('operational')}"]

    def environment(self):
        engine = self.context.engine
        found = {"DIPPER_LIBDUCKDB": engine} if engine else {}
        # The broker does not understand the librdkafka of Debian 12.
        folders = [self.context.program("DIPPER_RDKAFKA", "rdkafka"), os.environ.get("LD_LIBRARY_PATH")]
        return environment({**found, "LD_LIBRARY_PATH": ":".join(filter(None, map(str, folders)))})

    def answers(self):
        return get(self.port(), "/readyz")[0] == 200


class Gateway(Dipper):
    def command(self):
        return [
            self.context.dipper, "serve", *self.shared(), "--listen", f"{LOOPBACK}:{self.port()}", "--no-workers",
            "--s3-store-client-credentials", self.context.service("seaweedfs").keys,
            "--cache", f"@{self.secret_file('cache')}"]


class FollowingGateway(Gateway):
    # The first one begins the lake in the bucket, the others find it there.
    needs = (*Dipper.needs, "gateway-a")


class Worker(Dipper):
    needs = FollowingGateway.needs

    def command(self):
        return [self.context.dipper, "worker", *self.shared(), "--threads", "1", "--metrics-listen", f"{LOOPBACK}:{self.port()}"]
