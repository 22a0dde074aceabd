"""The Spark session: the lake's catalog, UTC, and this package on the executors. What spark-defaults.conf or spark-submit
says already is left as it is."""

import os
import pathlib
import sys
import tempfile
import zipfile

PACKAGE = pathlib.Path(__file__).resolve().parent


def catalog_settings(catalog, uri, token=None):
    prefix = f"spark.sql.catalog.{catalog}"
    settings = {
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        prefix: "org.apache.iceberg.spark.SparkCatalog", f"{prefix}.type": "rest", f"{prefix}.uri": uri,
        # A session that polls sees no new snapshot otherwise.
        f"{prefix}.cache-enabled": "false",
        "spark.sql.session.timeZone": "UTC",
    }
    if token:
        settings[f"{prefix}.token"] = token
    return settings


def session(name, settings):
    """A session for the command-line settings (`settings.py`)."""
    from pyspark import SparkConf
    from pyspark.sql import SparkSession

    # Executors of this machine run the driver's Python, which has Arrow.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder, known = SparkSession.builder.appName(name), SparkConf()
    token = pathlib.Path(settings.token_file).read_text().strip() if settings.token_file else None
    for key, value in catalog_settings(settings.catalog, settings.catalog_uri, token).items():
        if not known.contains(key):
            builder = builder.config(key, value)
    for pair in settings.conf:
        key, _, value = pair.partition("=")
        builder = builder.config(key, value)
    made = builder.getOrCreate()
    ship(made)
    return made


def ship(made):
    """Gives the executors this package."""
    folder = tempfile.mkdtemp(prefix="dipper-spark-")
    archive = pathlib.Path(folder) / "dipper_spark.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for path in sorted(PACKAGE.glob("*")):
            if path.suffix in (".py", ".yaml"):
                target.write(path, f"{PACKAGE.name}/{path.name}")
    made.sparkContext.addPyFile(str(archive))
