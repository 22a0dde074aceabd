"""The lake's tables through Dipper's Iceberg REST catalog, and the marks that make a batch's commits repeatable.

A commit of a streaming batch carries in its snapshot's summary who made it (`dipper.spark.query`) and for which batch and
step (`dipper.spark.batch`). Before each commit the table's snapshots are asked for it: a batch that runs again after a
crash commits what is missing and nothing twice. The same look decides about a commit whose answer was lost.
"""

import dataclasses
import logging
import time

from py4j.protocol import Py4JJavaError
from pyspark.java_gateway import ensure_callback_server_started

from dipper_spark.errors import DipperSparkError

CATALOG = "lake"
QUERY, BATCH = "dipper.spark.query", "dipper.spark.batch"
ATTEMPTS_MAX = 8
PAUSE_SECONDS = 0.5
#: What another writer's commit in between is told by, and a commit whose answer was lost.
RACES = ("CommitFailedException", "ValidationException", "CommitStateUnknownException")
QUARANTINE_COLUMNS = (
    ("file_sha256", "string NOT NULL", "SHA-256 of the file or batch body that the row came in"),
    ("line", "bigint NOT NULL", "Line of the row, from 1"),
    ("byte_offset", "bigint NOT NULL", "Where the row starts, from 0, in the decompressed bytes"),
    ("column_name", "string", "The column at fault"), ("code", "string NOT NULL", None),
    ("message", "string NOT NULL", None), ("raw", "binary NOT NULL", "The row as it came"),
    ("raw_truncated", "boolean NOT NULL", "Whether the row was longer than raw"), ("delimiter", "string", None),
    ("job_id", "string NOT NULL", None), ("rejected_at", "timestamp NOT NULL", None))
log = logging.getLogger("dipper_spark")


@dataclasses.dataclass(frozen=True)
class Mark:
    """Which commit of a query this is: batches and the steps in them count upwards."""

    query: str
    batch: int
    step: int = 0

    @property
    def text(self):
        return f"{self.batch}.{self.step}"

    @property
    def order(self):
        return self.batch, self.step


class Lake:
    def __init__(self, session, catalog=CATALOG):
        self.session, self.catalog = session, catalog

    def silver(self, table):
        return f"{self.catalog}.silver.{quoted(table.silver)}"

    def quarantine(self, table):
        return f"{self.catalog}.quarantine.{quoted(table.name)}"

    def prepare(self, table):
        """Creates what is missing; a table that is there must have the declared columns."""
        for namespace in ("silver", "quarantine"):
            self.session.sql(f"CREATE NAMESPACE IF NOT EXISTS {self.catalog}.{namespace}")
        columns = ", ".join(
            f"{quoted(name)} {kind.spark_name()}" + (" NOT NULL" if self.is_required(table, name) else "")
            for name, kind in table.silver_columns)
        partition = ", ".join(map(quoted, table.partition))
        self.session.sql(
            f"CREATE TABLE IF NOT EXISTS {self.silver(table)} ({columns}) USING iceberg"
            + (f" PARTITIONED BY ({partition})" if partition else "")
            + " TBLPROPERTIES ('format-version' = '2', 'write.parquet.compression-codec' = 'zstd')")
        columns = ", ".join(
            f"{name} {kind}" + (f" COMMENT '{comment}'" if comment else "") for name, kind, comment in QUARANTINE_COLUMNS)
        self.session.sql(
            f"CREATE TABLE IF NOT EXISTS {self.quarantine(table)} ({columns}) USING iceberg "
            "TBLPROPERTIES ('format-version' = '2', 'write.parquet.compression-codec' = 'zstd')")
        self.check(table)
        self.merge_on_read(table)

    @staticmethod
    def is_required(table, name):
        return any(column.name == name and table.is_required(column) for column in table.columns)

    def check(self, table):
        stored = dict(self.session.table(self.silver(table)).dtypes)
        for name, kind in table.silver_columns:
            if stored.get(name) != kind.spark_name():
                raise DipperSparkError(
                    "model-changed", f"{table.silver}.{name} is {stored.get(name)}, declared is {kind.spark_name()}",
                    "let the model and the table agree")

    def merge_on_read(self, table):
        """Changed rows become position deletes, as Dipper writes them, unless somebody has decided otherwise."""
        properties = {
            row["key"]: row["value"]
            for row in self.session.sql(f"SHOW TBLPROPERTIES {self.silver(table)}").collect()}
        names = [f"write.{what}.mode" for what in ("merge", "update", "delete")]
        missing = ", ".join(f"'{name}' = 'merge-on-read'" for name in names if name not in properties)
        if missing:
            self.session.sql(f"ALTER TABLE {self.silver(table)} SET TBLPROPERTIES ({missing})")

    # Marks

    def is_done(self, name, mark):
        """Whether the table has a snapshot of this mark or a later one of the same query.

        Looked up in the table's metadata from the newest snapshot on: marks only grow. Snapshots of a rolled back table
        count too, as Dipper's own watermark does."""
        jvm = self.session._jvm
        table = jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(self.session._jsparkSession, name)
        table.refresh()
        for snapshot in reversed(list(table.snapshots())):
            summary = snapshot.summary()
            if summary.get(QUERY) == mark.query:
                return tuple(map(int, summary.get(BATCH).split("."))) >= mark.order
        return False

    def commit(self, name, mark, write):
        """Runs `write`, which makes one commit to the table `name`, unless the table has it.

        Returns whether it was made now."""
        for attempt in range(ATTEMPTS_MAX):
            if self.is_done(name, mark):
                return False
            try:
                self.marked(mark, write)
                return True
            except Py4JJavaError as error:
                told = str(error.java_exception)
                if attempt + 1 == ATTEMPTS_MAX or not any(race in told for race in RACES):
                    raise
                log.warning("commit to %s met another one, it is tried again: %s", name, told.splitlines()[0][:300])
                time.sleep(PAUSE_SECONDS * 2**attempt)
        return False

    def marked(self, mark, write):
        """Runs `write` so that the commit that it makes on this thread bears the mark.

        Iceberg keeps such properties for the thread while it calls back; a write's own options would not reach MERGE."""
        ensure_callback_server_started(self.session.sparkContext._gateway)
        jvm, call = self.session._jvm, Call(write)
        jvm.org.apache.iceberg.spark.CommitMetadata.withCommitProperties(
            {QUERY: mark.query, BATCH: mark.text}, call, jvm.java.lang.Class.forName("java.lang.RuntimeException"))
        if call.error is not None:
            raise call.error


class Call:
    """A `Callable` for Java. What goes wrong is kept: it would come back as a text."""

    class Java:
        implements = ["java.util.concurrent.Callable"]

    def __init__(self, work):
        self.work, self.error = work, None

    def call(self):
        try:
            self.work()
        except Exception as error:  # raised again by `Lake.marked`
            self.error = error


def quoted(name):
    return "`" + name.replace("`", "``") + "`"
