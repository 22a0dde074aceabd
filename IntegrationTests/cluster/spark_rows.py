"""Prints rows of a Spark cluster as JSON: `spark_rows.py STATEMENT…`, one list of rows a statement, and who worked them."""

import json
import sys

# A few rows are not worth compiling anything for.
QUICK = {
    "spark.sql.codegen.wholeStage": "false", "spark.sql.adaptive.enabled": "false", "spark.ui.enabled": "false",
    "spark.executor.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"}


def main():
    from pyspark.sql import SparkSession

    # Where the cluster is and what it has stand in the folder that SPARK_CONF_DIR names.
    builder = SparkSession.builder.appName("tour")
    for name, value in QUICK.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    found = [[list(row) for row in session.sql(statement).collect()] for statement in sys.argv[1:]]
    context = session.sparkContext
    print(json.dumps({"master": context.master, "application": context.applicationId, "rows": found}))
    session.stop()


if __name__ == "__main__":
    main()
