"""Dipper's ingestion as a Spark Structured Streaming application: records of the tables' topics, or landed ones, into
silver, quarantine and the operational database. docs/spark.md tells how it is run.

    spark-submit --packages … csv_processor.py --source kafka --bootstrap HOST:PORT --bronze URI --checkpoint URI
"""

import logging
import sys

from dipper_spark import settings as command_line
from dipper_spark.bronze import Bronze
from dipper_spark.errors import DipperSparkError
from dipper_spark.model import load_model
from dipper_spark.operational import Operational
from dipper_spark.process import Processor
from dipper_spark.session import session
from dipper_spark.streaming import start


def main(arguments=None):
    parser = command_line.with_source(command_line.with_lake(command_line.parser(__doc__.splitlines()[0])))
    settings = parser.parse_args(arguments)
    settings.kafka_properties = command_line.properties(settings.kafka_properties)
    model = load_model(settings.model)
    tables = command_line.tables(settings, model)
    spark = session("dipper-csv-processor", settings)
    operational = None
    if settings.postgres_url:
        operational = Operational(spark, settings.postgres_url, command_line.properties(settings.postgres_properties))
    processor = Processor(model, Bronze(settings.bronze), None, operational, settings.catalog)
    processor.prepare(spark, tables)
    start(spark, settings, tables, processor).awaitTermination()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        main()
    except DipperSparkError as error:
        sys.exit(f"csv_processor: {error}")
