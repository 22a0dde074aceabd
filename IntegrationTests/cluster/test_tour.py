"""`bin/cluster`: the hiring sample goes in through one gateway, and everyone who can read gives the same answers."""

import collections
import json
import os
import pathlib
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time

import pytest
import requests
from lib.cluster import machine
from lib.cluster.commands import postgresql_tools

from cluster.local import LOOPBACK, ROOT, LocalCluster, listening
from lake import hiring
from lake.api import API
from lake.readers import from_arrow

ROWS = 3_000
NAMES = {
    "seaweedfs", "kafka", "postgresql", "redis", "gateway-a", "gateway-b", "worker-a", "worker-b", "spark-master", "spark-worker-a",
    "spark-worker-b", "spark-history", "prometheus"}
COLUMNS = hiring.SILVER["hired_employees"]
SPARK_SECONDS = 120


def wait_until(check, seconds=60):
    deadline = time.monotonic() + seconds
    while not (result := check()):
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(0.2)
    return result


def is_gone(pid):
    return machine.stat(pid) is None


@pytest.fixture(scope="module")
def cluster():
    # Not under pytest's folder, which the user that PostgreSQL runs as can't enter.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dipper-cluster-"))
    folder.chmod(0o711)
    made = LocalCluster(folder / "cluster")
    try:
        made.output = made.run("up", "--rows", str(ROWS))
        yield made
    finally:
        made.run("down")
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def services(cluster):
    return cluster.services()


@pytest.fixture(scope="module")
def expected(cluster):
    folder = cluster.folder / "sample"
    return {table: hiring.expect(table, (folder / f"{table}.csv").read_text()) for table in hiring.TABLES}


@pytest.fixture(scope="module")
def gateway_b(services):
    return API(services["gateway-b"]["address"])


def test_up_prints_each_process_and_nothing_else_but_how_to_go_on(cluster, services):
    lines = cluster.output.splitlines()
    assert [line.split()[0] for line in lines[1:14]] == list(services), cluster.output
    for line, service in zip(lines[1:14], services.values()):
        assert line.split()[1:3] == ["up", str(service["pid"])] and service["address"] in line, cluster.output
    assert set(services) == NAMES and len(lines) == 17, cluster.output


def test_everything_listens_on_loopback_alone(services):
    for service in services.values():
        for member in machine.family(machine.identity(service["pid"])):
            found = listening(member["pid"])
            assert set(found) <= LOOPBACK, f"{service['name']} listens on {found}"
        assert service["name"] == "spark-history" or listening(service["pid"]), service


def test_secrets_are_for_this_user_alone(cluster):
    secrets = cluster.folder / "secrets"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in secrets.iterdir()}
    assert set(modes) >= {"catalog", "operational", "cache", "s3-keys", "pgpass"} and set(modes.values()) == {0o600}, modes
    words = [cluster.secret(name) for name in ("s3-secret", "postgresql", "postgresql-admin", "redis")]
    for service in cluster.services().values():
        line = pathlib.Path(f"/proc/{service['pid']}/cmdline").read_text()
        assert not any(word in line for word in words), f"a secret is on the command line of {service['name']}"


def test_the_other_gateway_answers_with_the_rows_of_the_files(gateway_b, expected):
    names = ", ".join(name if name != "hire_datetime" else f"epoch_us({name})" for name in COLUMNS)
    rows = collections.Counter(map(tuple, gateway_b.query(f"SELECT {names} FROM silver.employees_cleaned")))
    assert rows == expected["hired_employees"].rows
    hires, departments, jobs = (expected[table] for table in ("hired_employees", "departments", "jobs"))
    for year in (2021, 2022):
        assert gateway_b.analytics("quarterly-hires", year) == hiring.quarterly_hires(hires, departments, jobs, year)
        wanted = hiring.departments_above_mean(hires, departments, year)
        assert wanted and collections.Counter(map(str, gateway_b.analytics("departments-above-mean", year))) == (
            collections.Counter(map(str, wanted)))


def test_pyiceberg_reads_the_same(services, expected):
    from pyiceberg.catalog import load_catalog

    catalog = load_catalog("lake", type="rest", uri=services["gateway-b"]["address"] + "/catalog")
    for table, name in (("hired_employees", "employees"), ("departments", "departments"), ("jobs", "jobs")):
        found = catalog.load_table(f"silver.{name}_cleaned")
        assert found.location().startswith("s3://lake/")
        assert from_arrow(found.scan().to_arrow(), hiring.SILVER[table]) == expected[table].rows


def test_spark_reads_the_same_on_its_own_cluster(cluster, services, expected):
    statements = [
        "SELECT " + ", ".join(name if name != "hire_datetime" else f"unix_micros({name})" for name in COLUMNS)
        + " FROM silver.employees_cleaned",
        "SELECT d.department, j.job, count_if(e.hire_quarter = 1), count_if(e.hire_quarter = 2), count_if(e.hire_quarter = 3), "
        "count_if(e.hire_quarter = 4) FROM silver.employees_cleaned e JOIN silver.departments_cleaned d ON d.id = e.department_id "
        "JOIN silver.jobs_cleaned j ON j.id = e.job_id WHERE e.hire_year = 2021 GROUP BY 1, 2 ORDER BY 1, 2"]
    # A process of its own: this one may have a session on this machine already.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    environment |= {"SPARK_CONF_DIR": str(cluster.folder / "spark" / "conf"), "SPARK_LOCAL_IP": "127.0.0.1",
                    "JAVA_TOOL_OPTIONS": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"}
    done = subprocess.run(
        [sys.executable, str(ROOT / "IntegrationTests" / "cluster" / "spark_rows.py"), *statements], env=environment,
        capture_output=True, text=True, timeout=SPARK_SECONDS)
    assert done.returncode == 0, done.stderr[-4000:]
    found = json.loads(done.stdout)
    assert found["master"] == services["spark-master"]["address"]
    assert collections.Counter(map(tuple, found["rows"][0])) == expected["hired_employees"].rows
    wanted = hiring.quarterly_hires(expected["hired_employees"], expected["departments"], expected["jobs"], 2021)
    assert found["rows"][1] == [list(row.values()) for row in wanted]
    # Workers of the cluster did it, and the history server tells of it.
    history = services["spark-history"]["address"] + "/api/v1/applications/" + found["application"]
    wait_until(lambda: requests.get(history + "/allexecutors", timeout=10).status_code == 200)
    executors = requests.get(history + "/allexecutors", timeout=10).json()
    assert [executor for executor in executors if executor["id"] != "driver" and executor["completedTasks"]], executors


def test_psql_reads_the_same(cluster, expected):
    address = cluster.secret("operational")
    # The derived columns are the lake's alone.
    columns = ("id", "name", "(extract(epoch FROM hire_datetime) * 1000000)::bigint", "department_id", "job_id")
    wanted = collections.Counter(row[:len(columns)] for row in expected["hired_employees"].rows)

    def rows():
        statement = f"SELECT json_agg(json_build_array({', '.join(columns)})) FROM hired_employees"
        done = subprocess.run(
            [str(postgresql_tools() / "psql"), "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", address, "-c", statement],
            check=True, capture_output=True, text=True, timeout=60)
        return collections.Counter(map(tuple, json.loads(done.stdout) or []))

    wait_until(lambda: rows() == wanted)


def test_prometheus_hears_of_gateways_and_workers(services):
    address = services["prometheus"]["address"]

    def ask(expression):
        return requests.get(address + "/api/v1/query", params={"query": expression}, timeout=10).json()["data"]["result"]

    wait_until(lambda: {found["metric"]["process"]: found["value"][1] for found in ask("up")} == {
        name: "1" for name in ("gateway-a", "gateway-b", "worker-a", "worker-b")})
    # One of the workers has the table, whichever it is.
    wait_until(lambda: [found["value"][1] for found in ask('sum(dipper_role_held{role="lake/hired_employees"})')] == ["1"])


def test_a_port_that_another_program_has_taken_is_told(cluster, services):
    port = int(services["redis"]["address"].rpartition(":")[2])
    cluster.run("stop", "redis")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        output = cluster.run("start", "redis", code=1)
    assert f"port {port}, which redis had, is taken by another program" in output, output
    cluster.run("start", "redis")
    assert cluster.services()["redis"]["address"] == services["redis"]["address"]


def test_what_is_killed_is_told_and_comes_back_with_everything(cluster, gateway_b, expected):
    killed = ("seaweedfs", "kafka", "postgresql", "gateway-a", "worker-a")
    services = cluster.services()
    cluster.run("kill", *killed)
    assert all(is_gone(services[name]["pid"]) for name in killed)
    states = cluster.services(code=1)
    assert {name for name in NAMES if states[name]["state"] == "down"} == set(killed)
    output = cluster.run("up")
    for name in killed:
        assert f"{name} was down and runs again" in output.splitlines(), output
    again = cluster.services()
    assert {name: again[name]["address"] for name in NAMES} == {name: services[name]["address"] for name in NAMES}
    assert all((again[name]["pid"] == services[name]["pid"]) == (name not in killed) for name in NAMES)
    # What was there is there, and more goes in by the gateway that had died.
    count = sum(expected["hired_employees"].rows.values())
    API(again["gateway-a"]["address"]).load("hired_employees", b"9000001,Ada Baker,2021-03-01T09:00:00Z,1,1\n")
    assert gateway_b.query("SELECT count(*) FROM silver.employees_cleaned") == [[count + 1]]


def test_a_process_that_only_has_the_same_number_is_left_alone(tmp_path):
    bystander = subprocess.Popen(["sleep", "300"])
    try:
        identity = machine.identity(bystander.pid)
        local = LocalCluster(tmp_path / "cluster")
        local.folder.mkdir()

        def down(process):
            (local.folder / "cluster.json").write_text(json.dumps({
                "version": 1, "services": {"redis": {"ports": {"redis": 1}, "process": process}}}))
            local.run("down")
            return bystander.poll() is not None

        assert not down({**identity, "start": identity["start"] - 1})
        assert not down({**identity, "boot": "another"})
        assert down(identity)
    finally:
        bystander.kill()
        bystander.wait()


def test_a_folder_of_something_else_is_not_touched(tmp_path):
    local = LocalCluster(tmp_path)
    (tmp_path / "thesis").write_text("years of work")
    for command in (["down", "--data"], ["up"]):
        output = local.run(*command, code=1)
        assert "holds something else" in output and "DIPPER_CLUSTER_DIR" in output
    assert (tmp_path / "thesis").read_text() == "years of work"


def test_down_ends_every_process_and_data_goes_when_asked(cluster):
    pids = [service["pid"] for service in cluster.services().values()]
    families = [member["pid"] for pid in pids for member in machine.family(machine.identity(pid))]
    output = cluster.run("down")
    assert "its data stays in" in output
    assert all(is_gone(pid) for pid in families)
    assert {service["state"] for service in cluster.services(code=1).values()} == {"down"}
    assert "its data is removed" in cluster.run("down", "--data")
    assert not cluster.folder.exists()
    assert "bin/cluster up" in cluster.run("status", code=1)
