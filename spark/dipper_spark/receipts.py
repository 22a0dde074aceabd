"""What becomes of each record of the log: `lake.spark.receipts`, where `read = accepted + rejected + blank` for each.

A step's receipts are written before its rows: verdicts on keys are given on the table as it was, and cannot be found again
once it has changed. A step that runs again takes them from here.
"""

from pyspark.sql import functions as f

from dipper_spark.errors import DipperSparkError
from dipper_spark.lake import Mark

SCHEMA = (
    "job_id string, table_name string, topic_partition int, log_offset bigint, file_sha256 string, state string, "
    "read_rows bigint, accepted_rows bigint, rejected_rows bigint, blank_rows bigint, error_code string, "
    "error_message string, query_id string, batch bigint, step int, finished_at timestamp")


def name(lake):
    return f"{lake.catalog}.spark.receipts"


def prepare(lake):
    lake.session.sql(f"CREATE NAMESPACE IF NOT EXISTS {lake.catalog}.spark")
    lake.session.sql(
        f"CREATE TABLE IF NOT EXISTS {name(lake)} ({SCHEMA}) USING iceberg TBLPROPERTIES ('format-version' = '2')")


def receipt(table, summary, late, error, mark):
    """The line of one record.

    `late` are rows that were valid by themselves and refused by what the lake holds; `error` is `(code, message)` of a
    file of which nothing is applied."""
    rejected = summary["rejected_rows"] + late
    accepted = summary["read_rows"] - rejected - summary["blank_rows"]
    if error is not None:
        accepted = 0
    elif accepted < 0:
        raise DipperSparkError(
            "rows-unbalanced", f"the row counts of {summary['job_id']} do not add up", "report this with the file")
    code, message = error or (None, None)
    return (
        summary["job_id"], table.name, summary["p"], summary["o"], summary["file_sha256"],
        "failed" if error else "committed", summary["read_rows"], accepted, rejected, summary["blank_rows"], code,
        message, mark.query, mark.batch, mark.step)


def mark_of(table, mark):
    """All tables share the receipts: their marks are told apart by the table's name."""
    return Mark(f"{mark.query}/{table.name}", mark.batch, mark.step)


def is_settled(lake, table, mark):
    return lake.is_done(name(lake), mark_of(table, mark))


def failed(lake, table, mark):
    """Partition and offset of the records of a settled step of which nothing is applied."""
    rows = lake.session.table(name(lake)).where(
        (f.col("table_name") == table.name) & (f.col("query_id") == mark.query) & (f.col("batch") == mark.batch)
        & (f.col("step") == mark.step) & (f.col("state") == "failed"))
    return {(row["topic_partition"], row["log_offset"]) for row in rows.collect()}


def append(lake, table, lines, mark):
    columns = SCHEMA.rsplit(", ", 1)[0]
    frame = lake.session.createDataFrame(lines, columns).selectExpr("*", "current_timestamp() AS finished_at").coalesce(1)
    lake.commit(name(lake), mark_of(table, mark), lambda: frame.writeTo(name(lake)).append())
