"""Runs the applications of `spark/` as a user does: a process of its own, with Spark's settings on the command line."""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "spark"
RUN_SECONDS = 3_600
#: Of Debian's package libpostgresql-jdbc-java, which bin/lib/readers.sh installs.
JDBC_JAR = pathlib.Path("/usr/share/java/postgresql.jar")


def jars(with_jdbc=False):
    iceberg = os.environ.get("DIPPER_ICEBERG_JAR") or next((ROOT / ".deps" / "jars").glob("iceberg-spark-runtime-*.jar"))
    found = [str(iceberg)]
    if with_jdbc:
        assert JDBC_JAR.is_file(), "Debian's libpostgresql-jdbc-java is missing; `bin/test` installs it"
        found.append(str(JDBC_JAR))
    return ",".join(found)


def run(script, scratch, server, *arguments, with_jdbc=False, memory="1g", timeout=RUN_SECONDS):
    """Runs a script against the server's catalog and returns what it said."""
    events = scratch / "events"
    events.mkdir(exist_ok=True)
    settings = {
        # As spark-defaults.conf.example has it, for the history server.
        "spark.eventLog.enabled": "true", "spark.eventLog.dir": events.as_uri(),
        "spark.master": "local[2]", "spark.jars": jars(with_jdbc), "spark.driver.memory": memory,
        "spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2", "spark.local.dir": str(scratch / "local"),
        "spark.sql.warehouse.dir": str(scratch / "spark-warehouse"),
        # A short run spends more on compiling than it gains.
        "spark.driver.extraJavaOptions": f"-Dderby.system.home={scratch} -XX:+UseSerialGC -XX:TieredStopAtLevel=1"}
    command = [sys.executable, str(FOLDER / script), "--catalog-uri", f"{server.api.base}/catalog", *map(str, arguments)]
    for name, value in settings.items():
        command += ["--conf", f"{name}={value}"]
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    # A process of another Spark session hands down where its gateway listens.
    for name in ("PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET"):
        environment.pop(name, None)
    done = subprocess.run(
        command, env=environment, cwd=scratch, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return done.stdout + done.stderr
