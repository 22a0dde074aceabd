"""DuckDB 1.5.5 attaches the catalog, reads and writes."""

import pathlib

import duckdb
import duckdb_extension_avro
import duckdb_extension_httpfs
import duckdb_extension_iceberg

from rest.catalogs import address, hires, pyiceberg

EXTENSIONS = {"httpfs": duckdb_extension_httpfs, "avro": duckdb_extension_avro, "iceberg": duckdb_extension_iceberg}


def attach(server):
    """A connection with the extensions of the wheels, so that nothing is downloaded."""
    connection = duckdb.connect(
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false", "threads": "2"})
    for name, module in EXTENSIONS.items():
        path = next(pathlib.Path(module.__file__).parent.rglob(f"{name}.duckdb_extension"))
        connection.execute(f"LOAD '{path}'")
    connection.execute(f"ATTACH 'lake' AS lake (TYPE iceberg, ENDPOINT '{address(server)}', AUTHORIZATION_TYPE 'none')")
    return connection


def test_a_table_of_the_server_is_read(server):
    server.api.load("hired_employees", hires(1, 50))
    server.api.load("hired_employees", hires(40, 20))
    rows = attach(server).execute("SELECT count(*), sum(id) FROM lake.silver.employees_cleaned").fetchone()
    assert rows == (59, sum(range(1, 60)))


def test_a_table_is_created_appended_to_and_read_by_another(server):
    connection = attach(server)
    connection.execute("CREATE SCHEMA lake.duck")
    connection.execute("CREATE TABLE lake.duck.t (id BIGINT, name VARCHAR)")
    connection.execute("INSERT INTO lake.duck.t SELECT range, 'n' || range FROM range(10)")
    connection.execute("INSERT INTO lake.duck.t VALUES (10, NULL)")
    assert connection.execute("SELECT count(*), sum(id) FROM lake.duck.t").fetchone() == (11, 55)
    table = pyiceberg(server).load_table("duck.t")
    assert sorted(table.scan().to_arrow()["id"].to_pylist()) == list(range(11))
    connection.execute("DELETE FROM lake.duck.t WHERE id < 5")
    assert connection.execute("SELECT count(*) FROM lake.duck.t").fetchone() == (6,)
    connection.execute("DROP TABLE lake.duck.t")
    assert not pyiceberg(server).table_exists("duck.t")
