"""Clients that write through any gateway that answers, and what must stand in the tables after them."""

import itertools
import queue
import subprocess
import threading
import time

import requests

from cluster.parts import wait_until
from lake.api import assert_balanced
from lake.server import binary
from rest.catalogs import hires

TABLE = "hired_employees"
ANSWER_SECONDS_MAX = 120
COMMIT_SECONDS = 600
PATIENCE_SECONDS = 300
BATCH_ROWS = 100
# One number over all columns that other people's engines compute too: a row that is lost, doubled or old changes it.
CHECK = "sum(id * 7 + coalesce(department_id, 0) * 31 + coalesce(job_id, 0) * 1009 + length(name))"
COLUMNS = f"count(*), count(DISTINCT id), sum(id), {CHECK}"


class Broken(Exception):
    """An answer that a client must never see."""


class Client:
    """Sends a request until it is taken: to the other gateway when one is gone, again after `Retry-After`, under one key."""

    def __init__(self, gateways):
        self.gateways = gateways
        self.sessions = {}
        self.refused, self.lost, self.slowest = {}, 0, 0.0

    def session(self):
        return self.sessions.setdefault(threading.get_ident(), requests.Session())

    def ask(self, gateway, method, path, **options):
        """One attempt; `None` when there is no answer because the gateway is gone, or one that says to come again."""
        begin = time.monotonic()
        try:
            answer = self.session().request(
                method, gateway.base + path, timeout=ANSWER_SECONDS_MAX, **options)
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            self.lost += 1
            return None
        self.slowest = max(self.slowest, time.monotonic() - begin)
        if answer.status_code < 300:
            return answer
        if answer.status_code != 503 or "Retry-After" not in answer.headers:
            raise Broken(f"{method} {path}: {answer.status_code} {answer.text[:1000]}")
        problem = answer.json()
        code = problem.get("code") or problem["error"]["type"]
        self.refused[code] = self.refused.get(code, 0) + 1
        return None

    def persist(self, first, method, path, body=None, **options):
        """Goes on until there is an answer, beginning with the gateway of that number."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        for number in itertools.count(first):
            gateway = self.gateways[number % len(self.gateways)]
            answer = self.ask(gateway, method, path, data=body() if callable(body) else body, **options)
            if answer is not None:
                return answer
            assert time.monotonic() < deadline, f"{method} {path} was not taken within {PATIENCE_SECONDS} s"
            time.sleep(0.2)

    def job(self, receipt, first=0):
        return self.persist(first, "GET", f"/api/v2/jobs/{receipt['id']}").json()

    def is_committed(self, receipt):
        found = self.job(receipt)
        assert found["state"] != "failed", found
        return found["state"] == "committed"


class Background(threading.Thread):
    """Work beside the test, whose failure is the test's."""

    def __init__(self):
        super().__init__(daemon=True)
        self.failure = None
        self.stopping = threading.Event()

    def run(self):
        try:
            self.work()
        except BaseException as failure:  # told by `ended`
            self.failure = failure

    def check(self):
        if self.failure:
            raise self.failure

    def ended(self, seconds=PATIENCE_SECONDS):
        self.stopping.set()
        self.join(seconds)
        self.check()
        assert not self.is_alive(), "a client did not come to its end"


class Files(Background):
    """Uploads what it is given, one file after the other, through one gateway first."""

    def __init__(self, client, first):
        super().__init__()
        self.client, self.first = client, first
        self.waiting, self.receipts = queue.Queue(), []

    def work(self):
        while (path := self.waiting.get()) is not None:
            headers = {"Content-Type": "text/csv", "Idempotency-Key": path.name}
            # The first row of a part of a file may be one that is refused, and would be taken for a header.
            answer = self.client.persist(
                self.first, "POST", f"/api/v2/upload/csv/{TABLE}", path.read_bytes, headers=headers,
                params={"header": "false"})
            self.receipts.append(answer.json())

    def close(self):
        self.waiting.put(None)


class Batches(Background):
    """A trickle of JSON batches, to each gateway in turn. Every fifth changes rows of the one before; every seventh has a
    row that is refused."""

    def __init__(self, client, base, pause=0.1):
        super().__init__()
        self.client, self.base, self.pause = client, base, pause
        self.receipts, self.rows, self.rejected, self.sent = [], {}, 0, 0

    def work(self):
        number, former = 0, None
        while not self.stopping.is_set():
            changes = number % 5 == 4
            rows = [dict(row, name=row["name"] + " changed") for row in former] if changes else self.fresh(number)
            bad = number % 7 == 6
            body = rows + [{"id": rows[0]["id"], "name": None, "datetime": "2021-02-03T10:00:00Z"}] * bad
            answer = self.client.persist(
                number, "POST", f"/api/v2/batch/{TABLE}", json=body, headers={"Idempotency-Key": f"batch-{self.base}-{number}"})
            self.receipts.append(answer.json())
            self.rows.update((row["id"], row) for row in rows)
            self.rejected += bad
            self.sent += len(body)
            former = rows
            number += 1
            time.sleep(self.pause)

    def fresh(self, number):
        first = self.base + number * BATCH_ROWS
        return [{"id": first + index, "name": f"Name {first + index}", "datetime": "2021-02-03T10:00:00Z",
                 "department_id": 1 + index % 5, "job_id": 1 + index % 7} for index in range(BATCH_ROWS)]

    def totals(self):
        return totals(self.rows.values())


class SmallFiles(Background):
    """One file after the other, to each gateway in turn."""

    FILE_ROWS = 500

    def __init__(self, client, base, pause=1):
        super().__init__()
        self.client, self.base, self.pause = client, base, pause
        self.receipts, self.sent = [], 0

    def work(self):
        while not self.stopping.is_set():
            number = len(self.receipts)
            first = self.base + number * self.FILE_ROWS
            answer = self.client.persist(
                number, "POST", f"/api/v2/upload/csv/{TABLE}", hires(first, self.FILE_ROWS),
                headers={"Content-Type": "text/csv", "Idempotency-Key": f"file-{first}"})
            self.receipts.append(answer.json())
            self.sent += self.FILE_ROWS
            time.sleep(self.pause)

    def totals(self):
        return totals({"id": first + index, "name": f"Name {first + index}", "department_id": 1 + index % 5,
                       "job_id": 1 + index % 7} for first in range(self.base, self.base + self.sent, self.FILE_ROWS)
                      for index in range(self.FILE_ROWS))


def totals(rows):
    """What `COLUMNS` are of rows with different keys."""
    rows = list(rows)
    return (len(rows), len(rows), sum(row["id"] for row in rows), sum(
        row["id"] * 7 + row["department_id"] * 31 + row["job_id"] * 1009 + len(row["name"]) for row in rows))


class Readers(Background):
    """Asks the gateways in turn for all that they answer from what lies elsewhere. An analytic is another question each time,
    so that it is computed and stored for both."""

    SQL = ["SELECT count(*) FROM silver.employees_cleaned", f"SELECT count(*) FROM ops.{TABLE}"]
    PATHS = ["/api/v2/jobs", "/api/v2/tables", f"/api/v2/tables/{TABLE}", f"/api/v2/tables/{TABLE}/snapshots",
             f"/api/v2/rejects/{TABLE}", "/api/v2/gold", "/catalog/v1/namespaces",
             "/catalog/v1/namespaces/silver/tables/employees_cleaned"]

    def __init__(self, client, pause=0.2):
        super().__init__()
        self.client, self.pause, self.answers = client, pause, 0

    def work(self):
        for number in itertools.count():
            gateway = self.client.gateways[number % 2]
            for path in ["analytic", *self.SQL, *self.PATHS]:
                if self.stopping.wait(self.pause):
                    return
                self.answers += self.question(gateway, path, number) is not None

    def question(self, gateway, path, number):
        if path in self.SQL:
            return self.client.ask(gateway, "POST", "/api/v2/query", json={"sql": path})
        if path == "analytic":
            return self.client.ask(
                gateway, "GET", "/api/v2/analytics/quarterly-hires/2021", params={"size": 1 + number // 2 % 500})
        return self.client.ask(gateway, "GET", path)


def sample(folder, rows, count):
    """`count` files of a sample with `rows` rows, whose ids are all different; what must become of each."""
    folder.mkdir()
    subprocess.run([binary(), "sample", "--rows", str(rows), "--seed", "7", str(folder)], check=True, capture_output=True)
    parts = folder / "parts"
    parts.mkdir()
    subprocess.run(
        ["split", "-n", f"l/{count}", "--additional-suffix=.csv", str(folder / f"{TABLE}.csv"), f"{parts}/hires-"], check=True)
    (folder / f"{TABLE}.csv").unlink()
    return sorted(parts.iterdir())


def expected(path):
    """Of a file: rows read and accepted, and the totals of those that must stand, as DuckDB has them."""
    import duckdb

    with duckdb.connect(config={"threads": "2", "memory_limit": "2GB"}) as connection:
        return connection.execute(
            "WITH rows AS (SELECT column0::BIGINT AS id, column1 AS name, column2 AS moment, "
            "column3::BIGINT AS department_id, column4::BIGINT AS job_id FROM read_csv(?, header = false, all_varchar = true, "
            "strict_mode = true, columns = {'column0': 'VARCHAR', 'column1': 'VARCHAR', 'column2': 'VARCHAR', "
            "'column3': 'VARCHAR', 'column4': 'VARCHAR'})), good AS (FROM rows WHERE name IS NOT NULL AND moment IS NOT NULL) "
            f"SELECT (SELECT count(*) FROM rows)::BIGINT, count(*)::BIGINT, count(DISTINCT id)::BIGINT, sum(id)::BIGINT, "
            f"{CHECK}::BIGINT FROM good", [str(path)]).fetchone()


def goes_on(client, batches, commits=True):
    """A write that begins now is taken, and committed if that is asked for."""
    count = len(batches.receipts)

    def is_taken():
        batches.check()
        return len(batches.receipts) > count + 1

    wait_until(is_taken, COMMIT_SECONDS, "the load goes on")
    if commits:
        receipt = batches.receipts[-1]
        wait_until(lambda: client.is_committed(receipt), COMMIT_SECONDS, "the work goes on")


def ended(client, receipt):
    """The final receipt of what was acknowledged."""
    wait_until(lambda: client.is_committed(receipt), COMMIT_SECONDS, f"{receipt['id']} is committed")
    final = client.job(receipt)
    assert_balanced(final)
    return final


def assert_receipts(receipts, read, rejected, inserted):
    """Each row was counted once, over all final receipts."""
    rows = [receipt["rows"] for receipt in receipts]
    assert [sum(row[name] for row in rows) for name in ("read", "rejected", "blank", "inserted")] == [
        read, rejected, 0, inserted]


def assert_tables(cluster, wanted, rejected):
    """Silver through either gateway, the operational rows and quarantine have exactly what they must."""
    count, distinct, ids, check = COLUMNS.split(", ", 3)
    columns = f"{count}, {distinct}, CAST({ids} AS BIGINT), CAST({check} AS BIGINT)"
    for gateway in cluster.gateways:
        query = gateway.server.api.query
        assert query(f"SELECT {columns} FROM silver.employees_cleaned") == [list(wanted)]
        # A refused row is known by its file, its place and its code.
        assert query(
            "SELECT count(*), count(DISTINCT (file_sha256, byte_offset, code)) FROM quarantine.hired_employees") == [
            [rejected, rejected]]
    line = "|".join(map(str, wanted))
    wait_until(lambda: cluster.sql(f"SELECT {COLUMNS} FROM {TABLE}") == [line], COMMIT_SECONDS, "operational rows")
