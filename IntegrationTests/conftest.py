"""Fixtures that every integration test may use: servers on folders of their own, and other people's readers."""

import os
import pathlib
import re
import subprocess

import pytest

from lake.server import Server, binary
from lake.spark import Spark

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOGS = ROOT / ".deps" / "logs" / "servers"


@pytest.fixture
def new_server(tmp_path, request):
    """Makes servers, each on a folder and a port of its own, and stops them at the end of the test."""
    made = []

    def make(environment=None, folder=None, options=()):
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", request.node.name)[:100]
        log = LOGS / f"{name}-{len(made)}.log"
        log.unlink(missing_ok=True)
        server = Server(folder or tmp_path / f"data-{len(made)}", log, environment, options)
        made.append(server)
        return server.start()

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def server(new_server):
    return new_server()


@pytest.fixture(scope="session")
def sample_of(tmp_path_factory):
    """Generates a sample once a session: `sample_of(rows, "--header", …)` is its folder."""
    made = {}

    def make(rows, *options, seed=1):
        key = (rows, seed, options)
        if key not in made:
            folder = tmp_path_factory.mktemp("sample")
            command = [binary(), "sample", "--rows", str(rows), "--seed", str(seed), *options, str(folder)]
            subprocess.run(command, check=True, capture_output=True, timeout=300)
            made[key] = folder
        return made[key]

    return make


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    jar = os.environ.get("DIPPER_ICEBERG_JAR") or next((ROOT / ".deps" / "jars").glob("iceberg-spark-runtime-*.jar"))
    aws = pathlib.Path(os.environ.get("DIPPER_AWS_JARS") or ROOT / ".deps" / "jars" / "aws")
    session = Spark([jar, *sorted(aws.glob("*.jar"))], tmp_path_factory.mktemp("spark"))
    yield session
    session.stop()
