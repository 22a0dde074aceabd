"""Loads bronze files into silver once more, or for the first time: those of a folder of `csv-files`, the oldest first.

    spark-submit backfill.py --bronze URI --run NAME [--tables a,b] [--since 2026-01-31] [--files-per-step 50]

The run's name makes it repeatable: what a run of the same name has committed is left out.
"""

import datetime
import json
import logging
import pathlib
import sys

from dipper_spark import records
from dipper_spark import settings as command_line
from dipper_spark.bronze import Bronze
from dipper_spark.errors import DipperSparkError
from dipper_spark.model import load_model
from dipper_spark.operational import Operational
from dipper_spark.process import Processor
from dipper_spark.session import session

SCHEMA = "topic string, partition int, offset bigint, id string, kind string, sha256 string, value binary"
NANOSECONDS = 1_000_000_000


def references(bronze, table, run, since=None):
    """The bronze files of a table as records, in the order in which they were written."""
    first = 0
    if since:
        moment = datetime.datetime.fromisoformat(since)
        first = int((moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)).timestamp()) * NANOSECONDS
    for offset, (written, path, size) in enumerate(found for found in bronze.keys(table.name) if found[0] >= first):
        sha256 = pathlib.PurePosixPath(path).name.split(".")[0]
        value = json.dumps({"objectKey": path, "sha256": sha256, "byteCount": size, "mode": "upsert", "onError": "quarantine"})
        yield table.name, 0, offset, f"{run}-{table.name}-{offset}", records.FILE, None, value.encode()


def main(arguments=None):
    parser = command_line.with_lake(command_line.parser(__doc__.splitlines()[0]))
    parser.add_argument("--run", required=True, help="the name of this run; a run of the same name goes on where it ended")
    parser.add_argument("--since", help="leave out files that were written before, ISO 8601")
    parser.add_argument("--files-per-step", type=int, default=50, help="files that one commit takes in")
    settings = parser.parse_args(arguments)
    model, bronze = load_model(settings.model), Bronze(settings.bronze)
    tables = command_line.tables(settings, model)
    spark = session("dipper-backfill", settings)
    operational = None
    if settings.postgres_url:
        operational = Operational(spark, settings.postgres_url, command_line.properties(settings.postgres_properties))
    processor = Processor(model, bronze, f"backfill-{settings.run}", operational, settings.catalog)
    processor.prepare(spark, tables)
    for table in (table for table in model.in_order() if table in tables):
        found = list(references(bronze, table, settings.run, settings.since))
        for number, start in enumerate(range(0, len(found), settings.files_per_step)):
            processor(spark.createDataFrame(found[start:start + settings.files_per_step], SCHEMA), number)
        print(f"{table.name}: {len(found)} files")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        main()
    except DipperSparkError as error:
        sys.exit(f"backfill: {error}")
