"""DuckDB 1.5.5 attaches the catalog, reads and writes, on each kind of storage."""

from rest.catalogs import hires
from rest.storages import EVERYWHERE

EMPLOYEES = "lake.silver.employees_cleaned"


@EVERYWHERE
def test_a_table_of_the_server_is_read_and_changed(storage, server):
    server.api.load("hired_employees", hires(1, 50))
    server.api.load("hired_employees", hires(40, 20))
    connection = storage.duckdb()
    count = f"SELECT count(*), sum(id) FROM {EMPLOYEES}"
    assert connection.execute(count).fetchone() == (59, sum(range(1, 60)))
    connection.execute(f"DELETE FROM {EMPLOYEES} WHERE id <= 10")
    # Loads know what has gone: it comes back as new.
    receipt = storage.api().load("hired_employees", hires(5, 10))
    assert [receipt["rows"][kind] for kind in ("inserted", "updated")] == [6, 4], receipt
    assert storage.duckdb().execute(count).fetchone() == (55, sum(range(5, 60)))


@EVERYWHERE
def test_a_table_is_created_appended_to_and_read_by_another(storage):
    connection = storage.duckdb()
    connection.execute("CREATE SCHEMA lake.duck")
    connection.execute("CREATE TABLE lake.duck.t (id BIGINT, name VARCHAR)")
    connection.execute("INSERT INTO lake.duck.t SELECT range, 'n' || range FROM range(10)")
    connection.execute("INSERT INTO lake.duck.t VALUES (10, NULL)")
    assert connection.execute("SELECT count(*), sum(id) FROM lake.duck.t").fetchone() == (11, 55)
    table = storage.pyiceberg().load_table("duck.t")
    assert sorted(table.scan().to_arrow()["id"].to_pylist()) == list(range(11))
    connection.execute("DELETE FROM lake.duck.t WHERE id < 5")
    assert connection.execute("SELECT count(*) FROM lake.duck.t").fetchone() == (6,)
    assert storage.api().query("SELECT count(*), CAST(sum(id) AS BIGINT) FROM duck.t") == [[6, 45]]
    connection.execute("DROP TABLE lake.duck.t")
    assert not storage.pyiceberg().table_exists("duck.t")
