"""Which processes make up the cluster, in the order in which they are started and listed."""

import os
import pathlib

from .dipper import FollowingGateway, Gateway, Worker
from .errors import ClusterError
from .prometheus import Prometheus
from .spark import SparkHistory, SparkMaster, SparkWorker
from .state import State
from .stores import PostgreSQL, Redis, SeaweedFS, Tansu

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
DEPS = ROOT / ".deps"
SERVICES = {
    "seaweedfs": SeaweedFS,
    "kafka": Tansu,
    "postgresql": PostgreSQL,
    "redis": Redis,
    "gateway-a": Gateway,
    "gateway-b": FollowingGateway,
    "worker-a": Worker,
    "worker-b": Worker,
    "spark-master": SparkMaster,
    "spark-worker-a": SparkWorker,
    "spark-worker-b": SparkWorker,
    "spark-history": SparkHistory,
    "prometheus": Prometheus,
}


class Context:
    """The cluster in a folder: its state, its services by name, and the programs that they are run with."""

    def __init__(self, folder=None):
        self.state = State(folder or os.environ.get("DIPPER_CLUSTER_DIR") or DEPS / "cluster")
        self.services = {name: kind(name, self) for name, kind in SERVICES.items()}

    def service(self, name):
        try:
            return self.services[name]
        except KeyError:
            raise ClusterError(f"there is no `{name}` in the cluster", "its names are " + ", ".join(SERVICES)) from None

    def program(self, variable, path):
        """Where something is that bin/lib installs: what the environment says, or its usual place."""
        found = pathlib.Path(os.environ.get(variable) or DEPS / path)
        if not os.path.lexists(found):
            raise ClusterError(f"{found} is not there", "`bin/cluster up` installs what is missing")
        return str(found)

    @property
    def dipper(self):
        found = pathlib.Path(os.environ.get("DIPPER_BINARY") or ROOT / ".build" / "release" / "dipper")
        if not found.exists():
            raise ClusterError(f"{found} is not built", "`bin/cluster up` builds it")
        return str(found)

    @property
    def engine(self):
        """DuckDB's library, which SQL needs; none when it is not there."""
        found = os.environ.get("DIPPER_LIBDUCKDB") or next(DEPS.glob("duckdb/_duckdb.*.so"), None)
        return found and str(found)
