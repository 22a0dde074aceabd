"""Kill -9 at any moment: what was acknowledged completes, and nothing is lost or doubled."""

import threading
import time

import pytest
import requests

from lake.readers import duckdb_connection

ROWS = 2_000_000
TYPED = """
    SELECT CAST(column0 AS BIGINT) AS id, column1 AS name, epoch_us(CAST(column2 AS TIMESTAMPTZ)) AS moment,
           CAST(column3 AS INTEGER) AS department_id, CAST(column4 AS INTEGER) AS job_id
    FROM read_csv('{csv}', header = false, delim = ',', all_varchar = true, auto_detect = false, columns =
        {{'column0': 'VARCHAR', 'column1': 'VARCHAR', 'column2': 'VARCHAR', 'column3': 'VARCHAR', 'column4': 'VARCHAR'}})
    WHERE column1 IS NOT NULL AND column2 IS NOT NULL
"""
STORED = """
    SELECT id, name, epoch_us(hire_datetime) AS moment, department_id, job_id FROM iceberg_scan('{metadata}')
"""


def assert_same_rows(csv, metadata):
    """Both ways, duplicates counted."""
    with duckdb_connection() as connection:
        connection.execute("CREATE TABLE wanted AS " + TYPED.format(csv=csv))
        connection.execute("CREATE TABLE found AS " + STORED.format(metadata=metadata))
        count = lambda sql: connection.execute(f"SELECT count(*) FROM ({sql})").fetchone()[0]
        assert count("FROM found") == count("FROM wanted") > ROWS * 0.9
        assert count("FROM wanted EXCEPT ALL FROM found") == 0, "rows were lost"
        assert count("FROM found EXCEPT ALL FROM wanted") == 0, "rows were doubled or changed"


@pytest.fixture(scope="module")
def hires(sample_of):
    return sample_of(ROWS, seed=3) / "hired_employees.csv"


@pytest.mark.parametrize("seconds", [0.0, 0.4, 1.0, 2.0])
def test_a_load_that_was_killed_completes_after_the_restart(server, hires, seconds):
    with open(hires, "rb") as stream:
        answer = server.api.post_csv("hired_employees", stream)
    assert answer.status_code == 202, answer.text
    receipt = answer.json()
    time.sleep(seconds)
    server.kill()
    server.start()
    after = server.api.ended(server.api.job(receipt["id"]))
    assert after["state"] == "committed", after
    assert after["rows"]["read"] == ROWS
    assert after["sha256"] == receipt["sha256"]
    assert server.api.job_count() == 1
    assert_same_rows(hires, server.api.metadata("hired_employees"))
    assert len(server.api.rejects("hired_employees")) == after["rows"]["rejected"]


def test_several_kills_during_one_load(server, hires):
    with open(hires, "rb") as stream:
        receipt = server.api.post_csv("hired_employees", stream).json()
    for _ in range(4):
        time.sleep(0.5)
        server.kill()
        server.start()
    after = server.api.ended(server.api.job(receipt["id"]))
    assert after["state"] == "committed", after
    assert_same_rows(hires, server.api.metadata("hired_employees"))


def test_an_upload_that_breaks_off_leaves_nothing_and_can_be_sent_again(server, hires):
    def send():
        try:
            with open(hires, "rb") as stream:
                server.api.post_csv("hired_employees", slowly(stream))
        except requests.RequestException:
            pass  # the point of the test

    sender = threading.Thread(target=send)
    sender.start()
    time.sleep(0.5)
    server.kill()
    sender.join(60)
    server.start()
    assert server.api.job_count() == 0, "nothing was acknowledged"
    with open(hires, "rb") as stream:
        receipt = server.api.ended(server.api.post_csv("hired_employees", stream).json())
    assert receipt["state"] == "committed", receipt
    assert_same_rows(hires, server.api.metadata("hired_employees"))


def slowly(stream):
    while block := stream.read(1 << 20):
        yield block
        time.sleep(0.05)


def test_acknowledged_batches_survive_a_kill(server):
    for number in range(20):
        rows = [
            {"id": number * 100 + i, "name": f"N {i}", "datetime": "2021-01-01T00:00:00Z", "department_id": 1, "job_id": 1}
            for i in range(100)]
        assert server.api.batch("hired_employees", rows).status_code == 200
    server.kill()
    server.start()
    assert server.api.job_count() == 20
    for job in server.api.get("/jobs", size=100).json():
        assert server.api.ended(job)["state"] == "committed"
    with duckdb_connection() as connection:
        metadata = server.api.metadata("hired_employees")
        found = connection.execute(f"SELECT count(*), count(DISTINCT id) FROM iceberg_scan('{metadata}')").fetchone()
    assert found == (2000, 2000)
