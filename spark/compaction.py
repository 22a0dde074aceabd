"""Rewrites small files and delete files, then expires old snapshots, by Iceberg's procedures through the catalog.

    spark-submit compaction.py [--tables a,b] [--older-than-hours 120] [--retain-last 20] [--target-file-bytes N]

`dipper serve` does the same by itself while it takes rows in; this is for lakes that only Spark writes to, and for a cluster's
worth of files. What a streaming query needs to know after a restart is in the snapshots of its last batch: keep them for
longer than a restart takes.
"""

import datetime
import sys

from dipper_spark import settings as command_line
from dipper_spark.errors import DipperSparkError
from dipper_spark.model import load_model
from dipper_spark.session import session

RETAIN_HOURS, RETAIN_LAST = 5 * 24, 20
#: A batch of each table may have to be known again after a restart, rows and rejects and receipts.
RETAIN_LAST_MIN = 5


def calls(catalog, name, settings, now):
    """The procedures for one table, in order; `name` is NAMESPACE.TABLE."""
    options = "map('min-input-files', '5', 'delete-file-threshold', '1'"
    if settings.target_file_bytes:
        options += f", 'target-file-size-bytes', '{settings.target_file_bytes}'"
    older = (now - datetime.timedelta(hours=settings.older_than_hours)).strftime("%Y-%m-%d %H:%M:%S")
    return [
        f"CALL {catalog}.system.rewrite_data_files(table => '{name}', options => {options}))",
        f"CALL {catalog}.system.rewrite_position_delete_files(table => '{name}')",
        f"CALL {catalog}.system.rewrite_manifests(table => '{name}')",
        f"CALL {catalog}.system.expire_snapshots(table => '{name}', older_than => TIMESTAMP '{older}', "
        f"retain_last => {settings.retain_last})"]


def main(arguments=None):
    parser = command_line.parser(__doc__.splitlines()[0])
    parser.add_argument("--older-than-hours", type=float, default=RETAIN_HOURS)
    parser.add_argument("--retain-last", type=int, default=RETAIN_LAST)
    parser.add_argument("--target-file-bytes", type=int)
    settings = parser.parse_args(arguments)
    if settings.retain_last < RETAIN_LAST_MIN:
        raise DipperSparkError(
            "retain-too-few", f"--retain-last {settings.retain_last}: streaming batches must be known again after a restart",
            f"keep at least {RETAIN_LAST_MIN}")
    model = load_model(settings.model)
    spark = session("dipper-compaction", settings)
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [
        name for table in command_line.tables(settings, model)
        for name in (f"silver.{table.silver}", f"quarantine.{table.name}")]
    for name in names:
        for call in calls(settings.catalog, name, settings, now):
            row = spark.sql(call).first()
            print(f"{name}: {call.split('(')[0].rsplit('.', 1)[1]} {row.asDict() if row else {}}")


if __name__ == "__main__":
    try:
        main()
    except DipperSparkError as error:
        sys.exit(f"compaction: {error}")
