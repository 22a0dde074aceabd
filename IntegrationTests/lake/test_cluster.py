"""Gateways and workers as processes of their own, over a broker, PostgreSQL and a folder that they share."""

import base64
import json
import pathlib
import re
import shutil
import tempfile
import threading
import time

import pytest
import requests

from lake.kafka import Broker, Worker, client_environment
from lake.postgresql import PostgreSQL
from lake.server import free_port
from rest.catalogs import hires, pyiceberg

LOGS = pathlib.Path(__file__).resolve().parent.parent.parent / ".deps" / "logs" / "servers"
LEASE_MILLISECONDS = 2_000
LAKE_ROLE = "lake/hired_employees"


@pytest.fixture(scope="module")
def postgresql():
    # Not under pytest's folder, which the user that PostgreSQL runs as can't enter.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dipper-postgresql-"))
    folder.chmod(0o711)
    server = PostgreSQL(folder / "server").start()
    yield server
    server.stop("immediate")
    shutil.rmtree(folder)


class Cluster:
    def __init__(self, folder, name, postgresql, new_server):
        self.folder, self.name, self.postgresql, self.new_server = folder, name, postgresql, new_server
        self.database = "cluster_" + re.sub(r"[^a-z0-9]+", "_", name.lower())[-40:]
        postgresql.sql(f"CREATE DATABASE {self.database}")
        self.broker = Broker(LOGS / f"{name}-broker.log")
        self.environment = {
            **client_environment(), "DIPPER_CATALOG": postgresql.address(self.database),
            "DIPPER_OPERATIONAL": postgresql.address(self.database), "DIPPER_LOG": self.broker.address()}
        self.workers = []

    def partitions(self, count):
        """Of the topics of accepted and refused rows."""
        self.environment["DIPPER_LOG"] = self.broker.address(derivedPartitions=count)

    @property
    def options(self):
        return ["--lake-dir", str(self.folder / "lake")]

    def gateway(self):
        return self.new_server(self.environment, options=[*self.options, "--no-workers"])

    def worker(self, *options):
        number = len(self.workers)
        worker = Worker(
            self.folder / f"worker-{number}", LOGS / f"{self.name}-worker-{number}.log", self.environment,
            [*self.options, "--lease-milliseconds", str(LEASE_MILLISECONDS), "--threads", "1", *options])
        self.workers.append(worker)
        return worker

    def holder(self, role):
        return next((worker for worker in self.workers if worker.is_running and role in worker.roles()), None)

    def rows(self, columns="count(*), count(DISTINCT id), sum(id), count(*) FILTER (WHERE name LIKE 'New %')"):
        return self.postgresql.sql(f"SELECT {columns} FROM hired_employees", self.database)

    def stop(self):
        for worker in self.workers:
            worker.stop()
        self.broker.stop()


@pytest.fixture
def cluster(tmp_path, request, postgresql, new_server):
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", request.node.name)[:100]
    made = Cluster(tmp_path, name, postgresql, new_server)
    yield made
    made.stop()


def wait_until(check, seconds=120):
    deadline = time.monotonic() + seconds
    while not (result := check()):
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(0.1)
    return result


def lake(server):
    table = pyiceberg(server).load_table("silver.employees_cleaned").scan(selected_fields=("id", "name")).to_arrow()
    ids, names = table["id"].to_pylist(), table["name"].to_pylist()
    return f"{len(ids)}|{len(set(ids))}|{sum(ids)}|{sum(name.startswith('New ') for name in names)}"


def batch(first, count, word="Name"):
    return [{"id": first + index, "name": f"{word} {first + index}", "datetime": "2021-02-03T10:00:00Z",
             "department_id": 1, "job_id": 1} for index in range(count)]


class Load(threading.Thread):
    """Writes batches and files through one gateway; what is answered by 503 is sent again under its key."""

    def __init__(self, api, base, rounds):
        super().__init__()
        self.api, self.base, self.rounds = api, base, rounds
        self.receipts, self.refused, self.failure = [], [], None
        self.begun = 0

    def send(self, key, post):
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            answer = post({"Idempotency-Key": key})
            if answer.status_code in (200, 202):
                self.receipts.append(answer.json())
                return
            assert answer.status_code == 503 and "Retry-After" in answer.headers, answer.text
            self.refused.append(answer.json()["code"])
            time.sleep(0.5)
        raise AssertionError(f"{key} was not taken")

    def run(self):
        try:
            for number in range(self.rounds):
                first = self.base + number * 200
                self.begun = number + 1
                self.send(f"{first}-batch", lambda headers: self.api.batch(
                    "hired_employees", batch(first, 100), headers))
                self.send(f"{first}-file", lambda headers: self.api.post_csv(
                    "hired_employees", hires(first + 100, 100), headers))
                self.send(f"{first}-change", lambda headers: self.api.batch(
                    "hired_employees", batch(first, 50, "New"), headers))
        except Exception as failure:  # told by the test, not by the thread
            self.failure = failure

    def ended(self):
        self.join(240)
        assert not self.is_alive() and self.failure is None, self.failure
        return self


def expected(rounds, *bases):
    ids = [base + number * 200 + index for base in bases for number in range(rounds) for index in range(200)]
    return f"{len(ids)}|{len(ids)}|{sum(ids)}|{50 * rounds * len(bases)}"


def test_a_worker_that_dies_loses_and_doubles_nothing(cluster):
    cluster.partitions(3)
    gateways = [cluster.gateway(), cluster.gateway()]
    for _ in range(2):
        cluster.worker()
    wait_until(lambda: cluster.holder(LAKE_ROLE))
    rounds, bases = 15, (1, 1_000_001)
    loads = [Load(gateway.api, base, rounds) for gateway, base in zip(gateways, bases)]
    for load in loads:
        load.start()
    wait_until(lambda: all(load.begun > 5 for load in loads))
    victim = cluster.holder(LAKE_ROLE)
    victim.kill()
    for load in loads:
        load.ended()
    follower = wait_until(lambda: cluster.holder(LAKE_ROLE))
    assert follower is not victim
    # Each write has its receipt at the other gateway.
    for load, gateway in zip(loads, reversed(gateways)):
        for receipt in load.receipts:
            assert gateway.api.ended(receipt)["state"] == "committed"
    wanted = expected(rounds, *bases)
    assert lake(gateways[0]) == lake(gateways[1]) == wanted
    wait_until(lambda: cluster.rows() == [wanted])
    assert gateways[1].api.query("SELECT count(*) FROM silver.employees_cleaned") == [[rounds * len(bases) * 200]]
    check_accepted(cluster, len(bases) * rounds * 250, wanted)


def check_accepted(cluster, count, wanted):
    """Another program reads each accepted row once, each key's in one partition and in an order that ends with the lake's."""
    topic = "hired_employees.accepted"
    messages = wait_until(lambda: (found := cluster.broker.messages(topic)) and len(found) >= count and found)
    ids = [dict(message.headers())["dipper-record-id"] for message in messages]
    assert len(messages) == len(set(ids)) == count
    assert {message.partition() for message in messages} == {0, 1, 2}
    assert len({(message.key(), message.partition()) for message in messages}) == len(
        {message.key() for message in messages})
    last = {}
    for message in messages:
        key, value = json.loads(message.key()), json.loads(message.value())
        assert key["payload"]["id"] == value["payload"]["id"]
        assert {field["field"]: field["type"] for field in value["schema"]["fields"]}["hire_datetime"] == "int64"
        last[value["payload"]["id"]] = value["payload"]["name"]
    changed = sum(name.startswith("New ") for name in last.values())
    assert f"{len(last)}|{len(last)}|{sum(last)}|{changed}" == wanted


def metrics(port, path="/metrics"):
    answer = requests.get(f"http://127.0.0.1:{port}{path}", timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_gold_is_kept_by_one_worker_and_another_follows_when_it_dies(cluster):
    gateway = cluster.gateway()
    ports = {}
    for _ in range(2):
        port = free_port()
        ports[cluster.worker("--metrics-listen", f"127.0.0.1:{port}")] = port

    def is_current():
        return all(table["current"] for table in gateway.api.get("/gold").json())

    def holder():
        return wait_until(lambda: cluster.holder("gold"))

    gateway.api.load("departments", b"1,Sales\n")
    gateway.api.load("jobs", b"1,Clerk\n")
    gateway.api.load("hired_employees", hires(1, 100))
    wait_until(is_current)
    first = holder()
    text = metrics(ports[first])
    assert 'dipper_role_held{role="gold"} 1' in text and 'outcome="written"' in text, text
    assert 'dipper_backlog_records{table="hired_employees"} 0' in text, text
    assert json.loads(metrics(ports[first], "/readyz"))["checks"] == {
        "server": "ok", "catalog": "ok", "log": "ok", "operational": "ok"}
    first.kill()
    gateway.api.load("hired_employees", hires(101, 100))
    follower = holder()
    assert follower is not first
    wait_until(is_current)
    # A fifth of each file.
    sql = "SELECT CAST(sum(hires) AS BIGINT) FROM gold.department_metrics WHERE department_id = 1"
    assert gateway.api.query(sql) == [[40]]
    assert 'dipper_gold_refreshes_total{outcome="written"' in metrics(ports[follower])


def test_accepted_rows_come_once_through_kills_of_publishers(cluster):
    """Whoever has the role dies again and again while rows are published to three partitions."""
    cluster.partitions(3)
    gateway = cluster.gateway()
    for _ in range(2):
        cluster.worker("--roles", "lake,operational,publish")
    role = "accepted/hired_employees"
    wait_until(lambda: cluster.holder(role) and cluster.holder(LAKE_ROLE))
    load = Load(gateway.api, 1, 24)
    load.start()
    for kills in range(3):
        wait_until(lambda: load.begun > 6 * (kills + 1))
        holder = wait_until(lambda: cluster.holder(role))
        holder.kill()
        cluster.worker("--roles", "lake,operational,publish")
    load.ended()
    for receipt in load.receipts:
        assert gateway.api.ended(receipt)["state"] == "committed"
    check_accepted(cluster, 24 * 250, expected(24, 1))


def held(port):
    """The roles that a worker has, as its metrics tell."""
    return set(re.findall(r'dipper_role_held\{role="([^"]+)"\} 1', metrics(port)))


def test_roles_are_shared_by_workers_that_come_and_go(cluster):
    """Four workers one after another; then the first two end by SIGTERM, and the others have their roles within seconds."""
    cluster.gateway()
    ports = {}

    def start():
        port = free_port()
        worker = cluster.worker("--metrics-listen", f"127.0.0.1:{port}", "--roles", "lake,operational,publish,maintenance")
        wait_until(lambda: "metrics listening" in worker.log.read_text())
        ports[worker] = port

    def counts():
        return sorted(len(held(port)) for worker, port in ports.items() if worker.is_running)

    start()
    roles = 10
    wait_until(lambda: counts() == [roles])
    start()
    wait_until(lambda: counts() == [5, 5])
    start()
    wait_until(lambda: counts() in ([2, 4, 4], [3, 3, 4]))
    start()
    wait_until(lambda: counts() in ([1, 3, 3, 3], [2, 2, 3, 3]))
    for worker in list(ports)[:2]:
        former = held(ports[worker])
        began = time.monotonic()
        worker.stop()
        ended = time.monotonic()
        wait_until(lambda: all(cluster.holder(role) for role in former))
        print(f"{len(former)} roles: {ended - began:.2f} s to end, {time.monotonic() - ended:.2f} s to be taken up")
    wait_until(lambda: counts() == [5, 5])
    assert len(set().union(*(held(port) for worker, port in ports.items() if worker.is_running))) == roles


def test_refused_rows_are_published_once(cluster):
    gateway = cluster.gateway()
    cluster.worker()
    body = b"1,Ada,2021-03-01T09:00:00Z,1,1\n2,,2021-03-02T09:00:00Z,1,1\nx,Bob,2021-03-02T09:00:00Z,1,1\n"
    first = gateway.api.load("hired_employees", body)
    gateway.api.load("hired_employees", body)
    answer = gateway.api.batch("hired_employees", [
        {"id": 3, "name": "Eve", "datetime": "never", "department_id": 1, "job_id": 1}])
    assert answer.status_code == 200, answer.text
    gateway.api.ended(answer.json())
    topic = "hired_employees.rejected"
    messages = wait_until(lambda: (found := cluster.broker.messages(topic)) and len(found) >= 3 and found)
    rows = [json.loads(message.value())["payload"] for message in messages]
    assert [(row["line"], row["byte_offset"], row["column_name"]) for row in rows[:2]] == [(2, 31, "name"), (3, 59, "id")]
    assert base64.b64decode(rows[0]["raw"]) == b"2,,2021-03-02T09:00:00Z,1,1"
    assert {row["job_id"] for row in rows[:2]} == {first["id"]} and rows[2]["job_id"] == answer.json()["id"]
    assert b"never" in base64.b64decode(rows[2]["raw"])
    headers = [dict(message.headers()) for message in messages]
    assert [header["__connect.errors.offset"] for header in headers] == [b"0", b"0", b"2"]
    keys = [json.loads(message.key())["payload"] for message in messages]
    assert keys[0] == {name: rows[0][name] for name in ("file_sha256", "byte_offset", "code")}
    # One more refused row, after which nothing else has come.
    gateway.api.load("hired_employees", b"y,Kim,2021-03-02T09:00:00Z,1,1\n")
    wait_until(lambda: len(cluster.broker.messages(topic)) >= 4)
    assert len(cluster.broker.messages(topic)) == 4


def test_metrics_of_a_worker_are_closed_to_the_network_without_tokens(cluster, tmp_path):
    worker = Worker(
        tmp_path / "open", LOGS / f"{cluster.name}-open.log", cluster.environment,
        [*cluster.options, "--metrics-listen", f"0.0.0.0:{free_port()}"])
    assert worker.process.wait(60) == 1
    assert "authentication-required" in worker.log.read_text()


def test_gold_by_name_needs_the_engine(cluster, tmp_path):
    environment = {**cluster.environment, "DIPPER_LIBDUCKDB": str(tmp_path / "missing.so")}
    worker = Worker(
        tmp_path / "gold", LOGS / f"{cluster.name}-gold.log", environment, [*cluster.options, "--roles", "gold"])
    assert worker.process.wait(60) == 1
    assert "engine-missing" in worker.log.read_text()
    worker = Worker(tmp_path / "all", LOGS / f"{cluster.name}-all.log", environment, cluster.options)
    cluster.workers.append(worker)
    wait_until(lambda: LAKE_ROLE in worker.roles())
    assert "gold is left to other workers" in worker.log.read_text() and "gold" not in worker.roles()


def test_a_worker_that_sleeps_past_its_lease_does_no_harm_when_it_wakes(cluster):
    gateway = cluster.gateway()
    sleeper, other = cluster.worker(), cluster.worker()
    wait_until(lambda: cluster.holder(LAKE_ROLE))
    if cluster.holder(LAKE_ROLE) is other:
        sleeper, other = other, sleeper
    rounds = 12
    load = Load(gateway.api, 1, rounds)
    load.start()
    wait_until(lambda: load.begun > 3)
    sleeper.pause()
    try:
        wait_until(lambda: LAKE_ROLE in other.roles())
    finally:
        sleeper.resume()
    load.ended()
    for receipt in load.receipts:
        assert gateway.api.ended(receipt)["state"] == "committed"
    # It notices that it has lost the table, and leaves it to the other one, which may give it back as a part of its share.
    wait_until(lambda: ("role lost", LAKE_ROLE) in sleeper.changes())
    assert sleeper.is_running
    wait_until(lambda: [LAKE_ROLE in worker.roles() for worker in (sleeper, other)].count(True) == 1)
    assert lake(gateway) == expected(rounds, 1)
    wait_until(lambda: cluster.rows() == [expected(rounds, 1)])


def test_a_broker_that_is_away_is_told_so_and_work_goes_on_when_it_comes_back(cluster):
    gateway = cluster.gateway()
    cluster.worker()
    gateway.api.load("hired_employees", hires(500_000, 10))
    load = Load(gateway.api, 1, 12)
    load.start()
    wait_until(lambda: load.begun > 2)
    cluster.broker.pause()
    try:
        wait_until(lambda: load.refused)
        gateway.assert_alive()
        readiness = requests.get(gateway.api.base + "/readyz", timeout=60)
        assert readiness.status_code == 503, readiness.text
    finally:
        cluster.broker.resume()
    load.ended()
    for receipt in load.receipts:
        assert gateway.api.ended(receipt)["state"] == "committed"
    count, distinct, _, changed = lake(gateway).split("|")
    assert (count, distinct, changed) == (str(12 * 200 + 10), str(12 * 200 + 10), str(12 * 50))
    wait_until(lambda: cluster.rows("count(*), count(DISTINCT id)") == [f"{12 * 200 + 10}|{12 * 200 + 10}"])


def test_one_process_works_with_its_log_in_kafka(cluster):
    server = cluster.new_server({**client_environment(), "DIPPER_LOG": cluster.broker.address(prefix="alone.")})
    server.api.load("hired_employees", hires(1, 1_000))
    server.kill()
    server.start()
    receipt = server.api.load("hired_employees", hires(501, 1_000))
    rows = receipt["rows"]
    assert (rows["inserted"], rows["updated"] + rows["unchanged"]) == (500, 500), receipt
    server.stop()
    other = type(server)(server.folder, server.log)
    with pytest.raises(AssertionError, match="log-elsewhere"):
        other.start()


def test_processes_that_share_work_say_what_they_lack(cluster, tmp_path):
    worker = Worker(tmp_path / "lacking", LOGS / f"{cluster.name}-lacking.log", {})
    assert worker.process.wait(60) == 1
    assert "cluster-incomplete" in worker.log.read_text()
    nowhere = {**cluster.environment, "DIPPER_LOG": f"kafka://127.0.0.1:{free_port()}?requestMilliseconds=1000"}
    worker = Worker(tmp_path / "nowhere", LOGS / f"{cluster.name}-nowhere.log", nowhere, cluster.options)
    assert worker.process.wait(60) == 1
    assert "log-unreachable" in worker.log.read_text()
