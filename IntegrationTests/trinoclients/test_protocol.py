"""The wire: fields, errors, cancelling, rights."""

import json
import subprocess
import time

import pytest
import requests
import sqlalchemy
import trino

from lake.hiring import GOLDEN
from lake.server import binary
from trinoclients.connections import connect, rows

STATS = {
    "state", "queued", "scheduled", "progressPercentage", "runningPercentage", "nodes", "totalSplits", "queuedSplits",
    "runningSplits", "completedSplits", "planningTimeMillis", "analysisTimeMillis", "cpuTimeMillis", "wallTimeMillis",
    "queuedTimeMillis", "elapsedTimeMillis", "finishingTimeMillis", "physicalInputTimeMillis", "processedRows",
    "processedBytes", "physicalInputBytes", "physicalWrittenBytes", "internalNetworkInputBytes", "peakMemoryBytes",
    "spilledBytes", "rootStage",
}


@pytest.fixture(scope="module")
def hiring(tmp_path_factory):
    from conftest import LOGS
    from lake.server import Server

    server = Server(tmp_path_factory.mktemp("wire"), LOGS / "trino-wire.log").start()
    for table, text in GOLDEN.items():
        server.api.load(table, text.encode())
    yield server
    server.stop()


def submit(server, sql, **headers):
    names = {"X-Trino-User": "ada", "X-Trino-Catalog": "lake", "X-Trino-Schema": "silver", **headers}
    answer = requests.post(server.api.base + "/v1/statement", data=sql.encode(), headers=names, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def follow(first):
    """All answers up to the last."""
    answers = [first]
    while "nextUri" in answers[-1]:
        answer = requests.get(answers[-1]["nextUri"], timeout=30)
        assert answer.status_code == 200, answer.text
        answers.append(answer.json())
    return answers


def test_every_documented_field_is_there(hiring):
    answers = follow(submit(hiring, "SELECT id, job FROM jobs_cleaned ORDER BY id"))
    for answer in answers:
        assert STATS <= set(answer["stats"]), STATS - set(answer["stats"])
        assert {"id", "infoUri", "stats", "warnings"} <= set(answer)
    assert answers[0]["stats"]["state"] == "QUEUED" and "data" not in answers[0]
    last = answers[-1]
    assert last["stats"]["state"] == "FINISHED"
    assert last["data"] == [[1, "Clerk"], [2, "Counsel, senior"], [3, "Nurse"]]
    assert last["columns"][1] == {
        "name": "job", "type": "varchar",
        "typeSignature": {"rawType": "varchar", "arguments": [{"kind": "LONG", "value": 2147483647}]}}


def test_an_address_can_be_asked_again(hiring):
    first = submit(hiring, "SELECT x, rpad('y', 100, 'y') FROM UNNEST(sequence(1, 30000)) t(x)")
    seen = {}
    uri = first["nextUri"]
    while uri:
        answer = requests.get(uri, timeout=30).json()
        if "/queued/" in uri:
            uri = answer["nextUri"]
            continue
        again = requests.get(uri, timeout=30).json()
        assert answer.get("data") == again.get("data") and answer.get("nextUri") == again.get("nextUri")
        seen[uri] = answer.get("data")
        uri = answer.get("nextUri")
    pages = [page for page in seen.values() if page]
    assert len(pages) > 1 and sum(len(page) for page in pages) == 30000
    gone = requests.get(list(seen)[0], timeout=30)
    assert gone.status_code == 410, gone.text


def test_clients_without_precision_get_milliseconds(hiring):
    sql = "SELECT TIMESTAMP '2020-01-01 00:00:00.123456', ARRAY[TIMESTAMP '2020-01-01 00:00:00.5 UTC']"
    plain = follow(submit(hiring, sql))[-1]
    assert plain["data"] == [["2020-01-01 00:00:00.123", ["2020-01-01 00:00:00.500 UTC"]]]
    assert [column["type"] for column in plain["columns"]] == ["timestamp", "array(timestamp(3) with time zone)"]
    exact = follow(submit(hiring, sql, **{"X-Trino-Client-Capabilities": "PATH,PARAMETRIC_DATETIME"}))[-1]
    assert exact["data"] == [["2020-01-01 00:00:00.123456", ["2020-01-01 00:00:00.5 UTC"]]]


@pytest.mark.parametrize("sql, name, code, line, column", [
    ("SELECT\n  nope FROM jobs_cleaned", "COLUMN_NOT_FOUND", 47, 2, 3), ("SELECT * FROM nope", "TABLE_NOT_FOUND", 46, 1, 15),
    ("SELECT * FROM nope.x", "SCHEMA_NOT_FOUND", 45, 1, 15), ("SELECT * FROM a.b.c", "CATALOG_NOT_FOUND", 44, 1, 15),
    ("SELEC 1", "SYNTAX_ERROR", 1, 1, 1), ("SELECT 1 FROM", "SYNTAX_ERROR", 1, 1, 14),
    ("SELECT id = 'a' FROM jobs_cleaned", "TYPE_MISMATCH", 58, 1, 11), ("SELECT f(1)", "FUNCTION_NOT_FOUND", 6, 1, 8),
    ("DELETE FROM jobs_cleaned", "NOT_SUPPORTED", 13, 1, 1), ("SELECT 1 / (id - 1) FROM jobs_cleaned", "DIVISION_BY_ZERO", 8, None, None),
    ("SELECT CAST('x' AS integer)", "INVALID_CAST_ARGUMENT", 9, None, None),
    ("SELECT CAST(id * 2147483647 AS integer) FROM jobs_cleaned", "NUMERIC_VALUE_OUT_OF_RANGE", 19, None, None),
    ("EXECUTE nope", "NOT_FOUND", 5, None, None), ("COMMIT", "NOT_IN_TRANSACTION", 21, None, None),
    ("SET SESSION nope = 1", "INVALID_SESSION_PROPERTY", 14, None, None),
])
def test_errors_have_trinos_names_and_places(hiring, sql, name, code, line, column):
    error = follow(submit(hiring, sql))[-1]["error"]
    assert (error["errorName"], error["errorCode"]) == (name, code), error
    assert error["errorType"] == "USER_ERROR" and error["failureInfo"]["type"]
    if line:
        assert error["errorLocation"] == {"lineNumber": line, "columnNumber": column}


def test_files_and_the_engine_itself_stay_out_of_reach(hiring):
    for sql in [
        "SELECT * FROM read_text('/etc/passwd')", "SELECT read_text('/etc/passwd')", "SELECT getenv('HOME')",
        "SELECT * FROM \"/etc/passwd\"", "SELECT current_setting('threads')", "SELECT * FROM duckdb_settings()",
        "SELECT * FROM silver.\"x\"\" AS y, read_text('/etc/passwd')\"",
    ]:
        last = follow(submit(hiring, sql))[-1]
        assert last["error"]["errorType"] == "USER_ERROR", (sql, last)
    hiring.assert_alive()


def test_a_query_is_cancelled(hiring):
    endless = "SELECT count(*) FROM UNNEST(sequence(1, 100000)) a(x), UNNEST(sequence(1, 1000000)) b(y), " \
        "UNNEST(sequence(1, 100)) c(z) WHERE (a.x * b.y + c.z) % 7919 = 13"
    first = submit(hiring, endless)
    second = requests.get(first["nextUri"], timeout=30).json()
    assert second["stats"]["state"] == "RUNNING"
    assert requests.delete(second["nextUri"], timeout=30).status_code == 204
    last = requests.get(second["nextUri"], timeout=30).json()
    assert "nextUri" not in last
    assert last["error"]["errorName"] == "USER_CANCELED"
    start = time.monotonic()
    assert rows(hiring, "SELECT 1") == [(1,)]
    assert time.monotonic() - start < 20
    limited = submit(hiring, endless, **{"X-Trino-Session": "query_max_run_time=1s"})
    assert follow(limited)[-1]["error"]["errorName"] == "EXCEEDED_TIME_LIMIT"


def test_what_sqlalchemy_asks(hiring):
    engine = sqlalchemy.create_engine(f"trino://ada@127.0.0.1:{hiring.port}/lake/silver")
    inspector = sqlalchemy.inspect(engine)
    assert "silver" in inspector.get_schema_names()
    assert set(inspector.get_table_names("silver")) >= {"departments_cleaned", "employees_cleaned", "jobs_cleaned"}
    assert inspector.has_table("jobs_cleaned", "silver") and not inspector.has_table("nope", "silver")
    columns = inspector.get_columns("employees_cleaned", "silver")
    assert [column["name"] for column in columns][:3] == ["id", "name", "hire_datetime"]
    assert isinstance(columns[0]["type"], sqlalchemy.BIGINT) and not columns[1]["nullable"]
    assert inspector.get_view_names("silver") == []
    assert inspector.get_table_comment("jobs_cleaned", "silver") == {"text": None}
    with engine.connect() as connection:
        jobs = sqlalchemy.Table("jobs_cleaned", sqlalchemy.MetaData(), autoload_with=connection, schema="silver")
        found = connection.execute(sqlalchemy.select(jobs.c.job).where(jobs.c.id == 3)).all()
        assert found == [("Nurse",)]
        text = sqlalchemy.text("SELECT count(*) FROM employees_cleaned WHERE hire_year = :year")
        assert connection.execute(text, {"year": 2021}).scalar() == 6
    engine.dispose()


def test_what_jdbc_asks_for_metadata(hiring):
    tables = rows(
        hiring, "SELECT TABLE_CAT, TABLE_SCHEM, TABLE_NAME, TABLE_TYPE FROM system.jdbc.tables "
        "WHERE TABLE_CAT = 'lake' AND TABLE_SCHEM LIKE 'silver' ESCAPE '\\' ORDER BY TABLE_TYPE, TABLE_CAT, TABLE_SCHEM, TABLE_NAME")
    assert ("lake", "silver", "jobs_cleaned", "TABLE") in tables
    columns = rows(
        hiring, "SELECT COLUMN_NAME, DATA_TYPE, TYPE_NAME, NULLABLE, ORDINAL_POSITION FROM system.jdbc.columns "
        "WHERE TABLE_NAME = 'jobs_cleaned' AND TABLE_SCHEM = 'silver' ORDER BY ORDINAL_POSITION")
    assert [(column[0], column[1], column[2], column[4]) for column in columns] == [
        ("id", 4, "integer", 1), ("job", 12, "varchar", 2)]
    assert rows(hiring, "SELECT TABLE_CAT FROM system.jdbc.catalogs ORDER BY TABLE_CAT") == [("lake",), ("system",)]
    assert rows(hiring, "SELECT coordinator, state FROM system.runtime.nodes") == [(True, "active")]
    for table in ["schemas", "types", "table_types", "procedures", "super_tables", "udts"]:
        rows(hiring, f"SELECT * FROM system.jdbc.{table}")


def test_each_sees_what_their_token_may_read(new_server, tmp_path):
    tokens = tmp_path / "tokens"

    def token(name, *rights):
        made = subprocess.run(
            [binary(), "token", "create", name, *rights, "--tokens-file", str(tokens), "--json"], check=True,
            capture_output=True, text=True, timeout=60)
        return json.loads(made.stdout)["token"]

    everything, elsewhere = token("all", "--write", "*"), token("few", "--read", "elsewhere")
    server = new_server(options=["--tokens-file", str(tokens)])
    server.api.session.headers["Authorization"] = f"Bearer {everything}"
    server.api.load("jobs", GOLDEN["jobs"].encode())
    options = {"http_scheme": "http", "allow_insecure_auth": True}
    basic = trino.auth.BasicAuthentication("anyone", everything)
    assert rows(server, "SELECT count(*) FROM jobs_cleaned", auth=basic, **options) == [(3,)]
    bearer = trino.auth.JWTAuthentication(everything)
    assert rows(server, "SELECT current_user", auth=bearer, **options) == [("all",)]
    few = trino.auth.JWTAuthentication(elsewhere)
    with pytest.raises(trino.exceptions.TrinoUserError, match="PERMISSION_DENIED"):
        rows(server, "SELECT * FROM jobs_cleaned", auth=few, **options)
    assert rows(server, "SHOW SCHEMAS", auth=few, **options) == [("information_schema",)]
    assert rows(
        server, "SELECT * FROM information_schema.columns WHERE table_schema = 'silver'", auth=few, **options) == []
    # The addresses of another's query are nobody else's, even with all their parts.
    answer = requests.post(
        server.api.base + "/v1/statement", data=b"SELECT 1", headers={"Authorization": f"Bearer {everything}"}, timeout=30)
    uri = answer.json()["nextUri"]
    assert requests.get(uri, headers={"Authorization": f"Bearer {elsewhere}"}, timeout=30).status_code == 404
    assert requests.get(uri, timeout=30).status_code == 401
    with pytest.raises(trino.exceptions.HttpError, match="401"):
        rows(server, "SELECT 1", auth=trino.auth.BasicAuthentication("anyone", "wrong"), **options)
