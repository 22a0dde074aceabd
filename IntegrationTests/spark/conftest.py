"""A PostgreSQL server for the operational rows, and the session of all tests made ready for the package."""

import pathlib
import shutil
import sys
import tempfile

import pytest
from dipper_spark.session import ship

from lake.postgresql import PostgreSQL


@pytest.fixture(scope="module")
def postgresql():
    # Not under pytest's folder, which the user that PostgreSQL runs as can't enter.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dipper-postgresql-"))
    folder.chmod(0o711)
    server = PostgreSQL(folder / "server").start()
    yield server
    server.stop("immediate")
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def session(spark):
    """The session of all tests, whose workers run this Python and know the package. Nothing is compiled for a few rows."""
    names = ("spark.sql.codegen.wholeStage", "spark.sql.adaptive.enabled")
    for name in names:
        spark.session.conf.set(name, "false")
    python, spark.session.sparkContext.pythonExec = spark.session.sparkContext.pythonExec, sys.executable
    ship(spark.session)
    yield spark
    for name in names:
        spark.session.conf.unset(name)
    spark.session.sparkContext.pythonExec = python
    spark.session.catalog.setCurrentCatalog("spark_catalog")
