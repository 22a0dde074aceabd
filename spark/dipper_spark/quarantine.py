"""Writes a batch's rejects into the quarantine table, those left out that are there: a reject is known by the hash of its
file or body, its byte offset and its code."""

from pyspark.sql import Window
from pyspark.sql import functions as f

from dipper_spark.lake import QUARANTINE_COLUMNS

IDENTITY = ["file_sha256", "byte_offset", "code"]
FIELDS = [name for name, _, _ in QUARANTINE_COLUMNS if name != "rejected_at"]
#: Hashes that are named in a filter; more of them are left to the join.
HASHES_MAX = 200


def new_rejects(lake, table, rejects, hashes):
    """The rejects, one of each identity, that the table does not hold."""
    first = Window.partitionBy(*IDENTITY).orderBy("p", "o", "n")
    rejects = rejects.withColumn("place", f.row_number().over(first)).where("place = 1").select(*FIELDS)
    stored = lake.session.table(lake.quarantine(table)).select(*IDENTITY)
    if len(hashes) <= HASHES_MAX:
        stored = stored.where(f.col("file_sha256").isin(list(hashes)))
    return rejects.join(stored, IDENTITY, "left_anti").select(*FIELDS).withColumn("rejected_at", f.current_timestamp())


def append(lake, table, rejects):
    rejects.writeTo(lake.quarantine(table)).append()
