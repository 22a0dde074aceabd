"""What became of each record of the log: `lake.spark.receipts`, where `read = accepted + rejected + blank` for each."""

from dipper_spark.errors import DipperSparkError

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


def append(lake, lines):
    columns = SCHEMA.rsplit(", ", 1)[0]
    frame = lake.session.createDataFrame(lines, columns).selectExpr("*", "current_timestamp() AS finished_at")
    frame.coalesce(1).writeTo(name(lake)).append()
