"""Answers of POST /query that are kept: for as long as they hold, and never where time, chance or other rows bear on them."""

import concurrent.futures
import pathlib
import re
import threading
import time

import duckdb
import pyarrow as pa
import pytest

from analytics.gold import metric
from door.clients import token
from lake.api import assert_problem
from lake.server import Server
from query.test_tables_in_sql import SILVER, TABLE, commit, hires
from rest.catalogs import pyiceberg

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LOGS = ROOT / ".deps" / "logs" / "servers"
COUNT = f"SELECT count(*) AS n, max(name) AS name FROM {SILVER} WHERE id > $1"
COMPUTED = 'dipper_cache_answers_total{from="computed",of="query"}'
MEMORY = 'dipper_cache_answers_total{from="memory",of="query"}'


def post(api, sql, parameters=None, headers=None, **more):
    body = {"sql": sql, **({"parameters": parameters} if parameters is not None else {}), **more}
    answer = api.request("POST", "/query", json=body, headers=headers or {})
    assert answer.status_code in (200, 304), f"{sql}: {answer.text}"
    return answer


def test_the_same_question_is_computed_once_until_a_commit(server):
    api = server.api
    snapshot = commit(api, hires(range(1, 5), 2021))
    first, second = post(api, COUNT, [0]), post(api, COUNT, [0])
    assert first.json()["rows"] == [[4, "n4"]] and first.content == second.content
    assert (first.headers["X-Cache"], second.headers["X-Cache"]) == ("miss", "hit")
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["Dipper-Snapshots"] == second.headers["Dipper-Snapshots"] == f"{SILVER}={snapshot}"
    assert (metric(api, COMPUTED), metric(api, MEMORY)) == (1, 1)
    # Another value, another page and another form are other questions.
    for parameters, more, accept in (
            ([1], {}, None), ([0], {"page": 1}, None), ([0], {"size": 1}, None), ([0], {}, "text/csv")):
        answer = post(api, COUNT, parameters, {"Accept": accept} if accept else None, **more)
        assert answer.headers["X-Cache"] == "miss"
        assert answer.headers["ETag"] != first.headers["ETag"]
    unchanged = post(api, COUNT, [0], {"If-None-Match": first.headers["ETag"]})
    assert unchanged.status_code == 304 and not unchanged.content
    commit(api, hires(range(5, 8), 2021))
    changed = post(api, COUNT, [0], {"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200 and changed.json()["rows"] == [[7, "n7"]]
    # What was asked of the old state is still what it was.
    assert post(api, COUNT, [0], asOf={SILVER: str(snapshot)}).json()["rows"] == [[4, "n4"]]
    at = f"SELECT count(*) FROM {SILVER} AT (VERSION => {snapshot})"
    assert post(api, at).headers["X-Cache"] == "miss"
    commit(api, hires([8], 2021))
    assert post(api, at).headers["X-Cache"] == "hit" and post(api, at).json()["rows"] == [[4]]


@pytest.mark.parametrize("sql", [
    f"SELECT count(*), now() FROM {SILVER}", f"SELECT count(*), random() FROM {SILVER}",
    f"SELECT count(*) FROM {SILVER} WHERE hire_datetime < current_timestamp", "SELECT uuid()", "SELECT current_date",
    f"SELECT count(*) FROM {SILVER} USING SAMPLE 50%", f"SELECT count(*) FROM {SILVER} TABLESAMPLE 50%",
    f"SELECT max(age(hire_datetime)) FROM {SILVER}", 'SELECT * FROM silver."employees_cleaned$snapshots"',
    f"SELECT count(*) FROM {SILVER} AT (TIMESTAMP => now() - INTERVAL 1 HOUR)",
    "SELECT count(*) FROM ops.hired_employees", f"SELECT (SELECT today()) FROM {SILVER}",
    f"WITH a AS (SELECT get_current_time() AS t) SELECT count(*) FROM a, {SILVER}"])
def test_what_time_chance_or_other_rows_bear_on_is_computed_each_time(lake, sql):
    for _ in range(2):
        answer = post(lake.api, sql)
        assert "X-Cache" not in answer.headers and "ETag" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_engine_calls_no_function_of_the_list_volatile():
    """The list is the code's own; what the engine says of its functions is asked of the same version elsewhere."""
    source = (ROOT / "Sources" / "QueryEngineDuckDB" / "Worker" / "RepeatableFunctions.swift").read_text()
    names = set(" ".join(re.findall(r'= """\n(.*?)"""', source, re.DOTALL)).split())
    assert {"sum", "count_star", "+", "row_number"} <= names and len(names) > 500
    functions = duckdb.connect().execute(
        "SELECT lower(function_name), stability, lower(macro_definition) FROM duckdb_functions()").fetchall()
    moving = {name for name, stability, _ in functions if stability not in (None, "CONSISTENT")} | {
        "age", "current_localtime", "current_localtimestamp", "current_setting", "getvariable", "reservoir_quantile"}
    assert not names & moving
    words = {name: set(re.findall(r"\w+(?=\()", definition)) for name, _, definition in functions if definition}
    assert not {name for name in names & words.keys() if words[name] & moving}


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("kept") / "data", LOGS / "kept-answers.log").start()
    commit(server.api, hires(range(1, 5), 2021))
    yield server
    server.stop()


@pytest.mark.parametrize("sql", [
    f"SELECT hire_quarter, count(*), avg(id), string_agg(name, ',' ORDER BY name) FROM {SILVER} GROUP BY ALL ORDER BY 1",
    f"SELECT id, row_number() OVER (PARTITION BY job_id ORDER BY id) AS r, lag(name) OVER (ORDER BY id) FROM {SILVER}",
    f"SELECT date_trunc('month', hire_datetime), year(hire_datetime), strftime(hire_datetime, '%Y'), "
    f"hire_datetime - INTERVAL 1 DAY FROM {SILVER}",
    f"SELECT e.name LIKE 'n%', upper(e.name), coalesce(d.department, '?') FROM {SILVER} e LEFT JOIN "
    "silver.departments_cleaned d ON d.id = e.department_id WHERE e.id IN (1, 2) AND e.id BETWEEN 0 AND 9",
    "SELECT x, [y * 2 for y in [1, 2]], {'a': x}, CASE WHEN x > 1 THEN 'now then' END FROM range(3) t(x)",
    f"SELECT * EXCLUDE (name), e.* FROM {SILVER} e WHERE EXISTS (SELECT 1 FROM {SILVER} o WHERE o.id = e.id) ORDER BY ALL"])
def test_statements_of_every_day_are_kept(lake, sql):
    assert [post(lake.api, sql).headers.get("X-Cache") for _ in range(2)] == ["miss", "hit"]


def test_a_renamed_column_is_another_answer_though_no_snapshot_is(server):
    catalog = pyiceberg(server)
    catalog.create_namespace("mine")
    rows = pa.table({"before": [1, 2]})
    table = catalog.create_table("mine.things", schema=rows.schema)
    table.append(rows)
    assert post(server.api, "SELECT * FROM mine.things").json()["columns"][0]["name"] == "before"
    assert post(server.api, "SELECT * FROM mine.things").headers["X-Cache"] == "hit"
    with table.update_schema() as update:
        update.rename_column("before", "after")
    assert post(server.api, "SELECT * FROM mine.things").json()["columns"][0]["name"] == "after"


def test_a_kept_answer_is_for_those_who_may_read_its_tables(new_server, tmp_path):
    file = tmp_path / "tokens"
    tokens = {
        name: token(file, name, *rights)["token"]
        for name, rights in {"all": ("--write", "*"), "silver": ("--read", "silver"), "gold": ("--read", "gold")}.items()}
    api = new_server(options=["--tokens-file", str(file)]).api
    api.session.headers["Authorization"] = f"Bearer {tokens['all']}"
    commit(api, hires(range(1, 5), 2021))
    assert post(api, COUNT, [0]).headers["X-Cache"] == "miss"
    etag = post(api, COUNT, [0]).headers["ETag"]
    api.session.headers["Authorization"] = f"Bearer {tokens['silver']}"
    assert post(api, COUNT, [0]).headers["X-Cache"] == "hit"
    api.session.headers["Authorization"] = f"Bearer {tokens['gold']}"
    for headers in ({}, {"If-None-Match": etag}):
        body = {"sql": COUNT, "parameters": [0]}
        assert_problem(api.request("POST", "/query", json=body, headers=headers), "forbidden")


def test_those_who_ask_at_the_same_time_share_one_computation(server):
    commit(server.api, hires(range(1, 5), 2021))
    sql = f"SELECT max(hash(r.x)) AS h FROM {SILVER}, range(20000000) r(x)"
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: post(server.api, sql).content, range(8)))
    assert len(set(found)) == 1
    assert metric(server.api, COMPUTED) == 1


SLOW_GOLD = """
tables:
  - {name: things, columns: [{name: id, type: int}], key: [id]}
gold:
  - name: endless
    columns: [{name: n, type: long}]
    sql: SELECT CAST(max(hash(r.x) % 7) AS BIGINT) AS n FROM silver.things_cleaned, range(1000000000000) r(x)
"""


def test_a_refresh_of_gold_keeps_no_query_waiting(new_server, tmp_path):
    """With one process for queries, a refresh that takes long took it from them: they got 503."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "model.yaml").write_text(SLOW_GOLD)
    (tmp_path / "limits.yaml").write_text(
        "limits:\n  queryWorkers: 1\n  queryThreads: 1\n  queryMilliseconds: 2500\n  goldQueryMilliseconds: 8000\n")
    api = new_server(folder=folder, options=["--no-gold", "--config", str(tmp_path / "limits.yaml")]).api
    commit(api, [{"id": 1}], "things")
    # Chance keeps the answer from being kept.
    sql = "SELECT count(*), random() FROM silver.things_cleaned"
    assert api.query(sql)[0][0] == 1
    refresh = threading.Thread(target=lambda: api.request("POST", "/gold/refresh"))
    refresh.start()
    until = time.monotonic() + 5
    while time.monotonic() < until:
        assert api.query(sql)[0][0] == 1
        time.sleep(0.2)
    assert refresh.is_alive(), "the refresh ended before the queries did: nothing was shown"
    refresh.join(60)
    assert "longer than 8000 ms" in api.get("/gold").json()[0]["failure"]
