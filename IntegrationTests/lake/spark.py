"""Spark 3.5 with the Iceberg runtime, reading a table by the path of its metadata file.

`load(PATH)` reads the rows, `load(PATH#files)` a metadata table: both go through Iceberg's path source, which takes a
`….metadata.json` as the state of the table and needs no catalog.
"""

import os

from lake.readers import as_plain


class Spark:
    """:param jars: the Iceberg runtime, and what its S3FileIO needs."""

    def __init__(self, jars, folder):
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
        from pyspark.sql import SparkSession

        settings = {
            "spark.jars": ",".join(map(str, jars)),
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.memory": "2g",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
            "spark.local.dir": str(folder / "local"),
            "spark.driver.extraJavaOptions": f"-Dderby.system.home={folder}",
        }
        builder = SparkSession.builder.master("local[2]").appName("dipper-tests")
        for name, value in settings.items():
            builder = builder.config(name, value)
        self.session = builder.getOrCreate()
        self.session.sparkContext.setLogLevel("ERROR")

    def rows(self, metadata, columns, snapshot=None):
        """The rows as a multiset of tuples, timestamps as microseconds."""
        reader = self.session.read.format("iceberg")
        if snapshot is not None:
            reader = reader.option("snapshot-id", str(snapshot))
        frame = reader.load(f"file:{metadata}")
        types = dict(frame.dtypes)
        expressions = [f"unix_micros({name}) as {name}" if types[name] == "timestamp" else name for name in columns]
        return as_plain(tuple(row) for row in frame.selectExpr(*expressions).collect())

    def metadata_table(self, metadata, name):
        """A metadata table as dictionaries."""
        frame = self.session.read.format("iceberg").load(f"file:{metadata}#{name}")
        return [row.asDict(recursive=True) for row in frame.collect()]

    def stop(self):
        self.session.stop()
