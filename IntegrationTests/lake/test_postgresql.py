"""Catalog and operational rows in PostgreSQL, seen by psql and PyIceberg, through kill -9 of either side."""

import pathlib
import re
import shutil
import tempfile
import time

import pytest
import requests

from lake.postgresql import PostgreSQL
from rest.catalogs import address, hires, pyiceberg

CAUGHT_UP_SECONDS = 120


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
def databases(postgresql, request):
    """Two databases of this test's own: one for the catalog, one for the rows."""
    name = re.sub(r"[^a-z0-9]+", "_", request.node.name.lower())[-50:]
    for kind in ("catalog", "rows"):
        postgresql.sql(f"CREATE DATABASE {kind}_{name}")
    return f"catalog_{name}", f"rows_{name}"


@pytest.fixture
def environment(postgresql, databases, tmp_path):
    # One address in the environment, the other in a file: both ways that keep a password from the command line.
    (tmp_path / "operational").write_text(postgresql.address(databases[1]) + "\n")
    return {"DIPPER_CATALOG": postgresql.address(databases[0]), "DIPPER_OPERATIONAL": f"@{tmp_path / 'operational'}"}


def wait_until(check, seconds=CAUGHT_UP_SECONDS):
    deadline = time.monotonic() + seconds
    while not (result := check()):
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(0.1)
    return result


def changed(first, count):
    """The same ids with other names."""
    return hires(first, count).replace(b"Name ", b"New ")


def operational(postgresql, databases):
    return postgresql.sql("SELECT count(*), count(DISTINCT id), sum(id), count(*) FILTER (WHERE name LIKE 'New %') "
                          "FROM hired_employees", databases[1])


def lake(server):
    table = pyiceberg(server).load_table("silver.employees_cleaned").scan(selected_fields=("id", "name")).to_arrow()
    ids, names = table["id"].to_pylist(), table["name"].to_pylist()
    return f"{len(ids)}|{len(set(ids))}|{sum(ids)}|{sum(name.startswith('New ') for name in names)}"


def test_rows_survive_a_kill_and_are_the_same_for_psql_and_pyiceberg(new_server, postgresql, databases, environment):
    server = new_server(environment)
    assert not (server.folder / "catalog.db").exists()
    server.api.load("hired_employees", hires(1, 20_000))
    receipt = server.api.load("hired_employees", changed(10_001, 20_000))
    assert (receipt["rows"]["inserted"], receipt["rows"]["updated"]) == (10_000, 10_000)
    answer = server.api.post_csv("hired_employees", changed(1, 5_000))
    assert answer.status_code == 202, answer.text
    server.kill()
    server.start()
    assert server.api.ended(server.api.job(answer.json()["id"]))["state"] == "committed"
    expected = f"30000|30000|{30_000 * 30_001 // 2}|25000"
    assert lake(server) == expected
    wait_until(lambda: operational(postgresql, databases) == [expected])
    row = server.api.get("/tables/hired_employees/rows/12345")
    assert row.status_code == 200 and "New 12345" in row.text, row.text
    assert server.api.request("DELETE", "/tables/hired_employees/rows/12345").status_code in (200, 202)
    wait_until(lambda: server.api.get("/tables/hired_employees/rows/12345").status_code == 404)
    assert postgresql.sql("SELECT name, hire_datetime AT TIME ZONE 'UTC' FROM hired_employees WHERE id IN (2, 12345)",
                          databases[1]) == ["New 2|2021-02-03 10:00:00"]
    assert postgresql.sql("SELECT kind, version > 3 FROM dipper_catalog.relations WHERE name = 'employees_cleaned' "
                          "AND namespace = 'silver'", databases[0]) == ["table|t"]


def test_the_catalog_takes_commits_of_other_clients_between_loads(new_server, databases, environment):
    import pyarrow as pa

    server = new_server(environment)
    server.api.load("hired_employees", hires(1, 100))
    catalog = pyiceberg(server)
    catalog.create_namespace("py")
    table = catalog.create_table("py.t", schema=pa.schema([pa.field("id", pa.int64())]))
    for number in range(5):
        table.append(pa.table({"id": [number]}))
        server.api.load("hired_employees", hires(101 + number, 1))
    server.stop()
    server.start()
    assert sorted(pyiceberg(server).load_table("py.t").scan().to_arrow()["id"].to_pylist()) == list(range(5))
    assert lake(server).startswith("105|105|")


def test_work_goes_on_when_the_database_comes_back(new_server, postgresql, databases, environment):
    server = new_server(environment)
    server.api.load("hired_employees", hires(1, 1_000))
    wait_until(lambda: operational(postgresql, databases)[0].startswith("1000|"))
    postgresql.stop("immediate")
    try:
        answer = server.api.post_csv("hired_employees", hires(1_001, 1_000))
        taken = answer.status_code
        assert taken in (202, 503), answer.text
        readiness = requests.get(server.api.base + "/readyz", timeout=60)
        assert readiness.status_code == 503, readiness.text
        listing = server.api.get("/tables")
        assert listing.status_code == 503 and "Retry-After" in listing.headers, listing.text
        for path in ["namespaces", "namespaces/silver/tables", "namespaces/silver/tables/employees_cleaned"]:
            answer = requests.get(f"{address(server)}/v1/{path}", timeout=60)
            assert answer.status_code == 503 and "Retry-After" in answer.headers, answer.text
            assert answer.json()["error"]["type"] == "ServiceUnavailableException"
        commit = requests.post(
            f"{address(server)}/v1/namespaces/silver/tables/employees_cleaned", timeout=60,
            json={"requirements": [], "updates": [{"action": "set-properties", "updates": {"a": "b"}}]})
        assert commit.status_code in (500, 503), commit.text
        server.assert_alive()
    finally:
        postgresql.start()
    if taken == 503:
        server.api.load("hired_employees", hires(1_001, 1_000))
    wait_until(lambda: requests.get(server.api.base + "/readyz", timeout=10).status_code == 200)
    wait_until(lambda: operational(postgresql, databases)[0].startswith("2000|2000|"))
    assert lake(server).startswith("2000|2000|")


def test_a_folder_keeps_to_its_kind_of_catalog(new_server, environment):
    server = new_server(environment)
    server.stop()
    other = type(server)(server.folder, server.log)
    with pytest.raises(AssertionError, match="catalog-elsewhere"):
        other.start()
    embedded = new_server()
    embedded.stop()
    with pytest.raises(AssertionError, match="catalog-embedded"):
        type(server)(embedded.folder, embedded.log, environment).start()
