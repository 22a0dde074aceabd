"""What SQL sees as tables: their states in time, the files that a WHERE clause needs, their metadata, the operational rows."""

import datetime
import pathlib
import shutil
import tempfile
import time

import pytest

from lake import hiring
from lake.api import assert_problem
from lake.postgresql import PostgreSQL
from lake.readers import static_table

TABLE = "hired_employees"
SILVER = "silver.employees_cleaned"


def hires(keys, year, month=5, name="n"):
    return [{"id": key, "name": f"{name}{key}", "datetime": f"{year}-{month:02}-07T02:48:42Z", "department_id": 1 + key % 4,
             "job_id": 1 + key % 3} for key in keys]


def commit(api, rows, table=TABLE):
    answer = api.batch(table, rows)
    assert answer.status_code == 200, answer.text
    receipt = api.ended(answer.json())
    assert receipt["state"] == "committed", receipt
    return int(api.table(table)["snapshotId"])


def ask(api, sql, parameters=None, **more):
    body = {"sql": sql, **({"parameters": parameters} if parameters is not None else {}), **more}
    answer = api.request("POST", "/query", json=body)
    assert answer.status_code == 200, f"{sql}: {answer.text}"
    return answer.json()


def refused(api, sql, *codes):
    return assert_problem(api.request("POST", "/query", json={"sql": sql}), *codes)


def test_a_statement_names_the_states_that_it_reads(server):
    api = server.api
    first = commit(api, hires(range(1, 5), 2021))
    second = commit(api, hires([1], 2021, name="changed") + hires(range(5, 8), 2022))
    at = lambda version: f"SELECT count(*), max(name) FROM {SILVER} AT (VERSION => {version})"
    assert api.query(at(first)) == [[4, "n4"]]
    assert api.query(at(second)) == [[7, "n7"]]
    assert api.query(at("'main'")) == [[7, "n7"]]
    joined = (
        f'SELECT o.name, n.name FROM {SILVER} AS o AT (VERSION => {first}) /* é */ JOIN Silver."employees_cleaned" n '
        "ON o.id = n.id WHERE o.name <> n.name")
    assert api.query(joined) == [["n1", "changed1"]]
    # The table's own name still qualifies its columns, and what says AT elsewhere is left alone.
    assert api.query(
        f"SELECT employees_cleaned.id, 'AT (VERSION => 1)' FROM {SILVER} AT (VERSION => {first}) -- AT (VERSION => 2)\n"
        "WHERE employees_cleaned.id = 2") == [[2, "AT (VERSION => 1)"]]
    committed = {row[0]: row[1] for row in api.query(
        'SELECT snapshot_id, epoch_us(committed_at) FROM silver."employees_cleaned$snapshots"')}
    moment = datetime.datetime.fromtimestamp(committed[first] / 1e6, datetime.timezone.utc).isoformat()
    assert api.query(f"SELECT count(*) FROM {SILVER} AT (TIMESTAMP => TIMESTAMPTZ '{moment}')") == [[4]]
    assert api.query(f"SELECT count(*) FROM {SILVER} AT (TIMESTAMP => '{moment}')") == [[4]]
    assert api.query(f"SELECT count(*) FROM {SILVER} AT (TIMESTAMP => now() - INTERVAL 1 DAY)") == [[0]]
    assert api.query(f"SELECT count(*) FROM {SILVER} AT (TIMESTAMP => now())") == [[7]]
    # AT wins over asOf for the table that it stands behind.
    answer = ask(api, f"SELECT (SELECT count(*) FROM {SILVER}), (SELECT count(*) FROM {SILVER} AT (VERSION => {second}))",
                 asOf={SILVER: str(first)})
    assert answer["rows"] == [[4, 7]]
    assert answer["snapshots"] == {SILVER: str(first), f"{SILVER}@{second}": str(second)}
    refused(api, f"SELECT * FROM {SILVER} AT (VERSION => 17)", "snapshot-unknown")
    refused(api, f"SELECT * FROM {SILVER} AT (VERSION => 'nothing')", "snapshot-unknown")
    refused(api, f"SELECT * FROM {SILVER} AT (TIMESTAMP => 'soon')", "sql-invalid")
    refused(api, f"SELECT * FROM {SILVER} AT (TIMESTAMP => (SELECT max(hire_datetime) FROM {SILVER}))",
            "sql-invalid", "sql-refused")


def test_only_files_that_may_hold_matching_rows_are_read(server):
    api = server.api
    for year in range(2018, 2024):
        commit(api, hires(range(year * 10, year * 10 + 3), year))
    commit(api, hires(range(90_000, 90_003), 2023, month=11))

    def files(where, parameters=None, more=""):
        answer = ask(api, f"SELECT count(*) FROM {SILVER} e {more} WHERE {where}", parameters)
        return answer["rows"][0][0], answer["filesRead"], answer["filesSkipped"]

    assert files("true") == (21, 7, 0)
    assert files("hire_year = 2020") == (3, 1, 6)
    assert files("hire_year = $1", [2020]) == (3, 1, 6)
    assert files("hire_year = $year", {"year": 2020}) == (3, 1, 6)
    assert files("hire_year = $1", ["2020"]) == (3, 7, 0), "a text is compared by the engine's rules"
    assert files("e.hire_year IN (2019, 2021) AND hire_quarter = 2") == (6, 2, 5)
    assert files("2022 <= hire_year AND hire_quarter > 3") == (3, 1, 6)
    assert files("hire_datetime >= TIMESTAMPTZ '2023-06-01'") == (3, 1, 6)
    assert files("hire_datetime < '2019-01-01' OR id = 90001") == (4, 2, 5)
    assert files("id BETWEEN 20190 AND 20201") == (5, 2, 5)
    assert files("name LIKE 'n9%'") == (3, 1, 6)
    assert files("NOT (hire_year <> 2018)") == (3, 1, 6)
    assert files("hire_year = 2020 OR length(name) = 2") == (3, 7, 0), "what is not understood leaves out nothing"
    assert files("hire_year = 1999") == (0, 0, 7)
    assert files("department_id IS NULL") == (0, 0, 7)
    # Tables of an outer join are made up with nulls: what asks for nulls must find the rows that have none.
    api.load("departments", b"1,Legal\n2,Sales\n")
    left = "LEFT JOIN silver.departments_cleaned d ON d.id = e.department_id"
    assert files("d.id IS NULL AND e.hire_year = 2020", more=left)[0] == api.query(
        f"SELECT count(*) FROM {SILVER} WHERE hire_year = 2020 AND department_id > 2")[0][0]
    assert files("d.department = 'Nothing'", more=left)[0] == 0
    # One table in two places: what either needs is read.
    answer = ask(api, f"SELECT (SELECT count(*) FROM {SILVER} WHERE hire_year = 2018) + "
                      f"(SELECT count(*) FROM {SILVER} WHERE hire_year = 2019)")
    assert (answer["rows"], answer["filesRead"]) == ([[6]], 2)
    # A sample is taken before the filter.
    assert ask(api, f"SELECT count(*) FROM {SILVER} TABLESAMPLE 100 PERCENT WHERE hire_year = 2018")["filesRead"] == 7


def test_metadata_tables_agree_with_other_readers(server):
    api = server.api
    first = commit(api, hires(range(1, 5), 2021))
    second = commit(api, hires([1], 2021, name="changed") + hires(range(5, 8), 2022))
    table = static_table(api.metadata(TABLE))
    rows = api.query('SELECT snapshot_id, parent_id, operation, summary[\'total-records\'] '
                     'FROM silver."employees_cleaned$snapshots" ORDER BY committed_at, snapshot_id = ' + str(second))
    assert [row[0] for row in rows] == [snapshot.snapshot_id for snapshot in table.snapshots()]
    assert rows[1][:2] == [second, first] and rows[0][2] == "append"
    history = api.query('SELECT snapshot_id, is_current_ancestor FROM silver."employees_cleaned$history"')
    assert [row[0] for row in history] == [entry.snapshot_id for entry in table.history()]
    assert all(row[1] for row in history)
    files = api.query('SELECT content, file_path, record_count, file_size_in_bytes, partition.hire_year, '
                      'partition.hire_quarter, value_counts[1], lower_bounds[1] FROM silver."employees_cleaned$files" '
                      'ORDER BY file_path')
    theirs = table.inspect.files().sort_by("file_path").to_pylist()
    assert [row[:4] for row in files] == [
        [file["content"], file["file_path"], file["record_count"], file["file_size_in_bytes"]] for file in theirs]
    assert sorted({row[4] for row in files if row[0] == 0}) == [2021, 2022]
    assert all(row[6] == row[2] for row in files if row[0] == 0)
    assert api.query(f'SELECT count(*) FROM silver."employees_cleaned$files" AT (VERSION => {first})') == [[1]]
    partitions = api.query('SELECT partition.hire_year, record_count, file_count, total_size, data.id.min, data.id.max, '
                           'data.name.null_count FROM silver."employees_cleaned$partitions" ORDER BY 1')
    theirs = {entry["partition"]["hire_year"]: entry for entry in table.inspect.partitions().to_pylist()}
    assert {row[0]: (row[1], row[2]) for row in partitions} == {
        year: (entry["record_count"], entry["file_count"]) for year, entry in theirs.items()}
    assert [row[4:] for row in partitions if row[0] == 2022] == [[5, 7, 0]]
    manifests = api.query('SELECT path, length, added_snapshot_id, added_data_files_count, '
                          'partition_summaries[1].lower_bound FROM silver."employees_cleaned$manifests" ORDER BY path')
    theirs = table.inspect.manifests().sort_by("path").to_pylist()
    assert [row[:3] for row in manifests] == [[m["path"], m["length"], m["added_snapshot_id"]] for m in theirs]
    assert {row[4] for row in manifests} <= {"2021", "2022"}
    assert api.query('SELECT name, type, snapshot_id FROM silver."employees_cleaned$refs"') == [["main", "BRANCH", second]]
    refused(api, 'SELECT * FROM silver."employees_cleaned$secrets"', "sql-invalid")
    refused(api, 'SELECT * FROM silver."nothing$files"', "sql-invalid")
    # An unpartitioned table has no partition column, an empty one no rows.
    assert api.query('SELECT * FROM silver."jobs_cleaned$files"') == []
    api.load("jobs", hiring.JOBS.encode())
    assert api.query('SELECT record_count, file_count FROM silver."jobs_cleaned$partitions"') == [[3, 1]]


def check_operational(server):
    api = server.api
    api.load("departments", hiring.DEPARTMENTS.encode())
    api.load("jobs", hiring.JOBS.encode())
    api.load(TABLE, hiring.HIRES.encode())
    expected = hiring.expect(TABLE, hiring.HIRES)

    def settled():
        return api.query("SELECT count(*) FROM ops.hired_employees") == [[len(expected.rows)]]

    deadline = time.monotonic() + 60
    while not settled():
        assert time.monotonic() < deadline, "the operational rows did not come"
        time.sleep(0.1)
    rows = api.query("SELECT id, name, epoch_us(hire_datetime), department_id, job_id FROM OPS.Hired_Employees ORDER BY id")
    assert sorted(map(tuple, rows)) == sorted(row[:5] for row in expected.rows.elements())
    differing = api.query(
        f"SELECT count(*) FROM ops.hired_employees o FULL JOIN {SILVER} s USING (id) JOIN ops.departments d "
        "ON d.id = o.department_id WHERE o.name IS DISTINCT FROM s.name OR o.hire_datetime <> s.hire_datetime")
    assert differing == [[0]]
    assert ask(api, "SELECT typeof(hire_datetime) FROM ops.hired_employees LIMIT 1")["rows"] == [["TIMESTAMP WITH TIME ZONE"]]
    commit(api, hires([500], 2021, name="later"))
    deadline = time.monotonic() + 60
    while api.query("SELECT name FROM ops.hired_employees WHERE id = 500") != [["later500"]]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    refused(api, "SELECT * FROM ops._dipper_watermarks", "sql-invalid")
    refused(api, "SELECT * FROM ops.nothing", "sql-invalid")
    refused(api, "SELECT * FROM operational.main.departments", "sql-refused")
    refused(api, "SELECT * FROM operational.departments", "sql-invalid")
    refused(api, "SELECT * FROM ops.departments AT (VERSION => 1)", "sql-invalid")
    refused(api, "INSERT INTO ops.departments VALUES (9, 'x')", "sql-refused")


def test_lake_and_operational_rows_join_in_one_query(server):
    check_operational(server)
    for table in ("sqlite_scan('{0}/catalog.db', 'x')", "sqlite_scan('{0}/log.db', 'x')", "sqlite_query('operational', 'x')",
                  "sqlite_attach('{0}/catalog.db')", "postgres_query('operational', 'x')"):
        sql = f"SELECT * FROM {table.format(server.folder)}, ops.departments"
        refused(server.api, sql, "sql-refused")
    refused(server.api, f"SELECT * FROM '{server.folder}/catalog.db', ops.departments", "sql-refused")


@pytest.fixture
def postgresql():
    # Not under pytest's folder, which the user that PostgreSQL runs as can't enter.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dipper-postgresql-"))
    folder.chmod(0o711)
    database = PostgreSQL(folder / "server").start()
    yield database
    database.stop("immediate")
    shutil.rmtree(folder)


def test_operational_rows_of_postgresql_join_as_well(new_server, postgresql):
    server = new_server(options=["--operational", postgresql.address()])
    check_operational(server)
    refused(server.api, "SELECT * FROM postgres_scan('host=x', 'a', 'b'), ops.departments", "sql-refused")
