"""TPC-H's queries as Trino spells them, over tables loaded by uploads; DuckDB answers the same from its own tables."""

import pathlib
import re

import duckdb
import duckdb_extension_tpch

from trinoclients.connections import TPCH_COLUMNS, connect, tpch_model

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
QUERIES = ROOT / "Tests" / "TrinoSQLTests" / "Fixtures" / "tpch.sql"
SCALE = 0.01


def queries():
    text = re.sub(r"^--.*$", "", QUERIES.read_text(), flags=re.MULTILINE)
    return [query.strip() for query in text.split(";\n") if query.strip()]


def plain(value):
    """Numbers without their types: DuckDB divides decimals as floating point, Trino as decimals."""
    return round(float(value), 2) if not isinstance(value, (str, int, type(None))) and hasattr(value, "__float__") else value


def same(found, wanted):
    return len(found) == len(wanted) and all(
        len(row) == len(other) and all(
            abs(a - b) <= 0.011 + abs(b) * 1e-4 if isinstance(a, float) and isinstance(b, float) else a == b
            for a, b in zip(map(plain, row), map(plain, other)))
        for row, other in zip(found, wanted))


def test_all_queries_of_tpch(new_server, tmp_path):
    reference = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    extension = next(pathlib.Path(duckdb_extension_tpch.__file__).parent.rglob("tpch.duckdb_extension"))
    reference.execute(f"LOAD '{extension}'")
    reference.execute(f"CALL dbgen(sf={SCALE})")
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "model.yaml").write_text(tpch_model())
    server = new_server(folder=folder)
    for table in TPCH_COLUMNS:
        path = tmp_path / f"{table}.csv"
        reference.execute(f"COPY {table} TO '{path}' (HEADER, DELIMITER ',')")
        server.api.load(table, path)
    asked = reference.execute("SELECT query_nr, query FROM tpch_queries() ORDER BY 1").fetchall()
    wrong = []
    with connect(server) as connection:
        cursor = connection.cursor()
        for (number, text), query in zip(asked, queries(), strict=True):
            cursor.execute(query)
            found = [tuple(row) for row in cursor.fetchall()]
            wanted = reference.execute(text).fetchall()
            if not same(found, wanted):
                wrong.append(f"query {number}: {found[:2]} and not {wanted[:2]}")
    assert not wrong, "\n".join(wrong)
