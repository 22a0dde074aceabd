"""Every table reads the same in PyIceberg, Spark and DuckDB, rows and metadata alike."""

import pytest

from lake import hiring
from lake.readers import (
    duckdb_rows, pyiceberg_metadata_tables, pyiceberg_rows, spark_metadata_tables, static_table)

CHANGES = (
    "1,Ada Changed,2022-12-31T23:59:59Z,1,1\n"
    "2,Ben Changed,2021-01-01T00:00:00Z,,\n"
    "100001,Eva New,2023-06-01T12:00:00Z,3,3\n"
)


@pytest.fixture
def loaded(server, sample_of):
    """A server with a sample, a second file that changes rows of it, and a reject or two."""
    folder = sample_of(5000, seed=7)
    expected = {}
    for table in hiring.TABLES:
        text = (folder / f"{table}.csv").read_text()
        server.api.load(table, text.encode())
        more = [CHANGES] if table == "hired_employees" else []
        for change in more:
            server.api.load(table, change.encode())
        expected[table] = hiring.expect(table, text, *more).rows
    return server, expected


def test_three_readers_see_the_rows_of_the_source(loaded, spark):
    server, expected = loaded
    for table in hiring.TABLES:
        metadata, columns = server.api.metadata(table), hiring.SILVER[table]
        assert pyiceberg_rows(metadata, columns) == expected[table], f"PyIceberg, {table}"
        assert spark.rows(metadata, columns) == expected[table], f"Spark, {table}"
        assert duckdb_rows(metadata, columns) == expected[table], f"DuckDB, {table}"


def test_the_rejects_are_a_table_too(loaded, spark):
    server, _ = loaded
    metadata = server.api.metadata("quarantine.hired_employees")
    table = static_table(metadata).scan().to_arrow()
    assert table.num_rows == len(server.api.rejects("hired_employees")) > 0
    columns = [name for name in table.column_names if name != "raw"]
    rows = pyiceberg_rows(metadata, columns)
    assert spark.rows(metadata, columns) == rows
    assert duckdb_rows(metadata, columns) == rows


def test_metadata_tables_are_the_same_in_pyiceberg_and_spark(loaded, spark):
    server, _ = loaded
    for table in hiring.TABLES:
        metadata = server.api.metadata(table)
        ours, theirs = pyiceberg_metadata_tables(metadata), spark_metadata_tables(spark, metadata)
        for name in ours:
            assert ours[name] == theirs[name], f"{name} of {table}"
            assert ours[name], f"{name} of {table} is empty"


def test_what_a_table_says_of_itself_is_true(loaded):
    server, expected = loaded
    for name in hiring.TABLES:
        table = static_table(server.api.metadata(name))
        assert table.format_version == 2
        summary = table.current_snapshot().summary.additional_properties
        files = table.inspect.files().to_pylist()
        data = [file for file in files if file["content"] == 0]
        deletes = [file for file in files if file["content"] != 0]
        assert all(file["content"] == 1 for file in deletes), "equality deletes are never written"
        assert int(summary["total-records"]) == sum(file["record_count"] for file in data)
        assert int(summary["total-data-files"]) == len(data)
        assert int(summary["total-delete-files"]) == len(deletes)
        assert int(summary["total-position-deletes"]) == sum(file["record_count"] for file in deletes)
        assert int(summary["total-files-size"]) == sum(file["file_size_in_bytes"] for file in files)
        live = int(summary["total-records"]) - int(summary["total-position-deletes"])
        assert live == sum(expected[name].values())
        paths = [entry["data_file"]["file_path"] for entry in table.inspect.entries().to_pylist() if entry["status"] != 2]
        assert len(paths) == len(set(paths)), "no file is live in two manifest entries"


def test_hires_are_partitioned_and_typed_as_declared(loaded):
    server, _ = loaded
    table = static_table(server.api.metadata("hired_employees"))
    types = {field.name: str(field.field_type) for field in table.schema().fields}
    assert types == {
        "id": "long", "name": "string", "hire_datetime": "timestamptz", "department_id": "int", "job_id": "int",
        "hire_year": "int", "hire_quarter": "int"}
    assert [field.name for field in table.schema().fields if field.required] == ["id", "name", "hire_datetime"]
    assert [field.name for field in table.spec().fields] == ["hire_year", "hire_quarter"]
    assert len({str(file["partition"]) for file in table.inspect.files().to_pylist()}) == 9


def test_other_readers_prune_by_partition(loaded):
    server, expected = loaded
    table = static_table(server.api.metadata("hired_employees"))
    scan = table.scan(row_filter="hire_year = 2022 and hire_quarter = 4")
    assert len(list(scan.plan_files())) < table.inspect.data_files().num_rows
    wanted = sum(count for row, count in expected["hired_employees"].items() if row[5:] == (2022, 4))
    assert scan.to_arrow().num_rows == wanted > 0
