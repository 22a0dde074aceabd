"""Spark's own cluster: a master, two small workers, and the history of what has run there."""

import pathlib

from .errors import ClusterError
from .machine import LOOPBACK
from .service import Service, environment, get, get_json

WORKER_CORES, WORKER_MEMORY = 1, "1g"
DAEMON_MEMORY = "256m"
# One core each, and nothing that is worth compiling twice.
DAEMON_OPTIONS = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
MASTER, WORKER, HISTORY = (
    "org.apache.spark.deploy.master.Master", "org.apache.spark.deploy.worker.Worker",
    "org.apache.spark.deploy.history.HistoryServer")


class SparkService(Service):
    @property
    def home(self):
        """The folder of Spark, which PySpark's package brings."""
        python = pathlib.Path(self.context.program("DIPPER_READERS_PYTHON", "readers/bin/python"))
        found = next(python.parent.parent.glob("lib/python*/site-packages/pyspark"), None)
        if not found:
            raise ClusterError(f"there is no PySpark beside {python}", "remove .deps/readers and run this again")
        return found

    @property
    def shared(self):
        """The folder of what all of them have."""
        return self.context.state.folder / "spark"

    @property
    def events(self):
        return self.shared / "events"

    @property
    def scratch(self):
        return self.shared / "scratch"

    def prepare(self):
        super().prepare()
        self.events.mkdir(parents=True, exist_ok=True)
        (self.shared / "empty").mkdir(exist_ok=True)

    def environment(self):
        # Configuration of its own, so that one of the machine's does not get in. The local address is what it listens on.
        return environment({
            "SPARK_HOME": str(self.home), "SPARK_CONF_DIR": str(self.shared / "empty"), "SPARK_LOCAL_IP": LOOPBACK,
            "SPARK_DAEMON_MEMORY": DAEMON_MEMORY, "SPARK_DAEMON_JAVA_OPTS": DAEMON_OPTIONS,
            "SPARK_LOCAL_DIRS": str(self.scratch), **self.options()})

    def options(self):
        return {}

    def program(self, name, *arguments):
        return [self.home / "bin" / "spark-class", name, *arguments]


class SparkMaster(SparkService):
    ports = ("spark", "http")

    @property
    def address(self):
        return f"spark://{LOOPBACK}:{self.port()}"

    @property
    def page(self):
        return f"http://{LOOPBACK}:{self.port('http')}"

    def prepare(self):
        super().prepare()
        self.write_defaults()

    def write_defaults(self):
        """What applications need: the cluster, the catalog `lake`, and the history. Keys come with the tables."""
        jars = [self.context.program("DIPPER_ICEBERG_JAR", "jars/iceberg-spark-runtime-3.5_2.12-1.10.2.jar")]
        jars += sorted(pathlib.Path(self.context.program("DIPPER_AWS_JARS", "jars/aws")).glob("*.jar"))
        lake = "spark.sql.catalog.lake"
        settings = {
            "spark.master": self.address,
            # All run on this machine, so nothing has to be sent to executors.
            "spark.driver.extraClassPath": ":".join(map(str, jars)),
            "spark.executor.extraClassPath": ":".join(map(str, jars)),
            "spark.driver.host": LOOPBACK,
            "spark.driver.bindAddress": LOOPBACK,
            "spark.driver.memory": "512m",
            "spark.driver.extraJavaOptions": f"-Dderby.system.home={self.shared}",
            "spark.executor.memory": "512m",
            "spark.executor.extraJavaOptions": "-XX:+UseSerialGC",
            "spark.ui.port": 0,
            "spark.sql.warehouse.dir": self.shared / "warehouse",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.shuffle.partitions": 2,
            "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
            "spark.sql.defaultCatalog": "lake",
            lake: "org.apache.iceberg.spark.SparkCatalog",
            f"{lake}.type": "rest",
            f"{lake}.uri": self.context.service("gateway-a").address + "/catalog",
            f"{lake}.cache-enabled": "false",
            f"{lake}.header.X-Iceberg-Access-Delegation": "vended-credentials",
            f"{lake}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
            f"{lake}.http-client.type": "urlconnection",
            f"{lake}.client.region": "us-east-1",
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": self.events.as_uri(),
        }
        conf = self.shared / "conf"
        conf.mkdir(exist_ok=True)
        (conf / "spark-defaults.conf").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        (conf / "spark-env.sh").write_text(f"SPARK_LOCAL_IP={LOOPBACK}\nSPARK_LOCAL_DIRS='{self.scratch}'\n")
        (conf / "log4j2.properties").write_text(
            "rootLogger.level = warn\nrootLogger.appenderRef.stderr.ref = console\nappender.console.type = Console\n"
            "appender.console.name = console\nappender.console.target = SYSTEM_ERR\n"
            "appender.console.layout.type = PatternLayout\nappender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex\n")

    def command(self):
        return self.program(MASTER, "--host", LOOPBACK, "--port", self.port(), "--webui-port", self.port("http"))

    def cluster(self):
        """What it knows of itself and its workers."""
        return get_json(self.port("http"), "/json/") or {}

    def answers(self):
        return self.cluster().get("status") == "ALIVE"


class SparkWorker(SparkService):
    needs = ("spark-master",)
    ports = ("http", "worker")

    def command(self):
        return self.program(
            WORKER, "--host", LOOPBACK, "--port", self.port("worker"), "--webui-port", self.port(), "-c", WORKER_CORES,
            "-m", WORKER_MEMORY, "-d", self.folder, self.context.service("spark-master").address)

    def answers(self):
        workers = self.context.service("spark-master").cluster().get("workers", [])
        return any(worker["port"] == self.port("worker") and worker["state"] == "ALIVE" for worker in workers)


class SparkHistory(SparkService):
    def options(self):
        return {"SPARK_HISTORY_OPTS": f"-Dspark.history.fs.logDirectory={self.events.as_uri()} "
                                      f"-Dspark.history.ui.port={self.port()} -Dspark.history.fs.update.interval=5s"}

    def command(self):
        return self.program(HISTORY)

    def answers(self):
        return get(self.port(), "/api/v1/applications")[0] == 200
