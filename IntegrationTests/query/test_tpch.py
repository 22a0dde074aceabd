"""All 22 queries of TPC-H over tables that came in by upload: the reference answers, and DuckDB's on the same files."""

from query import tpch

SCALE = 0.01


def test_tpch_gives_the_reference_answers(new_server, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "model.yaml").write_text(tpch.model())
    server = new_server(folder=folder)
    texts = tpch.write_csv(tmp_path / "csv", SCALE)
    for name in tpch.TABLES:
        receipt = server.api.load(name, texts / f"{name}.csv", header="true")
        assert receipt["rows"]["rejected"] == 0, receipt
    connection = tpch.engine()
    tpch.over_files(connection, folder)
    reference = tpch.answers(SCALE)
    assert sorted(reference) == list(tpch.QUERIES)
    for number, sql in tpch.queries().items():
        sql = tpch.qualified(sql)
        rows = server.api.query(sql)
        assert tpch.same(rows, connection.execute(sql).fetchall()), f"query {number}"
        assert tpch.same(rows, reference[number]), f"query {number}: {rows[:2]} {reference[number][:2]}"
