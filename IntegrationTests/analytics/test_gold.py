"""Gold tables beside silver: the same figures, current or not served, through crashes and changes of the model."""

import csv
import io
import math
import random
import subprocess
import time

from analytics import expected
from analytics.gold import ANALYTICS, AT_ONCE, BY_HAND, answers, ask, config, gold, metric, refresh, wait_current
from lake.hiring import TABLES, typed
from lake.readers import static_table
from lake.server import binary

ROWS = 3_000


def load(api, folder):
    for table in TABLES:
        api.load(table, folder / f"{table}.csv")


def stored(folder):
    """The rows that silver keeps of the sample's files."""
    rows = {}
    for table in TABLES:
        kept = {}
        for fields in csv.reader(io.StringIO((folder / f"{table}.csv").read_text(), newline="")):
            try:
                row = typed(table, fields)
            except (ValueError, IndexError):
                continue
            kept[row[0]] = row
        rows[table] = list(kept.values())
    return rows


def read(api, table):
    """A gold table by PyIceberg, as dictionaries; timestamps as microseconds."""
    arrow = static_table(api.metadata(table)).scan().to_arrow()
    columns = {}
    for name in arrow.column_names:
        column = arrow.column(name)
        if str(column.type).startswith("timestamp"):
            column = column.cast("int64")
        columns[name] = column.to_pylist()
    return [dict(zip(columns, values)) for values in zip(*columns.values())]


def assert_same(found, wanted, key):
    by_key = {tuple(row[name] for name in key): row for row in found}
    assert len(by_key) == len(found), "a key stands in two rows"
    assert by_key.keys() == wanted.keys()
    for place, row in wanted.items():
        own = {name: value for name, value in by_key[place].items() if name not in key}
        assert own.keys() == row.keys()
        for name, value in row.items():
            if isinstance(value, float):
                assert own[name] is not None and math.isclose(own[name], value, rel_tol=1e-12), (place, name)
            else:
                assert own[name] == value, (place, name, own[name], value)


def test_gold_tables_hold_what_plain_python_computes(server, sample_of):
    folder = sample_of(ROWS)
    load(server.api, folder)
    wait_current(server.api)
    rows = stored(folder)
    employees, departments, jobs = rows["hired_employees"], rows["departments"], rows["jobs"]
    found = {
        (row["hire_year"], row["department"], row["job"]): tuple(row[c] for c in ("q1", "q2", "q3", "q4", "hires"))
        for row in read(server.api, "gold.quarterly_hires")}
    assert found == expected.quarterly_hires(employees, departments, jobs)
    assert_same(
        read(server.api, "gold.department_metrics"), expected.department_metrics(employees, departments, jobs),
        ("hire_year", "department_id"))
    assert_same(
        read(server.api, "gold.employee_analytics"), expected.employee_analytics(employees, departments),
        ("hire_year", "hire_month", "department_id"))
    names = {table["name"] for table in server.api.get("/tables").json()}
    assert {"gold.quarterly_hires", "gold.department_metrics", "gold.employee_analytics"} <= names


def test_silver_and_gold_give_the_same_answers(new_server, sample_of, tmp_path):
    server = new_server(options=["--no-gold"])
    load(server.api, sample_of(ROWS))
    from_silver = answers(server.api)
    assert {source for _, _, source in from_silver.values()} == {"silver"}
    server.stop()
    server.options = []
    server.start()
    wait_current(server.api)
    from_gold = answers(server.api)
    assert {source for _, _, source in from_gold.values()} == {"gold"}
    for key, (body, tag, _) in from_silver.items():
        assert from_gold[key][:2] == (body, tag), key
    assert sum(len(body) for body, _, _ in from_gold.values()) > 10_000


def test_gold_that_is_behind_is_not_served(new_server, sample_of, tmp_path):
    server = new_server(options=config(tmp_path, BY_HAND))
    api = server.api
    load(api, sample_of(ROWS))
    assert all(table["current"] for table in refresh(api).values())
    before = ask(api, "department-metrics", 2021)
    assert before.headers["Dipper-Source"] == "gold"
    api.load("hired_employees", b"9000001,New One,2021-05-05T00:00:00Z,1,1\n")
    assert not any(table["current"] for table in gold(api).values())
    after = ask(api, "department-metrics", 2021)
    assert after.headers["Dipper-Source"] == "silver"
    assert after.headers["ETag"] != before.headers["ETag"]

    def hires(answer):
        return sum(row["hires"] for row in answer.json())

    assert hires(after) == hires(before) + 1
    # Another table's commit leaves what does not read it as it is.
    refresh(api)
    api.load("jobs", b"9999,New Job\n")
    states = {name: table["current"] for name, table in gold(api).items()}
    assert states == {"quarterly_hires": False, "department_metrics": False, "employee_analytics": True}
    # Pages of the same answer, from gold again, are cut out of the same rows.
    refresh(api)
    page = ask(api, "department-metrics", 2021, size=3, page=1)
    assert page.headers["Dipper-Source"] == "gold" and page.json() == after.json()[3:6]


def test_every_answer_has_what_was_committed_before(new_server, sample_of, tmp_path):
    # Maintenance would make snapshots of its own in between, which change what an answer is known by.
    server = new_server(options=[*config(tmp_path, AT_ONCE), "--no-maintenance"])
    api = server.api
    load(api, sample_of(ROWS))
    count = sum(row["hires"] for row in ask(api, "employee-analytics", 2021).json())
    sources = set()
    for number in range(25):
        row = {"id": 8_000_000 + number, "name": "N", "datetime": "2021-06-01T00:00:00Z", "department_id": 1,
               "job_id": 1}
        receipt = api.batch("hired_employees", [row])
        assert receipt.status_code in (200, 202), receipt.text
        assert api.ended(receipt.json())["state"] == "committed"
        # Any state of gold may be met here: none, behind, current, or about to change.
        time.sleep(random.choice([0, 0, 0.02, 0.3]))
        answer = ask(api, "employee-analytics", 2021)
        sources.add(answer.headers["Dipper-Source"])
        assert sum(row["hires"] for row in answer.json()) == count + number + 1
        again = api.request("GET", "/analytics/employee-analytics/2021?size=10000",
                            headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304, (again.headers, answer.headers)
    assert "silver" in sources


def test_gold_survives_kill_9_in_the_middle_of_a_refresh(new_server, sample_of, tmp_path):
    server = new_server(options=config(tmp_path, AT_ONCE))
    load(server.api, sample_of(ROWS))
    for number in range(6):
        line = f"{7_000_000 + number},Killed,2021-07-0{number + 1}T00:00:00Z,2,2\n"
        server.api.load("hired_employees", line.encode())
        time.sleep(random.uniform(0, 0.4))
        server.kill()
        server.start()
    wait_current(server.api)
    silver = server.api.query("SELECT count(*) FROM silver.employees_cleaned")[0][0]
    assert server.api.query("SELECT sum(hires)::BIGINT FROM gold.employee_analytics")[0][0] == silver
    for name in ("quarterly_hires", "department_metrics", "employee_analytics"):
        table = static_table(server.api.metadata(f"gold.{name}"))
        assert len(table.inspect.files().to_pylist()) == 1
        assert table.current_snapshot().summary["total-records"] == str(table.scan().to_arrow().num_rows)


def test_compaction_of_silver_leaves_gold_current(new_server, sample_of, tmp_path):
    server = new_server(options=config(tmp_path, BY_HAND))
    load(server.api, sample_of(ROWS))
    for number in range(3):
        line = f"{6_000_000 + number},Small,2021-07-01T00:00:00Z,2,2\n"
        server.api.load("hired_employees", line.encode())
    refresh(server.api)
    before = server.api.table("hired_employees")
    server.stop()
    subprocess.run(
        [binary(), "table", "compact", "hired_employees", "--data-dir", str(server.folder)], check=True,
        capture_output=True)
    server.start()
    after = server.api.table("hired_employees")
    assert after["snapshotId"] != before["snapshotId"] and after["fileCount"] < before["fileCount"]
    assert all(table["current"] for table in gold(server.api).values())
    assert ask(server.api, "quarterly-hires", 2021).headers["Dipper-Source"] == "gold"


MODEL = """
tables:
  - name: items
    columns:
      - {{name: id, type: long}}
      - {{name: price, type: "decimal(9, 2)"}}
    key: [id]
gold:
  - name: totals
    doc: Of all items.
    sql: {sql}
  - name: over
    from: [totals]
    sql: SELECT count(*) AS n FROM totals
"""


def test_a_changed_definition_is_materialised_anew(new_server, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    model = folder / "model.yaml"
    model.write_text(MODEL.format(sql="SELECT count(*) AS items, 1 AS gone FROM silver.items_cleaned"))
    server = new_server(folder=folder)
    server.api.load("items", b"1,10.50\n2,0.25\n")
    wait_current(server.api)
    first = server.api.table("gold.totals")["snapshotId"]
    assert server.api.query("SELECT * FROM gold.totals") == [[2, 1]]
    server.stop()
    model.write_text(MODEL.format(sql="SELECT sum(price)::DECIMAL(12,2) AS worth, count(*) AS items "
                                      "FROM silver.items_cleaned"))
    server.start()
    wait_current(server.api)
    assert server.api.query("SELECT * FROM gold.totals") == [["10.75", 2]]
    table = static_table(server.api.metadata("gold.totals"))
    assert table.scan().to_arrow().column_names == ["worth", "items"]
    assert table.scan(snapshot_id=int(first)).to_arrow().column_names == ["items", "gone"]
    assert table.properties["comment"] == "Of all items."


def test_a_definition_that_fails_disturbs_nobody(new_server, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "model.yaml").write_text(MODEL.format(sql="SELECT nothing_such FROM silver.items_cleaned"))
    server = new_server(folder=folder)
    for number in range(5):
        server.api.load("items", f"{number},1.00\n".encode())
    deadline = time.monotonic() + 60
    while "failure" not in gold(server.api)["over"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    states = gold(server.api)
    assert "nothing_such" in states["totals"]["failure"] and not states["totals"]["current"]
    assert "totals" in states["over"]["failure"]
    assert metric(server.api, 'dipper_gold_refreshes_total{outcome="failed",table="totals"}') >= 1
    server.assert_alive()
    done = subprocess.run(
        [binary(), "gold", "refresh", "--server", server.api.base], capture_output=True, text=True)
    assert done.returncode == 1 and "gold-stale" in done.stderr and "nothing_such" in done.stdout
    done = subprocess.run([binary(), "gold", "status", "--server", server.api.base], capture_output=True, text=True)
    assert done.returncode == 0 and "stale" in done.stdout


def test_the_named_analytics_are_listed(server):
    assert [entry["name"] for entry in server.api.get("/analytics").json()] == list(ANALYTICS)
