"""Queries beside commits, compaction and expiry."""

import re
import threading
import time

import requests

from query.test_forms import events, stream
from query.test_tables_in_sql import SILVER, commit, hires

# Time enough for the commits after which the server looks at the table, and for what it does then.
BUSY_SECONDS = 12


def test_a_query_that_runs_sees_none_of_what_comes_after(new_server, tmp_path):
    """The files that a query reads are replaced and their snapshot expires while it runs; it ends as it began."""
    config = tmp_path / "limits.yaml"
    config.write_text("limits:\n  queryMilliseconds: 120000\n  queryWorkers: 2\n  queryThreads: 1\n")
    server = new_server(options=["--config", str(config)])
    api = server.api
    # The server looks at the table after the first commit, and again after sixteen further files.
    for batch in range(15):
        first = commit(api, hires(range(batch * 50, batch * 50 + 50), 2021))
    properties = {"history.expire.max-snapshot-age-ms": "1"}
    changed = requests.post(f"{api.base}/catalog/v1/namespaces/silver/tables/employees_cleaned", timeout=30, json={
        "requirements": [], "updates": [{"action": "set-properties", "updates": properties}]})
    assert changed.status_code == 200, changed.text
    folder = server.folder / "lake/warehouse/silver/employees_cleaned/data"
    old = set(folder.rglob("*.parquet"))
    # The first part keeps the engine busy, about as long on any machine; only then are the table's files opened.
    busy = "SELECT count(*) AS n FROM range(20000) a, range({}) b WHERE (a.range * b.range) % 7 = 3"
    began = time.monotonic()
    api.query(busy.format(2000))
    width = int(2000 * BUSY_SECONDS / (time.monotonic() - began))
    slow = (
        f"WITH busy AS MATERIALIZED ({busy.format(width)}) "
        f"SELECT (SELECT n FROM busy) > 0, count(*), min(name), max(id) FROM {SILVER} "
        "WHERE id >= (SELECT n FROM busy) - (SELECT n FROM busy)")
    found, runs = {}, threading.Event()

    def watch():
        with stream(server, slow) as answer:
            for name, data in events(answer):
                found[name] = data
                if name == "progress":
                    runs.set()

    thread = threading.Thread(target=watch)
    thread.start()
    assert runs.wait(60)
    # Rewrites, and the expiry that follows them, run in the server after commits.
    deadline = time.monotonic() + 60
    number, held = 0, False
    while thread.is_alive() and time.monotonic() < deadline:
        commit(api, hires(range(50), 2021, name=f"later{number}-"))
        number += 1
        metrics = requests.get(api.base + "/metrics", timeout=30).text
        expired = re.search(r'dipper_maintenance_snapshots_expired_total\{[^}]*employees_cleaned[^}]*\} ([1-9]\d*)', metrics)
        # The snapshot is gone, its files are not.
        held = held or bool(expired and thread.is_alive() and old <= set(folder.rglob("*.parquet")))
    thread.join(120)
    assert held, "the query's snapshot did not expire while it ran"
    assert found["result"]["rows"] == [[True, 750, "n0", 749]]
    assert found["result"]["snapshots"] == {SILVER: str(first)}
    assert api.query(f"SELECT count(*), count(*) FILTER (WHERE name LIKE 'later%') FROM {SILVER}") == [[750, 50]]
    assert number > 0
    # What was put off while the query ran is deleted after it.
    deadline = time.monotonic() + 60
    while old & set(folder.rglob("*.parquet")):
        assert time.monotonic() < deadline, "the old files stay"
        commit(api, hires(range(50), 2021, name=f"later{number}-"))
        number += 1
