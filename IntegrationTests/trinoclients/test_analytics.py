"""Named analytics on a Trino cluster: a second server over the same catalog and lake plays the cluster, behind a door that can be
shut. Not a real Trino: what this shows is the protocol, the pinned snapshots and the failures, not Trino's own SQL."""

import http.client
import http.server
import pathlib
import re
import shutil
import tempfile
import threading
import time

import pytest

from analytics.gold import ANALYTICS, metric
from door.clients import token
from lake.hiring import TABLES
from lake.postgresql import PostgreSQL

MODEL = """
tables:
  - name: things
    columns:
      - {name: id, type: long}
      - {name: price, type: "decimal(12,2)"}
      - {name: day, type: date}
      - {name: seen, type: timestamptz}
      - {name: at, type: timestamp}
      - {name: ratio, type: double}
      - {name: small, type: float}
      - {name: good, type: boolean}
      - {name: name, type: string}
    key: [id]
analytics:
  - name: every-type
    parameters: [{name: least, type: long}, {name: until, type: date}, {name: name, type: string}]
    sql: &text |
      SELECT *, price * 3 AS more, count(*) OVER () AS n FROM silver.things_cleaned
      WHERE id >= $least AND day < $until AND name <> $name ORDER BY id
    trino: *text
  - name: here-alone
    sql: SELECT count(*) AS n FROM silver.things_cleaned
"""
THINGS = (
    "id,price,day,seen,at,ratio,small,good,name\n"
    "9007199254740993,1.50,2021-02-03,2021-02-03T10:00:00Z,2021-02-03T10:00:00.5,0.1,0.1,true,a'b\n"
    "-2,-0.05,1969-12-31,1969-12-31T23:59:59.999999Z,2000-01-01T00:00:00,1e300,1.5,false,\"é, \"\"ü\"\"\"\n"
    "3,,2020-02-29,,,,,,x\n4,9999999999.99,2024-12-31,2024-12-31T00:00:00.000001Z,,-0.5,-2,,\"$until silver.jobs\"\n")


class Door(http.server.ThreadingHTTPServer):
    """Hands requests on to a server, notes the statements, and can be shut as if the machine were gone."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.backend, self.is_shut, self.statements, self.asked = None, False, [], 0
        # Of requests for pages: seconds that each takes, how many fail before they are handed on, and statements ended.
        self.delay, self.failures, self.ended = 0, 0, 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        door = self.server
        door.asked += 1
        self.close_connection = True
        if door.is_shut:
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command == "POST":
            door.statements.append((body.decode(), {name.lower(): value for name, value in self.headers.items()}))
        door.ended += self.command == "DELETE"
        if self.command == "GET":
            time.sleep(door.delay)
            if door.failures:
                door.failures -= 1
                self.send_response(500)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
        connection = http.client.HTTPConnection("127.0.0.1", door.backend.port, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower().startswith(("x-trino", "content-type"))}
        connection.request(self.command, self.path, body, headers)
        found = connection.getresponse()
        content = found.read()
        self.send_response(found.status)
        for name, value in found.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET = do_DELETE = answer

    def log_message(self, *_):
        pass


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
def door():
    made = Door()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def front(postgresql, new_server, tmp_path, request, door):
    """Makes a server before a cluster that reads the same tables."""
    database = "trino_" + re.sub(r"[^a-z0-9]+", "_", request.node.name.lower())[-40:]
    postgresql.sql(f"CREATE DATABASE {database}")
    environment = {"DIPPER_CATALOG": postgresql.address(database)}
    shared = ["--lake-dir", str(tmp_path / "lake"), "--no-operational", "--no-gold"]

    def make(*options, model=None):
        for name in ("front", "cluster"):
            (tmp_path / name).mkdir()
            if model:
                (tmp_path / name / "model.yaml").write_text(model)
        # Whoever starts last has the right to commit; the one in the cluster's place only reads.
        door.backend = new_server(environment, tmp_path / "cluster", [*shared, "--no-maintenance"])
        return new_server(environment, tmp_path / "front", [*shared, "--trino", door.address, *options])

    return make


def load(api, folder):
    for table in TABLES:
        api.load(table, folder / f"{table}.csv")


def ask(server, name, *parameters, **options):
    answer = server.api.get("/".join(["/analytics", name, *map(str, parameters)]), **{"size": 10000, **options})
    assert answer.status_code == 200, answer.text
    return answer


def test_the_cluster_answers_as_the_embedded_engine_does(front, door, sample_of):
    server = front()
    load(server.api, sample_of(5_000))
    found = [row[0] for row in server.api.query("SELECT DISTINCT hire_year FROM silver.employees_cleaned ORDER BY 1")]
    # One without a hire, too.
    years = [*found, found[-1] + 5]
    for name in ANALYTICS:
        for year in years:
            door.statements.clear()
            here, there = ask(server, name, year), ask(door.backend, name, year)
            assert here.headers["Dipper-Engine"] == "trino" and there.headers["Dipper-Engine"] == "embedded"
            assert here.content == there.content and here.headers["ETag"] == there.headers["ETag"], (name, year)
            assert len(here.json()) > 0 or year == years[-1]
            (statement, headers), = door.statements
            assert headers["x-trino-user"] == "dipper" and "x-trino-catalog" not in headers
            snapshots = dict(entry.split("=") for entry in here.headers["Dipper-Snapshots"].split(", "))
            pinned = re.findall(r'"lake"\."silver"\."(\w+)" FOR VERSION AS OF (\d+)', statement)
            assert pinned and all(snapshots[f"silver.{table}"] == id for table, id in pinned)
            assert {f"silver.{table}" for table, _ in pinned} == set(snapshots)
            assert not re.search(r"(FROM|JOIN) silver\.", statement) and "$year" not in statement
    door.statements.clear()
    again = ask(server, ANALYTICS[0], years[0])
    assert again.headers["X-Cache"] == "hit" and again.headers["Dipper-Engine"] == "trino" and not door.statements
    unchanged = server.api.request(
        "GET", f"/analytics/{ANALYTICS[0]}/{years[0]}?size=10000", headers={"If-None-Match": again.headers["ETag"]})
    assert unchanged.status_code == 304
    server.api.load("departments", b"77,New Department\n")
    changed = ask(server, "department-metrics", years[0])
    assert changed.headers["Dipper-Engine"] == "trino" and changed.headers["X-Cache"] == "miss"
    assert any(row["department"] == "New Department" for row in changed.json())
    assert metric(server.api, 'dipper_trino_analytics_total{outcome="ok"}') == len(ANALYTICS) * len(years) + 1
    assert metric(server.api, "dipper_trino_breaker_state") == 0


def test_every_type_comes_as_from_the_embedded_engine(front, door):
    server = front(model=MODEL)
    server.api.load("things", THINGS.encode())
    for parameters in (("-9223372036854775808", "2030-01-01", "it's"), (0, "2021-06-01", "x"), (-5, "2030-01-01", "a'b")):
        here, there = ask(server, "every-type", *parameters), ask(door.backend, "every-type", *parameters)
        assert (here.headers["Dipper-Engine"], there.headers["Dipper-Engine"]) == ("trino", "embedded")
        assert here.text == there.text and len(here.json()) > 0
    door.asked = 0
    assert ask(server, "here-alone").json() == [{"n": 4}]
    assert ask(server, "here-alone").headers["Dipper-Engine"] == "embedded" and door.asked == 0


def test_a_table_without_a_snapshot_is_asked_here(front, door):
    server = front()
    assert ask(server, "departments-above-mean", 2021).headers["Dipper-Engine"] == "embedded"
    assert door.asked == 0


def test_a_cluster_that_goes_away_is_left_alone_and_taken_back(front, door, sample_of):
    server = front()
    load(server.api, sample_of(3_000))
    wanted = ask(server, "quarterly-hires", 2021)
    door.is_shut = True
    for size in (1, 2, 3):
        answer = ask(server, "quarterly-hires", 2021, size=size)
        assert answer.json() == wanted.json()[:size] and answer.headers["Dipper-Engine"] == "embedded"
    assert metric(server.api, "dipper_trino_breaker_state") == 2
    assert metric(server.api, 'dipper_trino_fallbacks_total{of="analytic"}') == 3
    # One request opened it: the others did not reach the door.
    assert metric(server.api, 'dipper_trino_requests_total{outcome="failed"}') == 3
    assert metric(server.api, 'dipper_trino_requests_total{outcome="refused"}') == 2
    door.is_shut = False
    deadline, size = time.monotonic() + 60, 10
    while ask(server, "quarterly-hires", 2021, size=size).headers["Dipper-Engine"] != "trino":
        assert time.monotonic() < deadline, "the cluster is not taken back"
        size += 1
        time.sleep(1)
    assert metric(server.api, "dipper_trino_breaker_state") == 0


def test_without_fallback_the_cluster_is_missed(front, door, sample_of):
    server = front("--no-trino-fallback")
    load(server.api, sample_of(3_000))
    door.is_shut = True
    answer = server.api.get("/analytics/quarterly-hires/2021")
    assert answer.status_code == 503 and "Retry-After" in answer.headers
    assert answer.json()["code"] == "cluster-unreachable"


@pytest.mark.parametrize("falls_back", [True, False])
def test_a_cluster_that_does_not_know_the_lake_refuses(front, door, sample_of, falls_back):
    server = front("--trino-catalog", "elsewhere", *([] if falls_back else ["--no-trino-fallback"]))
    load(server.api, sample_of(3_000))
    if falls_back:
        assert ask(server, "quarterly-hires", 2021).headers["Dipper-Engine"] == "embedded"
        assert "elsewhere" in door.statements[0][0]
        assert metric(server.api, 'dipper_trino_analytics_total{outcome="cluster-refused"}') == 1
        # It answered: the breaker stays closed.
        assert metric(server.api, "dipper_trino_breaker_state") == 0
    else:
        answer = server.api.get("/analytics/quarterly-hires/2021")
        assert answer.status_code == 502 and answer.json()["code"] == "cluster-refused"


def test_a_reader_with_some_rights_is_answered_by_the_cluster_for_what_may_be_read(front, door, sample_of, tmp_path):
    file = tmp_path / "tokens"
    tokens = {
        name: token(file, name, *rights)["token"]
        for name, rights in {"all": ("--write", "*"), "silver": ("--read", "silver"), "gold": ("--read", "gold")}.items()}
    server = front("--tokens-file", str(file))
    server.api.session.headers["Authorization"] = f"Bearer {tokens['all']}"
    load(server.api, sample_of(3_000))
    server.api.session.headers["Authorization"] = f"Bearer {tokens['silver']}"
    assert ask(server, "quarterly-hires", 2021).headers["Dipper-Engine"] == "trino"
    assert "authorization" not in door.statements[0][1]
    server.api.session.headers["Authorization"] = f"Bearer {tokens['gold']}"
    assert server.api.get("/analytics/quarterly-hires/2021").status_code == 403


def test_a_statement_that_the_cluster_lost_is_sent_once_more(front, door, sample_of):
    server = front("--no-trino-fallback")
    load(server.api, sample_of(3_000))
    door.failures = 1
    assert ask(server, "quarterly-hires", 2021).headers["Dipper-Engine"] == "trino"
    assert len(door.statements) == 2 and door.statements[0][0] == door.statements[1][0]
    door.failures = 100
    answer = server.api.get("/analytics/quarterly-hires/2022")
    assert answer.status_code == 502 and answer.json()["code"] == "cluster-failed"
    assert len(door.statements) == 4


def test_a_statement_that_takes_too_long_is_ended_on_the_cluster(front, door, sample_of, tmp_path):
    (tmp_path / "limits.yaml").write_text("limits:\n  queryMilliseconds: 2000\n")
    server = front("--config", str(tmp_path / "limits.yaml"))
    load(server.api, sample_of(3_000))
    door.delay = 6
    answer = server.api.get("/analytics/quarterly-hires/2021")
    assert answer.json()["code"] == "query-timeout" and "cluster" in answer.json()["detail"]
    deadline = time.monotonic() + 30
    while not door.ended:
        assert time.monotonic() < deadline, "the statement was not ended"
        time.sleep(0.1)
    # The cluster is not at fault.
    assert metric(server.api, "dipper_trino_breaker_state") == 0
