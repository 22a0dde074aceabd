"""Other people's command lines, with what they need to reach the cluster."""

import os

from .commands import postgresql_tools
from .machine import LOOPBACK
from .service import environment
from .stores import ROLE

TOOLS = {
    "psql": "psql on the operational rows, or with -d catalog on the catalog; further arguments are psql's",
    "spark-sql": "Spark SQL on the cluster's catalog `lake`; further arguments are spark-sql's",
    "spark-submit": "an application on the Spark cluster; further arguments are spark-submit's",
}


def run(context, tool, words):
    """Becomes the tool."""
    if tool == "psql":
        postgresql = context.service("postgresql")
        program = postgresql_tools() / "psql"
        settings = {
            "PGPASSFILE": postgresql.passwords, "PGHOST": LOOPBACK, "PGPORT": postgresql.port(), "PGUSER": ROLE,
            "PGDATABASE": "operational"}
    else:
        master = context.service("spark-master")
        program = master.home / "bin" / tool
        settings = {
            "SPARK_HOME": master.home, "SPARK_CONF_DIR": master.shared / "conf", "SPARK_LOCAL_IP": LOOPBACK,
            "PYSPARK_PYTHON": context.program("DIPPER_READERS_PYTHON", "readers/bin/python")}
    os.execve(program, [str(program), *words], environment({name: str(value) for name, value in settings.items()}))
