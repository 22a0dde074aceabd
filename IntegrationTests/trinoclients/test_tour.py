"""Sixty statements in Trino's SQL through Trino's own Python client; the answers were worked out by hand."""

import datetime
import decimal
import zoneinfo

import pytest

from lake.hiring import GOLDEN
from trinoclients.connections import connect, rows, types

D = decimal.Decimal
UTC = zoneinfo.ZoneInfo("UTC")
HIRES = "employees_cleaned"

# Statement and rows. The rows of the golden files are in lake/hiring.py: seven hires are taken, two refused.
TOUR = [
    ("SELECT 1, 'a', true, null, 1.50, 1e0", [(1, "a", True, None, D("1.50"), 1.0)]),
    (f"SELECT count(*) FROM {HIRES}", [(7,)]),
    (f"SELECT name FROM {HIRES} WHERE id = 1", [("Ada Baker-Jones",)]),
    (f"SELECT id FROM lake.silver.{HIRES} e WHERE e.department_id IS NULL", [(5,)]),
    (f"SELECT ID, Name FROM {HIRES} ORDER BY id DESC LIMIT 1", [(9, "Uma Vega")]),
    (f"SELECT id FROM {HIRES} ORDER BY id OFFSET 5 ROWS FETCH FIRST 2 ROWS ONLY", [(8,), (9,)]),
    (f"SELECT hire_year, count(*) FROM {HIRES} GROUP BY 1 ORDER BY 1", [(2021, 6), (2022, 1)]),
    (f"SELECT hire_quarter, count(*) n FROM {HIRES} WHERE hire_year = 2021 GROUP BY hire_quarter HAVING count(*) > 1 "
     "ORDER BY n DESC, 1", [(1, 2), (4, 2)]),
    (f"SELECT d.department, count(e.id) FROM departments_cleaned d LEFT JOIN {HIRES} e ON e.department_id = d.id "
     "GROUP BY d.department ORDER BY 2 DESC, 1", [("Support", 3), ("Accounting", 2), ("Legal", 1), ("Training", 0)]),
    (f"SELECT job FROM jobs_cleaned WHERE id NOT IN (SELECT job_id FROM {HIRES} WHERE job_id IS NOT NULL)", [("Clerk",)]),
    (f"SELECT department FROM departments_cleaned d WHERE NOT EXISTS (SELECT 1 FROM {HIRES} WHERE department_id = d.id)",
     [("Training",)]),
    ("SELECT id, job FROM jobs_cleaned JOIN (VALUES 1, 3) AS v(id) USING (id) ORDER BY id", [(1, "Clerk"), (3, "Nurse")]),
    ("SELECT x FROM (SELECT 1 AS x UNION ALL SELECT 1 UNION SELECT 2) ORDER BY x", [(1,), (2,)]),
    ("SELECT 1 INTERSECT SELECT 1 EXCEPT SELECT 2", [(1,)]),
    ("WITH t(a, b) AS (VALUES (1, 'x'), (2, 'y')) SELECT b FROM t WHERE a = 2", [("y",)]),
    ("WITH RECURSIVE t(n) AS (VALUES 1 UNION ALL SELECT n * 2 FROM t WHERE n < 100) SELECT max(n), count(*) FROM t",
     [(128, 8)]),
    (f"SELECT id, row_number() OVER (PARTITION BY hire_year ORDER BY id DESC) FROM {HIRES} WHERE id > 5 ORDER BY id",
     [(8, 1), (9, 1)]),
    (f"SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM {HIRES} ORDER BY 1 LIMIT 3",
     [(1, 1), (2, 3), (3, 5)]),
    ("SELECT lag(x) IGNORE NULLS OVER (ORDER BY i) FROM (VALUES (1, 5), (2, null), (3, 7)) t(i, x) ORDER BY i",
     [(None,), (5,), (5,)]),
    ("SELECT a, b, grouping(a, b), sum(n) FROM (VALUES ('x', 'p', 1), ('x', 'q', 2)) t(a, b, n) "
     "GROUP BY ROLLUP (a, b) ORDER BY 3, 2", [("x", "p", 0, 1), ("x", "q", 0, 2), ("x", None, 1, 3), (None, None, 3, 3)]),
    ("SELECT a, sum(n) FROM (VALUES ('x', 1), ('y', 2)) t(a, n) GROUP BY GROUPING SETS ((a), ()) ORDER BY a",
     [("x", 1), ("y", 2), (None, 3)]),
    ("SELECT x FROM (VALUES 2, null, 1) t(x) ORDER BY x DESC", [(2,), (1,), (None,)]),
    ("SELECT x FROM (VALUES 2, null, 1) t(x) ORDER BY x NULLS FIRST", [(None,), (1,), (2,)]),
    ("SELECT 7 / 2, -7 / 2, 7 % 3, 7.0 / 2, 7e0 / 2, 1 / 3.0", [(3, -3, 1, D("3.5"), 3.5, D("0.3"))]),
    ("SELECT sum(x), avg(x), min(x), max(x) FROM (VALUES 1.10, 2.25) t(x)", [(D("3.35"), D("1.68"), D("1.10"), D("2.25"))]),
    ("SELECT CASE WHEN 1 > 2 THEN 'a' ELSE 'b' END, if(true, 1), nullif(1, 1), coalesce(null, 3)", [("b", 1, None, 3)]),
    ("SELECT CAST('12' AS integer), TRY_CAST('x' AS integer), CAST(2.5 AS integer), CAST(1 AS varchar)", [(12, None, 3, "1")]),
    ("SELECT TRY(1 / 0), TRY(CAST('x' AS date))", [(None, None)]),
    ("SELECT greatest(1, null), least(2, 1), 'a' || null, concat('a', 'b')", [(None, 1, None, "ab")]),
    ("SELECT length('Zoë'), upper('a'), substr('hello', 2, 3), strpos('hello', 'l'), reverse('abc')", [(3, "A", "ell", 3, "cba")]),
    ("SELECT split_part('a-b-c', '-', 2), split_part('a', '-', 2), split('a,b', ','), replace('aa', 'a', 'b')",
     [("b", None, ["a", "b"], "bb")]),
    ("SELECT trim('  a '), lpad('7', 3, '0'), position('c' IN 'abc'), starts_with('abc', 'ab')", [("a", "007", 3, True)]),
    ("SELECT regexp_like('a1', '\\d'), regexp_extract('k=v', '(\\w)=(\\w)', 2), regexp_extract('x', '\\d'), "
     "regexp_replace('ab', '(a)', '$1$1')", [(True, "v", None, "aab")]),
    ("SELECT 'a_c' LIKE 'a!_c' ESCAPE '!', 'abc' LIKE 'a_c', 'abc' NOT LIKE '%z'", [(True, True, True)]),
    ("SELECT date_trunc('month', DATE '2021-05-17'), date_add('month', 1, DATE '2021-01-31'), "
     "DATE '2021-03-01' - INTERVAL '1' DAY",
     [(datetime.date(2021, 5, 1), datetime.date(2021, 2, 28), datetime.date(2021, 2, 28))]),
    ("SELECT date_diff('day', DATE '2021-01-01', DATE '2021-03-01'), "
     "date_diff('month', DATE '2021-01-31', DATE '2021-03-30')", [(59, 1)]),
    ("SELECT date_diff('hour', TIMESTAMP '2021-01-01 00:59:00', TIMESTAMP '2021-01-01 02:00:00')", [(1,)]),
    ("SELECT year(x), quarter(x), month(x), day_of_week(x), day_of_year(x), week(x) FROM (VALUES DATE '2021-01-03') t(x)",
     [(2021, 1, 1, 7, 3, 53)]),
    ("SELECT extract(HOUR FROM TIMESTAMP '2021-01-01 05:06:07'), minute(TIMESTAMP '2021-01-01 05:06:07')", [(5, 6)]),
    ("SELECT date_format(TIMESTAMP '2021-01-02 03:04:05', '%d.%m.%Y %H:%i:%s'), "
     "format_datetime(TIMESTAMP '2021-01-02 03:04:05', 'yyyyMMdd')", [("02.01.2021 03:04:05", "20210102")]),
    ("SELECT date_parse('02/01/2021', '%d/%m/%Y'), from_unixtime(0), to_unixtime(TIMESTAMP '1970-01-01 00:00:01')",
     [(datetime.datetime(2021, 1, 2), datetime.datetime(1970, 1, 1, tzinfo=UTC), 1.0)]),
    ("SELECT hour(TIMESTAMP '2021-07-01 12:00:00 UTC' AT TIME ZONE 'Asia/Tokyo')", [(21,)]),
    ("SELECT CAST(TIMESTAMP '2021-01-01 00:00:00.120' AS varchar), CAST(DATE '2021-01-01' AS varchar)",
     [("2021-01-01 00:00:00.120", "2021-01-01")]),
    (f"SELECT max(hire_datetime) FROM {HIRES}", [(datetime.datetime(2022, 1, 1, 3, tzinfo=UTC),)]),
    (f"SELECT count(*) FROM {HIRES} WHERE hire_datetime >= TIMESTAMP '2021-04-01 00:00:00 UTC' "
     "AND hire_datetime < TIMESTAMP '2021-04-01 00:00:00 UTC' + INTERVAL '1' DAY", [(1,)]),
    ("SELECT ARRAY[1, 2][2], element_at(ARRAY[1], 5), cardinality(ARRAY[1, 2]), contains(ARRAY['a'], 'a')", [(2, None, 2, True)]),
    ("SELECT transform(ARRAY[1, 2], x -> x * 10), filter(ARRAY[1, 2, 3], x -> x > 1), "
     "reduce(ARRAY[1, 2, 3], 0, (s, x) -> s + x, s -> s)", [([10, 20], [2, 3], 6)]),
    ("SELECT array_agg(x ORDER BY x DESC), array_distinct(array_agg(x % 2 ORDER BY x)) FROM (VALUES 1, 2, 3) t(x)",
     [([3, 2, 1], [1, 0])]),
    ("SELECT map(ARRAY['a', 'b'], ARRAY[1, 2])['b'], map_keys(map(ARRAY['k'], ARRAY[1]))", [(2, ["k"])]),
    ("SELECT map_agg(k, v), map_filter(map_agg(k, v), (k, v) -> v > 1) FROM (VALUES ('a', 1), ('b', 2)) t(k, v)",
     [({"a": 1, "b": 2}, {"b": 2})]),
    ("SELECT x, n FROM UNNEST(ARRAY['a', 'b']) WITH ORDINALITY AS t(x, n)", [("a", 1), ("b", 2)]),
    ("SELECT t.id, x FROM (VALUES (1, ARRAY[5, 6]), (2, ARRAY[])) t(id, xs) CROSS JOIN UNNEST(xs) u(x) ORDER BY x",
     [(1, 5), (1, 6)]),
    ("SELECT k, v FROM UNNEST(map(ARRAY['a'], ARRAY[1])) AS t(k, v)", [("a", 1)]),
    ("SELECT ROW(1, 'x'), CAST(ROW(1, 'x') AS row(a integer, b varchar)).b", [((1, "x"), "x")]),
    ("SELECT json_extract_scalar('{\"a\": {\"b\": [1, \"z\"]}}', '$.a.b[1]'), "
     "json_extract_scalar('{\"a\": {}}', '$.a'), json_format(json_extract('{\"a\": [1]}', '$.a'))", [("z", None, "[1]")]),
    ("SELECT listagg(x, '+') WITHIN GROUP (ORDER BY x DESC), count(DISTINCT x), approx_distinct(x) "
     "FROM (VALUES 'a', 'b') t(x)", [("b+a", 2, 2)]),
    ("SELECT max_by(x, y), min_by(x, y), count_if(y > 1), bool_or(y > 1), arbitrary(1) FROM (VALUES ('a', 1), ('b', 2)) t(x, y)",
     [("b", "a", 1, True, 1)]),
    ("SELECT approx_percentile(x, 0.5), stddev_pop(x) FROM (VALUES 1e0, 1e0, 1e0) t(x)", [(1.0, 0.0)]),
    ("SELECT to_hex(X'00ff'), from_utf8(to_utf8('é')), to_hex(md5(to_utf8('')))", [("00FF", "é", "D41D8CD98F00B204E9800998ECF8427E")]),
    ("SELECT round(2.5e0), round(-1.25, 1), floor(1.5e0), abs(-3), power(2, 10), sign(-2), mod(7, 3), truncate(1.9e0)",
     [(3.0, D("-1.30"), 1.0, 3, 1024.0, -1.0, 1, 1.0)]),
    ("SELECT sequence(1, 3), slice(ARRAY[1, 2, 3], 2, 2), flatten(ARRAY[ARRAY[1], ARRAY[2]]), array_join(ARRAY[1, 2], '-')",
     [([1, 2, 3], [2, 3], [1, 2], "1-2")]),
    ("SELECT (1, 'a') IN (SELECT 1, 'a'), 1 = ANY (VALUES 1, 2), 3 > ALL (VALUES 1, 2), 1 IS DISTINCT FROM null",
     [(True, True, True, True)]),
    ("SELECT count(*) FROM departments_cleaned a, departments_cleaned b WHERE a.id < b.id", [(6,)]),
    ("SELECT l.y FROM departments_cleaned d, LATERAL (SELECT d.id + 1 AS y) l WHERE d.id = 1", [(2,)]),
    ("SHOW CATALOGS", [("lake",), ("system",)]),
    ("SHOW SCHEMAS FROM lake LIKE 'sil%'", [("silver",)]),
    ("SHOW TABLES LIKE 'jobs%'", [("jobs_cleaned",)]),
    ("DESCRIBE jobs_cleaned", [("id", "integer", "", ""), ("job", "varchar", "", "")]),
    ("SELECT current_catalog, current_schema, current_user", [("lake", "silver", "ada")]),
]


@pytest.fixture(scope="module")
def hiring(tmp_path_factory):
    from conftest import LOGS
    from lake.server import Server

    server = Server(tmp_path_factory.mktemp("tour"), LOGS / "trino-tour.log").start()
    for table, text in GOLDEN.items():
        server.api.load(table, text.encode())
    yield server
    server.stop()


def test_the_tour_has_sixty_statements():
    assert len(TOUR) >= 60


def test_the_tour(hiring):
    wrong = []
    with connect(hiring) as connection:
        cursor = connection.cursor()
        for sql, wanted in TOUR:
            try:
                cursor.execute(sql)
                found = [tuple(row) for row in cursor.fetchall()]
            except Exception as error:  # Every statement is tried; the list of all that is wrong tells most.
                found = error
            if found != wanted:
                wrong.append(f"{sql}\n  found  {found}\n  wanted {wanted}")
    assert not wrong, "\n".join(wrong)


def test_types_are_those_of_trino(hiring):
    assert types(hiring, f"SELECT * FROM {HIRES}") == [
        "bigint", "varchar", "timestamp(6) with time zone", "integer", "integer", "integer", "integer"]
    assert types(
        hiring, "SELECT 1.50, 'abc', ARRAY[1], map(ARRAY['a'], ARRAY[1e0]), ROW(1, 'x'), DATE '2020-01-01', "
        "TIMESTAMP '2020-01-01 00:00:00.123', X'00', INTERVAL '1' DAY, sum(1), count(*), avg(1.5), true, null") == [
            "decimal(3,2)", "varchar(3)", "array(integer)", "map(varchar(1), double)", "row(integer, varchar(1))", "date",
            "timestamp(3)", "varbinary", "interval day to second", "bigint", "bigint", "decimal(2,1)", "boolean", "unknown"]


VALUES = [
    True, 2**40, 1.5, D("12.340"), "it's Zoë", b"\x00\xff", datetime.date(2021, 2, 3), datetime.time(1, 2, 3, 456000),
    datetime.datetime(2021, 2, 3, 4, 5, 6, 789000), datetime.datetime(2021, 2, 3, 4, 5, 6, 789000, tzinfo=UTC), [1, 2],
    {"a": 1}, (1, "x"), None,
]


@pytest.mark.parametrize("legacy", [False, True])
def test_values_of_all_types_go_and_come_as_parameters(hiring, legacy):
    """With EXECUTE IMMEDIATE, and with PREPARE, EXECUTE and DEALLOCATE as older servers need it."""
    sql = "SELECT " + ", ".join("?" for _ in VALUES)
    [found] = rows(hiring, sql, *VALUES, legacy_prepared_statements=legacy)
    assert list(found) == VALUES


def test_a_prepared_statement_of_the_session(hiring):
    with connect(hiring) as connection:
        cursor = connection.cursor()
        cursor.execute("PREPARE by_id FROM SELECT name FROM employees_cleaned WHERE id = ?")
        cursor.fetchall()
        cursor.execute("EXECUTE by_id USING 9")
        assert cursor.fetchall() == [["Uma Vega"]]
        cursor.execute("DESCRIBE INPUT by_id")
        assert cursor.fetchall() == [[0, "unknown"]]
        cursor.execute("DESCRIBE OUTPUT by_id")
        assert cursor.fetchall()[0][0] == "name"
        cursor.execute("DEALLOCATE PREPARE by_id")
        cursor.fetchall()


def test_a_large_result_comes_whole_in_pages(hiring):
    found = rows(hiring, "SELECT x, 'text of some length ' || CAST(x AS varchar) FROM UNNEST(sequence(1, 150000)) t(x)")
    assert len(found) == 150000
    assert sum(row[0] for row in found) == 150000 * 150001 // 2


def test_use_changes_the_session(hiring):
    with connect(hiring, catalog=None, schema=None) as connection:
        cursor = connection.cursor()
        cursor.execute("USE lake.silver")
        cursor.fetchall()
        cursor.execute("SELECT count(*) FROM jobs_cleaned")
        assert cursor.fetchall() == [[3]]


def test_a_transaction_begins_and_ends(hiring):
    import trino

    with connect(hiring, isolation_level=trino.transaction.IsolationLevel.REPEATABLE_READ) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        assert cursor.fetchall() == [[1]]
        connection.commit()


def test_the_hiring_answers_are_those_of_the_product_api(hiring):
    quarters = rows(
        hiring, "SELECT d.department, j.job, count_if(hire_quarter = 1), count_if(hire_quarter = 2), "
        "count_if(hire_quarter = 3), count_if(hire_quarter = 4) FROM employees_cleaned e "
        "JOIN departments_cleaned d ON d.id = e.department_id JOIN jobs_cleaned j ON j.id = e.job_id "
        "WHERE hire_year = 2021 GROUP BY 1, 2 ORDER BY 1, 2")
    assert quarters == [tuple(row.values()) for row in hiring.api.analytics("quarterly-hires", 2021)]
    above = rows(
        hiring, "WITH h AS (SELECT d.id, d.department, count(e.id) AS hired FROM departments_cleaned d "
        "LEFT JOIN employees_cleaned e ON e.department_id = d.id AND e.hire_year = 2021 GROUP BY d.id, d.department) "
        "SELECT id, department, hired FROM h WHERE hired > (SELECT avg(hired) FROM h) ORDER BY hired DESC, id")
    assert above == [tuple(row.values()) for row in hiring.api.analytics("departments-above-mean", 2021)]
    assert above, "some department is above the mean"


def test_former_states_metadata_and_operational_rows(new_server):
    server = new_server()
    server.api.load("jobs", GOLDEN["jobs"].encode())
    first = server.api.get("/tables/jobs/snapshots").json()[0]["snapshotId"]
    between = rows(server, "SELECT committed_at FROM \"jobs_cleaned$snapshots\"")[0][0] + datetime.timedelta(milliseconds=5)
    server.api.load("jobs", b"4,Cook\n")
    assert rows(server, "SELECT count(*) FROM jobs_cleaned") == [(4,)]
    assert rows(server, f"SELECT count(*) FROM jobs_cleaned FOR VERSION AS OF {first} j WHERE j.id > 0") == [(3,)]
    assert rows(server, "SELECT count(*) FROM jobs_cleaned FOR TIMESTAMP AS OF ?", between) == [(3,)]
    assert rows(
        server, f"SELECT n.job FROM jobs_cleaned n LEFT JOIN jobs_cleaned FOR VERSION AS OF {first} o ON o.id = n.id "
        "WHERE o.id IS NULL") == [("Cook",)]
    assert rows(server, "SELECT count(*), min(operation) FROM \"jobs_cleaned$snapshots\"") == [(2, "append")]
    assert rows(server, "SELECT count(*) FROM ops.jobs o JOIN jobs_cleaned j ON j.id = o.id") == [(4,)]
