"""TPC-H's queries as Trino spells them, over tables loaded by uploads; DuckDB answers the same from its own tables."""

import pathlib

import duckdb
import duckdb_extension_tpch

from trinoclients.connections import TPCH_COLUMNS, connect, tpch_model
from trinoclients.tpch import queries, same

SCALE = 0.01


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
