"""A file that comes again with a row in a hundred changed: only those rows are written, and every reader agrees."""

import urllib.parse

import pytest

from lake import hiring
from lake.readers import duckdb_connection, duckdb_rows, from_arrow, pyiceberg_rows, static_table

ROWS = 100_000
CHANGED_EVERY = 100
TABLE, COLUMNS = "hired_employees", hiring.SILVER["hired_employees"]


def changed(text):
    """The same file, but every hundredth row has another name; of those every tenth moves to another partition."""
    lines = text.splitlines(keepends=True)
    for index in range(0, len(lines), CHANGED_EVERY):
        key, name, when, rest = lines[index].split(",", 3)
        moved = "2021" if when.startswith("2022") else "2022"
        when = moved + when[4:] if index % (10 * CHANGED_EVERY) == 0 else when
        lines[index] = f"{key},{name} Again,{when},{rest}"
    return "".join(lines)


def data_and_deletes(table):
    files = table.inspect.files().to_pylist()
    return tuple({file["file_path"]: file["record_count"] for file in files if file["content"] == kind} for kind in (0, 1))


@pytest.fixture
def reuploaded(server, sample_of):
    before = (sample_of(ROWS, "--clean", seed=11) / f"{TABLE}.csv").read_text()
    after = changed(before)
    receipts = [server.api.load(TABLE, text.encode()) for text in (before, after)]
    return server, receipts, before, after


def test_only_the_changed_rows_are_written(reuploaded, spark):
    server, (first, second), before, after = reuploaded
    changes = ROWS // CHANGED_EVERY
    assert (first["rows"]["inserted"], first["rows"]["accepted"]) == (ROWS, ROWS)
    assert (second["rows"]["updated"], second["rows"]["unchanged"]) == (changes, ROWS - changes)

    metadata = server.api.metadata(TABLE)
    table = static_table(metadata)
    old_data, old_deletes = data_and_deletes(static_table(urllib.parse.unquote(urllib.parse.urlparse(
        table.metadata.metadata_log[-1].metadata_file).path)))
    data, deletes = data_and_deletes(table)
    assert not old_deletes and sum(deletes.values()) == changes
    assert old_data.items() <= data.items(), "no file was written again for its unchanged rows"
    assert sum(data.values()) - sum(old_data.values()) == changes
    assert table.current_snapshot().summary["added-position-deletes"] == str(changes)

    wanted = hiring.expect(TABLE, before, after).rows
    assert pyiceberg_rows(metadata, COLUMNS) == wanted, "PyIceberg"
    assert duckdb_rows(metadata, COLUMNS) == wanted, "DuckDB"
    assert spark.rows(metadata, COLUMNS) == wanted, "Spark"
    assert server.api.query("SELECT count(*) FROM silver.employees_cleaned WHERE name LIKE '% Again'") == [[changes]]


def test_time_travel_shows_the_rows_from_before(reuploaded, spark):
    server, (first, _), before, _ = reuploaded
    wanted = hiring.expect(TABLE, before).rows
    metadata, snapshot = server.api.metadata(TABLE), int(first["snapshotId"])
    assert pyiceberg_rows(metadata, COLUMNS, snapshot) == wanted, "PyIceberg"
    assert spark.rows(metadata, COLUMNS, snapshot) == wanted, "Spark"
    with duckdb_connection() as connection:
        found = connection.sql(
            f"SELECT {', '.join(COLUMNS)} FROM iceberg_scan('{metadata}', snapshot_from_id => {snapshot}::UBIGINT)")
        assert from_arrow(found.to_arrow_table(), COLUMNS) == wanted, "DuckDB"
