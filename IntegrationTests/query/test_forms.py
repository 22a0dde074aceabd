"""The forms of an answer: Arrow for other people's readers, events for those who wait, and queries that are ended."""

import datetime
import decimal
import io
import json
import threading
import time

import duckdb
import polars
import pyarrow as pa
import pyarrow.ipc
import pytest
import requests

ARROW = "application/vnd.apache.arrow.stream"

# Each expression gives three rows: something, something else, null.
TYPES = [
    ("CASE i WHEN 0 THEN true WHEN 1 THEN false END", pa.bool_()),
    ("CASE i WHEN 0 THEN -128 WHEN 1 THEN 127 END::TINYINT", pa.int8()),
    ("CASE i WHEN 0 THEN -32768 WHEN 1 THEN 32767 END::SMALLINT", pa.int16()),
    ("CASE i WHEN 0 THEN -2147483648 WHEN 1 THEN 2147483647 END::INTEGER", pa.int32()),
    ("CASE i WHEN 0 THEN -9223372036854775808 WHEN 1 THEN 9223372036854775807 END::BIGINT", pa.int64()),
    ("CASE i WHEN 0 THEN 0 WHEN 1 THEN 255 END::UTINYINT", pa.uint8()),
    ("CASE i WHEN 0 THEN 0 WHEN 1 THEN 65535 END::USMALLINT", pa.uint16()),
    ("CASE i WHEN 0 THEN 0 WHEN 1 THEN 4294967295 END::UINTEGER", pa.uint32()),
    ("CASE i WHEN 0 THEN 0 WHEN 1 THEN 18446744073709551615 END::UBIGINT", pa.uint64()),
    ("CASE i WHEN 0 THEN '0.1' WHEN 1 THEN '-infinity' END::FLOAT", pa.float32()),
    ("CASE i WHEN 0 THEN '0.1' WHEN 1 THEN 'infinity' END::DOUBLE", pa.float64()),
    ("CASE i WHEN 0 THEN '-99999999999999999999999999999999999999' WHEN 1 THEN '7' END::HUGEINT", pa.decimal128(38, 0)),
    ("CASE i WHEN 0 THEN -12.30 WHEN 1 THEN 0.05 END::DECIMAL(9,2)", pa.decimal128(9, 2)),
    ("CASE i WHEN 0 THEN '12345678901234567890123456789012345.678' WHEN 1 THEN '-0.001' END::DECIMAL(38,3)",
     pa.decimal128(38, 3)),
    ("CASE i WHEN 0 THEN 'Zoë' WHEN 1 THEN '' END", pa.utf8()),
    ("CASE i WHEN 0 THEN '\\xAA\\x00b'::BLOB WHEN 1 THEN ''::BLOB END", pa.binary()),
    ("CASE i WHEN 0 THEN DATE '1969-12-31' WHEN 1 THEN DATE '2024-02-29' END", pa.date32()),
    ("CASE i WHEN 0 THEN TIME '00:00:00' WHEN 1 THEN TIME '23:59:59.999999' END", pa.time64("us")),
    ("CASE i WHEN 0 THEN TIMESTAMP '1969-12-31 23:59:59.5' WHEN 1 THEN TIMESTAMP '2024-02-29 01:02:03.000001' END",
     pa.timestamp("us")),
    ("CASE i WHEN 0 THEN TIMESTAMPTZ '2021-11-07 02:48:42Z' WHEN 1 THEN TIMESTAMPTZ '1900-01-01 00:00:00Z' END",
     pa.timestamp("us", "UTC")),
    ("CASE i WHEN 0 THEN '2021-11-07 02:48:42' WHEN 1 THEN '1900-01-01' END::TIMESTAMP_S", pa.timestamp("s")),
    ("CASE i WHEN 0 THEN '2021-11-07 02:48:42.123' WHEN 1 THEN '1900-01-01' END::TIMESTAMP_MS", pa.timestamp("ms")),
    ("CASE i WHEN 0 THEN '2021-11-07 02:48:42.123456789' WHEN 1 THEN '1900-01-01' END::TIMESTAMP_NS", pa.timestamp("ns")),
    ("CASE i WHEN 0 THEN INTERVAL '14 months -3 days 01:02:03.5' WHEN 1 THEN INTERVAL '-1 hour' END",
     pa.month_day_nano_interval()),
    ("CASE i WHEN 0 THEN '9c12d441-03fe-4693-9a96-a0705ddf69c1' WHEN 1 THEN '00000000-0000-0000-0000-000000000000' END::UUID",
     pa.utf8()),
    ("CASE i WHEN 0 THEN 'b' WHEN 1 THEN 'a' END::ENUM('a', 'b')", pa.utf8()),
    ("CASE i WHEN 0 THEN '{\"a\": 1}' WHEN 1 THEN '[]' END::JSON", pa.utf8()),
    ("NULL", pa.int32()),
    ("CASE i WHEN 0 THEN [1, NULL, 3] WHEN 1 THEN [] END::BIGINT[]", pa.list_(pa.int64())),
    ("CASE i WHEN 0 THEN [['a', 'b\"c'], NULL] WHEN 1 THEN [] END::VARCHAR[][]", pa.list_(pa.list_(pa.utf8()))),
    ("CASE i WHEN 0 THEN [1.5, 2] WHEN 1 THEN [0.1, NULL] END::DOUBLE[2]", pa.list_(pa.float64(), 2)),
    ("CASE i WHEN 0 THEN {'a': 1, 'b c': 'x', 'd': DATE '2020-01-01'} WHEN 1 THEN {'a': NULL, 'b c': '', 'd': NULL} END",
     pa.struct([("a", pa.int32()), ("b c", pa.utf8()), ("d", pa.date32())])),
    ("CASE i WHEN 0 THEN MAP {'k': 1.25, 'l': NULL} WHEN 1 THEN MAP {} END::MAP(VARCHAR, DECIMAL(5,2))",
     pa.map_(pa.utf8(), pa.decimal128(5, 2))),
    ("CASE i WHEN 0 THEN MAP {1: [true], 2: NULL} WHEN 1 THEN MAP {} END::MAP(INTEGER, BOOLEAN[])",
     pa.map_(pa.int32(), pa.list_(pa.bool_()))),
    ("CASE i WHEN 0 THEN [{'x': TIMESTAMPTZ '2021-01-01 00:00:00Z', 'y': 'ab'::BLOB}] WHEN 1 THEN [NULL] END",
     pa.list_(pa.struct([("x", pa.timestamp("us", "UTC")), ("y", pa.binary())]))),
]


def ask_arrow(api, sql, **more):
    answer = api.request("POST", "/query", json={"sql": sql, **more}, headers={"Accept": ARROW})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == ARROW
    return answer.content


def test_every_type_comes_as_arrow(server):
    columns = ", ".join(f"{expression} AS c{index}" for index, (expression, _) in enumerate(TYPES))
    sql = f"SELECT {columns} FROM range(3) t(i) ORDER BY i"
    content = ask_arrow(server.api, sql)
    table = pa.ipc.open_stream(io.BytesIO(content)).read_all()
    table.validate(full=True)
    found = [field.type for field in table.schema]
    assert found == [wanted for _, wanted in TYPES]
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    theirs = connection.execute(sql).to_arrow_table()
    for index, (expression, wanted) in enumerate(TYPES):
        ours, other = table.column(index), theirs.column(index)
        if wanted in (pa.utf8(), pa.null()) or pa.types.is_decimal(wanted):
            ours, other = [None if x is None else str(x) for x in ours.to_pylist()], [
                None if x is None else str(x) for x in other.to_pylist()]
        else:
            ours, other = ours.to_pylist(), other.to_pylist()
        assert ours == other, expression
    # Polars has no type for calendar intervals.
    plain = [f"c{index}" for index, (_, wanted) in enumerate(TYPES) if wanted != pa.month_day_nano_interval()]
    frame = polars.read_ipc_stream(io.BytesIO(ask_arrow(server.api, f"SELECT {', '.join(plain)} FROM ({sql})")))
    assert frame.shape == (3, len(plain))
    assert frame["c14"].to_list() == ["Zoë", "", None]
    assert frame["c12"].to_list() == [decimal.Decimal("-12.30"), decimal.Decimal("0.05"), None]
    assert frame["c19"].to_list()[0] == datetime.datetime(2021, 11, 7, 2, 48, 42, tzinfo=datetime.timezone.utc)


def test_long_and_empty_results_come_as_arrow(server):
    content = ask_arrow(server.api, "SELECT range AS n, 'row ' || range AS t FROM range(50000)")
    reader = pa.ipc.open_stream(io.BytesIO(content))
    batches = list(reader)
    assert len(batches) > 1 and sum(batch.num_rows for batch in batches) == 50000
    table = pa.Table.from_batches(batches)
    assert table.column("n").to_pylist() == list(range(50000))
    assert table.column("t")[49999].as_py() == "row 49999"
    assert polars.read_ipc_stream(io.BytesIO(content))["n"].sum() == sum(range(50000))
    assert pa.ipc.open_stream(io.BytesIO(ask_arrow(server.api, "SELECT 1 AS n WHERE false"))).read_all().num_rows == 0
    page = ask_arrow(server.api, "SELECT range AS n FROM range(100)", page=2, size=10)
    assert pa.ipc.open_stream(io.BytesIO(page)).read_all().column("n").to_pylist() == list(range(20, 30))
    too_wide = server.api.request("POST", "/query", headers={"Accept": ARROW}, json={
        "sql": "SELECT 170141183460469231731687303715884105727::HUGEINT AS wide"})
    assert too_wide.status_code == 422 and too_wide.json()["code"] == "value-unrepresentable"
    assert too_wide.json()["place"]["column"] == "wide"


ENDLESS = "SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE (a.range * b.range) % 7 = 3"


def events(answer):
    name = None
    for line in answer.iter_lines(decode_unicode=True):
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])


def stream(server, sql):
    return requests.post(server.api.base + "/api/v2/query", json={"sql": sql}, stream=True, timeout=120,
                         headers={"Accept": "text/event-stream"})


def test_a_long_query_tells_how_far_it_is(server, sample_of):
    server.api.load("hired_employees", sample_of(250_000) / "hired_employees.csv")
    # Long enough to be watched; the engine looks up every 100,000 rows.
    slow = "SELECT sum(length(replace(repeat(name, 300), 'a', 'bc'))) FROM silver.employees_cleaned"
    with stream(server, slow) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        found = list(events(answer))
    names = [name for name, _ in found]
    assert names[0] == "started" and names[-1] == "result" and set(names[1:-1]) == {"progress"}, names
    percents = [data["percent"] for name, data in found if name == "progress" and "percent" in data]
    assert percents == sorted(percents) and 0 < max(percents) <= 100, percents
    result = found[-1][1]
    assert result["rows"] == server.api.query(slow) and result["columns"][0]["type"] == "HUGEINT"
    with stream(server, "SELECT nothing") as answer:
        found = list(events(answer))
    assert [name for name, _ in found] == ["started", "problem"] and found[1][1]["code"] == "sql-invalid"


def running(server):
    answer = server.api.get("/queries")
    assert answer.status_code == 200
    return answer.json()


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_query_is_ended_from_outside(server):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(server.api.request("POST", "/query", json={"sql": ENDLESS})))
    thread.start()
    wait_until(lambda: running(server))
    entry = running(server)[0]
    assert entry["sql"] == ENDLESS and entry["startedAt"]
    base = server.api.base + "/api/v2/queries/"
    assert requests.delete(base + entry["id"], timeout=10).status_code == 204
    thread.join(20)
    assert answers[0].status_code == 422 and answers[0].json()["code"] == "query-cancelled"
    assert running(server) == []
    assert requests.delete(base + entry["id"], timeout=10).json()["code"] == "unknown-query"
    assert server.api.query("SELECT 1") == [[1]]


def test_a_query_ends_when_its_client_goes_away(server):
    with requests.Session() as session, pytest.raises(requests.ReadTimeout):
        session.post(server.api.base + "/api/v2/query", json={"sql": ENDLESS}, timeout=1)
    wait_until(lambda: running(server) == [])
    with stream(server, ENDLESS) as answer:
        assert next(events(answer))[0] == "started"
        assert len(running(server)) == 1
    wait_until(lambda: running(server) == [])
    assert server.api.query("SELECT 1") == [[1]]
