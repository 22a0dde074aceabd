"""Two gateways and a worker over one catalog in PostgreSQL and one bucket: commits race, and repeats are known to both."""

import json
import pathlib
import re
import shutil
import tempfile
import threading
import time
import uuid

import pyarrow as pa
import pytest
import requests

from lake.kafka import Broker, Worker, client_environment
from lake.postgresql import PostgreSQL

from rest.catalogs import address, hires, pyiceberg
from rest.commit_rate import SCHEMA, Client
from rest.storages import bucket_options

LOGS = pathlib.Path(__file__).resolve().parent.parent.parent / ".deps" / "logs" / "servers"
WRITERS, COMMITS = 6, 6
APPENDERS, APPENDS = 4, 4
LOST_IN_A_ROW_MAX = 200


@pytest.fixture(scope="module")
def postgresql():
    # Not under pytest's folder, which the user that PostgreSQL runs as can't enter.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dipper-postgresql-"))
    folder.chmod(0o711)
    server = PostgreSQL(folder / "server").start()
    yield server
    server.stop("immediate")
    shutil.rmtree(folder)


@pytest.fixture
def gateways(postgresql, seaweedfs, new_server, tmp_path, request):
    name = re.sub(r"[^a-z0-9]+", "_", request.node.name.lower())[-50:]
    postgresql.sql(f"CREATE DATABASE {name}")
    broker = Broker(LOGS / f"{name}-broker.log")
    environment = {
        **client_environment(), **seaweedfs.environment, "DIPPER_CATALOG": postgresql.address(name),
        "DIPPER_OPERATIONAL": postgresql.address(name), "DIPPER_LOG": broker.address()}
    options = bucket_options(seaweedfs, f"lake-{uuid.uuid4().hex[:12]}", tmp_path)
    # The first begins the lake in the bucket, the others find it there.
    made = [new_server(environment, options=[*options, "--no-workers"])]
    made.append(new_server(environment, options=[*options, "--no-workers"]))
    # Keys for clients are the gateways' business.
    worker = Worker(tmp_path / "worker", LOGS / f"{name}-worker.log", environment, [*options[:4], "--threads", "1"])
    yield made
    worker.stop()
    broker.stop()


class Threads:
    """Threads whose failures are told by the test's own."""

    def __init__(self):
        self.threads, self.failures = [], []

    def start(self, work, *arguments):
        def run():
            try:
                work(*arguments)
            except Exception as failure:
                self.failures.append(failure)

        self.threads.append(threading.Thread(target=run, daemon=True))
        self.threads[-1].start()

    def join(self):
        for thread in self.threads:
            thread.join(240)
        assert not any(thread.is_alive() for thread in self.threads), "a writer is stuck"
        assert not self.failures, self.failures


def snapshot_commit(metadata):
    """A snapshot's id, and the request that sets it on what `metadata` has."""
    identity, parent = uuid.uuid4().int >> 66, metadata.get("current-snapshot-id")
    parent = None if parent in (None, -1) else parent
    snapshot = {
        "snapshot-id": identity, "sequence-number": metadata["last-sequence-number"] + 1,
        "timestamp-ms": int(time.time() * 1000), "manifest-list": f"{metadata['location']}/metadata/snap-{identity}.avro",
        "summary": {"operation": "append"}, "schema-id": 0}
    if parent:
        snapshot["parent-snapshot-id"] = parent
    return identity, {
        "requirements": [{"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": parent}],
        "updates": [{"action": "add-snapshot", "snapshot": snapshot},
                    {"action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": identity}]}


def commit(gateway, path, body, key):
    return requests.post(f"{address(gateway)}/v1{path}", json=body, headers={"Idempotency-Key": key}, timeout=60)


def test_no_commit_is_lost_and_none_counts_twice(gateways):
    first = Client(address(gateways[0]))
    assert first.call("POST", "/namespaces", {"namespace": ["race"]})[0] == 200
    assert first.call("POST", "/namespaces/race/tables", {"name": "t", "schema": SCHEMA})[0] == 200
    path = "/namespaces/race/tables/t"
    done, lost, threads = [], [], Threads()

    def write(number):
        mine, other = gateways[number % 2], gateways[1 - number % 2]
        client = Client(address(mine))
        committed, attempts = 0, 0
        while committed < COMMITS:
            attempts += 1
            assert attempts < LOST_IN_A_ROW_MAX, "a writer never wins"
            identity, body = snapshot_commit(client.call("GET", path)[1]["metadata"])
            key = str(uuid.uuid4())
            answer = commit(mine, path, body, key)
            assert answer.status_code in (200, 409), answer.text
            # As after a lost connection: the other gateway gives the first answer, whichever it was, and commits nothing.
            again = commit(other, path, body, key)
            assert (again.status_code, again.json()) == (answer.status_code, answer.json())
            if answer.status_code == 409:
                lost.append(identity)
                continue
            done.append((identity, body, key, answer.json()))
            committed += 1

    for number in range(WRITERS):
        threads.start(write, number)
    threads.join()
    print(f"{len(done)} commits, {len(lost)} lost races")
    seen = [Client(address(gateway)).call("GET", path)[1]["metadata"] for gateway in gateways]
    assert seen[0] == seen[1]
    stored = [snapshot["snapshot-id"] for snapshot in seen[0]["snapshots"]]
    assert sorted(stored) == sorted(identity for identity, *_ in done), "a commit was lost or doubled"
    assert [snapshot.get("parent-snapshot-id") for snapshot in seen[0]["snapshots"]] == [None] + stored[:-1], "no line"
    # Long after, too, and from either; another request under the same key is refused.
    identity, body, key, answer = done[0]
    other = json.loads(json.dumps(body))
    other["updates"][0]["snapshot"]["summary"]["operation"] = "overwrite"
    for gateway in gateways:
        assert commit(gateway, path, body, key).json() == answer
        assert commit(gateway, path, other, key).status_code == 422
    assert Client(address(gateways[0])).call("GET", path)[1]["metadata"] == seen[0]


def test_rows_come_through_both_into_one_bucket(gateways):
    catalogs = [pyiceberg(gateway) for gateway in gateways]
    catalogs[0].create_namespace("race")
    properties = {"commit.retry.num-retries": "20", "commit.retry.min-wait-ms": "20", "commit.retry.max-wait-ms": "500"}
    schema = pa.schema([pa.field("id", pa.int64())])
    location = catalogs[0].create_table("race.t", schema=schema, properties=properties).location()
    assert location.startswith("s3://")
    threads = Threads()

    def append(number):
        # A catalog of its own: PyIceberg's session isn't meant for several threads.
        table = pyiceberg(gateways[number % 2]).load_table("race.t")
        for index in range(APPENDS):
            table.append(pa.table({"id": [number * 100 + index]}, schema=schema))

    def load(number):
        for index in range(APPENDS):
            gateways[number].api.load("hired_employees", hires(1 + number * 1_000 + index * 50, 100))

    for number in range(APPENDERS):
        threads.start(append, number)
    for number in range(2):
        threads.start(load, number)
    threads.join()
    wanted = sorted(number * 100 + index for number in range(APPENDERS) for index in range(APPENDS))
    hired = [1 + number * 1_000 + index for number in range(2) for index in range(50 * (APPENDS + 1))]
    for catalog, gateway in zip(catalogs, gateways):
        def ids(name):
            return sorted(catalog.load_table(name).scan().to_arrow()["id"].to_pylist())

        assert ids("race.t") == wanted and ids("silver.employees_cleaned") == hired
        assert gateway.api.query("SELECT count(*), CAST(sum(id) AS BIGINT) FROM race.t") == [[len(wanted), sum(wanted)]]
        assert gateway.api.query("SELECT count(*), CAST(sum(id) AS BIGINT) FROM silver.employees_cleaned") == [
            [len(hired), sum(hired)]]
