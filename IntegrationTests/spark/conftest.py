"""A PostgreSQL server for the operational rows."""

import pathlib
import shutil
import tempfile

import pytest

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
