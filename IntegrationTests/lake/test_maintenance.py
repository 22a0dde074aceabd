"""Tables that keep themselves small while they are written, and the same by hand: rows never change."""

import json
import os
import random
import subprocess
import threading
import urllib.parse

import pytest

from lake import hiring
from lake.readers import as_plain, duckdb_rows, pyiceberg_rows, static_table
from lake.server import binary

TABLE = "hired_employees"
COLUMNS = hiring.SILVER[TABLE]


class Writer:
    """Writes rows of few keys and two partitions, and knows what must stand in the table."""

    def __init__(self, api, seed):
        self.api = api
        self.random = random.Random(seed)
        self.rows = {}

    def batch(self, count=40, keys=500):
        rows = {}
        for key in self.random.sample(range(keys), count):
            name = f"n{self.random.randrange(10**6)}"
            when = f"2021-0{self.random.choice('25')}-1{self.random.randrange(10)}T00:00:00Z"
            rows[key] = [str(key), name, when, "1", "2"]
        return rows

    def post(self, rows):
        body = [
            {"id": int(key), "name": name, "datetime": when, "department_id": int(department), "job_id": int(job)}
            for key, name, when, department, job in rows.values()]
        answer = self.api.batch(TABLE, body)
        assert answer.status_code == 200, answer.text
        self.rows.update(rows)
        return answer.json()

    def work(self, batches):
        """Batch after batch, each in a commit of its own."""
        for _ in range(batches):
            receipt = self.api.ended(self.post(self.batch()))
            assert receipt["state"] == "committed", receipt

    def delete(self, key):
        answer = self.api.request("DELETE", f"/tables/{TABLE}/rows/{key}", params={"wait": 30})
        assert answer.status_code == 200, answer.text
        self.rows.pop(key, None)

    def expected(self):
        return as_plain(hiring.typed(TABLE, fields) for fields in self.rows.values())


def operations(metadata):
    return [snapshot.summary.operation.value for snapshot in static_table(metadata).snapshots()]


def total(metadata, name):
    return int(static_table(metadata).current_snapshot().summary[name])


def table_command(folder, *arguments):
    done = subprocess.run(
        [binary(), "table", *arguments, "--data-dir", str(folder), "--json"], capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def assert_rows(metadata, expected):
    assert pyiceberg_rows(metadata, COLUMNS) == expected, "PyIceberg"
    assert duckdb_rows(metadata, COLUMNS) == expected, "DuckDB"


def test_a_table_that_is_written_in_small_pieces_stays_small(server):
    writer = Writer(server.api, 1)
    failures = []

    def work():
        try:
            writer.work(60)
            writer.delete(3)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        # Whatever stands at a moment reads the same in both.
        metadata = server.api.metadata(TABLE)
        if static_table(metadata).current_snapshot():
            assert pyiceberg_rows(metadata, COLUMNS) == duckdb_rows(metadata, COLUMNS)
        thread.join(0.2)
    assert not failures, failures
    metadata = server.api.metadata(TABLE)
    assert "replace" in operations(metadata), operations(metadata)
    # 61 commits of up to two data and two delete files each.
    assert total(metadata, "total-data-files") + total(metadata, "total-delete-files") < 100
    assert_rows(metadata, writer.expected())
    metrics = server.api.session.get(server.api.base + "/metrics").text
    assert 'dipper_maintenance_runs_total{' in metrics
    assert 'state="failed"' not in "".join(
        line for line in metrics.splitlines() if line.startswith("dipper_maintenance_runs_total"))
    assert not [line for line in metrics.splitlines()
                if line.startswith("dipper_load_failures_total") and not line.endswith(" 0")]


@pytest.mark.parametrize("ends", ["stop", "kill"])
def test_writes_go_on_after_maintenance_by_hand(new_server, ends):
    server = new_server()
    writer = Writer(server.api, 2)
    # Fewer files than make the server look a second time.
    writer.work(4)
    writer.delete(next(iter(writer.rows)))
    expected = writer.expected()
    getattr(server, ends)()
    folder = server.folder

    dry = table_command(folder, "compact", TABLE, "--dry-run")
    assert dry["state"] == "dry-run" and dry["removedFiles"] > 2
    done = table_command(folder, "compact", TABLE)
    assert done["state"] == "done"
    assert done["after"]["dataFiles"] == 2 and done["after"]["deleteFiles"] == 0
    assert table_command(folder, "compact", TABLE)["state"] == "nothing"

    before = table_command(folder, "expire", TABLE, "--older-than", "0", "--dry-run")
    expired = table_command(folder, "expire", TABLE, "--older-than", "0")
    assert expired["state"] == "done" and expired["deletedFiles"] == before["deletedFiles"] > 0
    assert expired["after"]["snapshots"] < expired["before"]["snapshots"]

    data = folder / "lake" / "warehouse" / "silver" / "employees_cleaned"
    live = {path for path in data.rglob("*") if path.is_file()}
    planted = data / "data" / "lost.parquet"
    planted.write_bytes(b"lost")
    young = table_command(folder, "orphans", TABLE)
    assert young["state"] == "nothing"
    orphans = table_command(folder, "orphans", TABLE, "--older-than", "0")
    assert [urllib.parse.urlparse(location).path for location in orphans["locations"]] == [str(planted)]
    assert {path for path in data.rglob("*") if path.is_file()} == live
    history = table_command(folder, "history", TABLE)
    assert [entry["action"] for entry in history if entry["state"] == "done"] == ["orphans", "expire", "compact"]

    server.start()
    writer.api = server.api
    assert_rows(server.api.metadata(TABLE), expected)
    # Keys are found in the rewritten files: known ones are updated, the same rows again are unchanged.
    known = {key: fields for key, fields in list(writer.rows.items())[:10]}
    assert server.api.ended(writer.post(known))["rows"]["unchanged"] == 10
    changed = {key: [fields[0], "changed", *fields[2:]] for key, fields in known.items()}
    assert server.api.ended(writer.post(changed))["rows"]["updated"] == 10
    writer.work(3)
    assert_rows(server.api.metadata(TABLE), writer.expected())


def test_maintenance_is_asked_for_over_http_while_rows_come_in(server):
    writer = Writer(server.api, 3)
    writer.work(4)
    path = f"/tables/{TABLE}"
    dry = server.api.request("POST", path + "/compact?dryRun=true").json()
    assert dry["state"] == "dry-run" and dry["removedFiles"] > 2
    thread = threading.Thread(target=writer.work, args=(4,))
    thread.start()
    done = server.api.request("POST", path + "/compact")
    assert done.status_code == 200 and done.json()["state"] in ("done", "yielded", "nothing"), done.text
    thread.join()
    done = server.api.request("POST", path + "/compact").json()
    assert done["state"] in ("done", "nothing"), done
    expired = server.api.request("POST", path + "/expire?olderThanSeconds=0&keep=1").json()
    assert expired["state"] in ("done", "nothing"), expired
    planted = server.folder / "lake" / "warehouse" / "silver" / "employees_cleaned" / "data" / "lost.parquet"
    planted.write_bytes(b"lost")
    os.utime(planted, (1, 1))
    orphans = server.api.request("POST", path + "/orphans").json()
    assert orphans["state"] == "done" and orphans["deletedFiles"] == 1 and not planted.exists(), orphans
    assert server.api.request("POST", path + "/orphans?olderThanSeconds=10").status_code == 400
    history = server.api.get(path + "/maintenance").json()
    assert history[0]["action"] == "orphans" and {entry["action"] for entry in history} >= {"compact", "expire"}
    assert_rows(server.api.metadata(TABLE), writer.expected())
