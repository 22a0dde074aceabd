"""Holds the lake against the ledger."""

import collections
import contextlib
import pathlib
import sqlite3
import time

from lake.readers import as_plain, duckdb_connection, pyiceberg_rows

SILVER = {"items": "items_cleaned", "events": "events_cleaned"}
COLUMNS = ["id", "name"]
OPERATIONAL_SECONDS = 30


def wait_until_worked(api, ledger):
    """Every acknowledged write has its final receipt, with the right counts."""
    waiting = [w for w in ledger.writes if w.state == "ok" and w.receipt.get("state") not in ("committed", "failed")]
    for write in waiting:
        receipt = api.ended(api.job(write.receipt["id"]))
        assert receipt["state"] == "committed", receipt
        rows = receipt["rows"]
        assert rows["read"] == len(write.rows), (receipt, write)
        assert rows["accepted"] == len(write.accepted), (receipt, write)
        assert rows["rejected"] == write.rejected, (receipt, write)
        parts = sum(rows[name] for name in ("inserted", "updated", "unchanged", "superseded", "ignored"))
        assert rows["accepted"] == parts, receipt
        if write.table == "events":
            assert rows["inserted"] == len(write.accepted), receipt
        write.receipt = receipt
    return len(waiting)


def check_order(ledger):
    """A client's writes stand in the log in the order in which it sent them."""
    for client in ledger.clients:
        for table in SILVER:
            offsets = [w.receipt["offset"] for w in client.writes if w.table == table and w.state == "ok"]
            assert offsets == sorted(set(offsets)), f"client {client.number}: {offsets}"


def check_all(api, ledger, folder, pyiceberg=False):
    """Silver and the operational store hold every ok row once, those of unknown writes at most once, and nothing else."""
    check_order(ledger)
    wait_for_all_jobs(api)
    wait_for_operational(folder)
    certain, doubtful = ledger.expected()
    for table, silver in SILVER.items():
        metadata = api.metadata(table)
        with duckdb_connection() as connection:
            found = as_plain(connection.sql(f"SELECT id, name FROM iceberg_scan('{metadata}')").fetchall())
        check_rows(f"{table} in silver", found, certain[table], doubtful[table])
        stored = operational_rows(folder, table)
        assert stored == found, f"{table}: the operational store differs: {list((stored - found).items())[:5]} too " \
            f"many, {list((found - stored).items())[:5]} missing"
        if pyiceberg:
            assert pyiceberg_rows(metadata, COLUMNS) == found, f"{table}: PyIceberg reads other rows"
            answer = api.query(f"SELECT count(*), count(DISTINCT id), sum(id)::VARCHAR FROM silver.{silver}")
            ids = [row[0] for row in found.elements()]
            assert answer == [[len(ids), len(set(ids)), str(sum(ids)) if ids else None]], f"{table}: {answer}"
    check_rejects(api, ledger)


def check_rows(place, found, certain, doubtful):
    missing = {row[:2] for row in certain.values()} - set(found)
    assert not missing, f"{place}: {len(missing)} acknowledged rows are lost, for example {sorted(missing)[:5]}"
    doubled = [row for row, count in found.items() if count > 1]
    assert not doubled, f"{place}: {len(doubled)} rows are doubled, for example {doubled[:5]}"
    allowed = {row[:2] for row in certain.values()}
    for write in doubtful:
        rows = {row[:2] for row in write.accepted}
        there = rows & set(found)
        assert not there or there == rows, f"{place}: half of a write is there: {there} of {rows}"
        allowed |= rows
    extra = set(found) - allowed
    assert not extra, f"{place}: {len(extra)} rows that nobody sent or that were replaced: {sorted(extra)[:5]}"


def operational_rows(folder, table):
    path = pathlib.Path(folder) / "operational.db"
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return collections.Counter(connection.execute(f'SELECT "id", "name" FROM "{table}"').fetchall())


def wait_for_all_jobs(api):
    """Also the jobs of writes whose answer was lost."""
    page = 0
    while jobs := api.get("/jobs", page=page, size=200).json():
        pending = [job for job in jobs if job["state"] not in ("committed", "failed")]
        for job in pending:
            api.ended(job)
        if not pending:
            return
        page += 1


def wait_for_operational(folder):
    """Until the operational store has got as far in the log as the lake; it follows at its own pace."""
    deadline = time.monotonic() + OPERATIONAL_SECONDS
    while time.monotonic() < deadline:
        lake = watermarks(folder, "catalog.db", "watermarks")
        if lake == watermarks(folder, "operational.db", "_dipper_watermarks"):
            return
        time.sleep(0.02)
    raise AssertionError(f"the operational store does not catch up with {lake}")


def watermarks(folder, database, table):
    with contextlib.closing(sqlite3.connect(f"file:{pathlib.Path(folder) / database}?mode=ro", uri=True)) as connection:
        return set(connection.execute(f"SELECT topic, incarnation, next_offset FROM {table}"))


def check_rejects(api, ledger):
    expected = ledger.rejected()
    for table in SILVER:
        rejects = api.rejects(table)
        identities = {(r["fileSha256"], r["byteOffset"], r["code"]) for r in rejects}
        assert len(identities) == len(rejects), f"{table}: a reject is doubled"
        least = len(expected[table, "ok"])
        most = len(expected[table, "ok"] | expected[table, "unknown"])
        assert least <= len(rejects) <= most, f"{table}: {len(rejects)} rejects, {least} to {most} are right"
