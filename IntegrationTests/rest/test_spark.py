"""Spark 3.5 with Iceberg 1.10.2 against the catalog, on each kind of storage where that makes a difference."""

import threading

import pytest
from py4j.protocol import Py4JJavaError

from rest.catalogs import hires, spark_catalog
from rest.storages import EVERYWHERE, DoorStorage


def statements(spark, name):
    return lambda text: spark.session.sql(text.replace("lake.", f"{name}.")).collect()


@pytest.fixture
def sql(spark, storage):
    return statements(spark, storage.spark(spark))


@EVERYWHERE
def test_tables_are_defined_written_and_changed(sql):
    sql("CREATE NAMESPACE lake.sp")
    sql("CREATE TABLE lake.sp.t (id BIGINT NOT NULL, name STRING, at TIMESTAMP) USING iceberg "
        "PARTITIONED BY (bucket(4, id)) TBLPROPERTIES ('write.merge.mode'='merge-on-read')")
    sql("INSERT INTO lake.sp.t SELECT id, concat('n', id), timestamp'2021-01-01' FROM range(100)")
    first = sql("SELECT snapshot_id FROM lake.sp.t.snapshots")[0][0]
    sql("MERGE INTO lake.sp.t t USING (SELECT id, 'merged' name FROM range(90, 110)) s ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET t.name = s.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)")
    sql("UPDATE lake.sp.t SET name = 'updated' WHERE id = 1")
    sql("DELETE FROM lake.sp.t WHERE id < 1")
    assert sql("SELECT count(*) FROM lake.sp.t")[0][0] == 109
    assert sql("SELECT count(*) FROM lake.sp.t WHERE name = 'merged'")[0][0] == 20
    assert sql(f"SELECT count(*) FROM lake.sp.t VERSION AS OF {first}")[0][0] == 100
    sql("ALTER TABLE lake.sp.t ADD COLUMN extra DOUBLE")
    sql("ALTER TABLE lake.sp.t RENAME COLUMN name TO title")
    sql("ALTER TABLE lake.sp.t ADD PARTITION FIELD days(at)")
    sql("ALTER TABLE lake.sp.t WRITE ORDERED BY id")
    sql("INSERT INTO lake.sp.t VALUES (200, 'x', timestamp'2022-01-01', 1.5)")
    sql("ALTER TABLE lake.sp.t CREATE BRANCH side")
    sql("ALTER TABLE lake.sp.t CREATE TAG v1")
    sql("INSERT INTO lake.sp.t.branch_side VALUES (201, 'y', null, null)")
    assert sql("SELECT count(*) FROM lake.sp.t")[0][0] == 110
    assert sql("SELECT count(*) FROM lake.sp.t VERSION AS OF 'side'")[0][0] == 111
    sql("CALL lake.system.rewrite_data_files(table => 'sp.t', options => map('rewrite-all', 'true'))")
    sql("ALTER TABLE lake.sp.t DROP BRANCH side")
    sql("CALL lake.system.expire_snapshots(table => 'sp.t', older_than => timestamp'2999-01-01', retain_last => 1)")
    assert sql("SELECT count(*), sum(id) FROM lake.sp.t")[0] == (110, sum(range(1, 110)) + 200)
    sql("CREATE TABLE lake.sp.copy USING iceberg AS SELECT id FROM lake.sp.t")
    sql("CREATE OR REPLACE TABLE lake.sp.copy USING iceberg AS SELECT id, 1 one FROM lake.sp.t WHERE id < 10")
    assert sql("SELECT sum(one) FROM lake.sp.copy")[0][0] == 9
    sql("ALTER TABLE lake.sp.copy RENAME TO sp.moved")
    assert {row[1] for row in sql("SHOW TABLES IN lake.sp")} == {"t", "moved"}
    sql("DROP TABLE lake.sp.moved PURGE")
    sql("DROP TABLE lake.sp.t")
    sql("DROP NAMESPACE lake.sp")


@EVERYWHERE
def test_views(sql):
    sql("CREATE NAMESPACE lake.sp")
    sql("CREATE TABLE lake.sp.t (id BIGINT) USING iceberg")
    sql("INSERT INTO lake.sp.t VALUES (1), (2)")
    sql("CREATE VIEW lake.sp.v AS SELECT id * 10 AS ten FROM lake.sp.t")
    assert sorted(row[0] for row in sql("SELECT ten FROM lake.sp.v")) == [10, 20]
    sql("CREATE OR REPLACE VIEW lake.sp.v AS SELECT id * 100 AS ten FROM lake.sp.t")
    assert sorted(row[0] for row in sql("SELECT ten FROM lake.sp.v")) == [100, 200]
    sql("ALTER VIEW lake.sp.v SET TBLPROPERTIES ('a' = 'b')")
    assert [row[1] for row in sql("SHOW VIEWS IN lake.sp")] == ["v"]
    sql("DROP VIEW lake.sp.v")


TABLE = "lake.silver.employees_cleaned"
ROUNDS, SIZE = 10, 200


class Loads(threading.Thread):
    """Loads files with new ids one after the other, and again those of before, until it is through."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.failure = server, None

    def run(self):
        try:
            for number in range(1, ROUNDS):
                self.server.api.load("hired_employees", hires(1 + number * SIZE, SIZE))
        except Exception as failure:  # told by the test's own thread
            self.failure = failure


def again(sql, text, tries=10):
    """A statement of Spark that reads and rewrites rows loses to a load that came in between, and is asked again."""
    for _ in range(tries):
        try:
            return sql(text)
        except Py4JJavaError as error:
            told = str(error.java_exception)
            if not any(kind in told for kind in ("ValidationException", "CommitFailedException")):
                raise
    raise AssertionError(f"Spark lost {tries} races in a row: {text}")


@EVERYWHERE
def test_a_tour_through_a_table_that_the_server_ingests_into(storage, server, sql):
    """Every kind of statement while loads are on: no row is lost, and no load fails."""
    server.api.load("hired_employees", hires(1, SIZE))
    first = sql(f"SELECT snapshot_id FROM {TABLE}.snapshots")[0][0]
    loads = Loads(server)
    loads.start()
    again(sql, f"ALTER TABLE {TABLE} SET TBLPROPERTIES ('written.by' = 'spark')")
    again(sql, f"ALTER TABLE {TABLE} CREATE TAG start AS OF VERSION {first}")
    again(sql, f"ALTER TABLE {TABLE} CREATE BRANCH side")
    again(sql, f"DELETE FROM {TABLE} WHERE id <= 10")
    again(sql, f"UPDATE {TABLE} SET name = 'updated' WHERE id BETWEEN 11 AND 20")
    again(sql, f"MERGE INTO {TABLE} t USING (SELECT 1 AS a, id FROM {TABLE} WHERE id BETWEEN 21 AND 30) s ON t.id = s.id "
          "WHEN MATCHED THEN UPDATE SET t.name = 'merged'")
    again(sql, f"INSERT INTO {TABLE} SELECT id + 1000000 AS id, 'inserted' AS name, hire_datetime, department_id, job_id, "
          f"hire_year, hire_quarter FROM {TABLE} WHERE id BETWEEN 31 AND 40")
    again(sql, f"INSERT INTO {TABLE}.branch_side SELECT id + 2000000 AS id, name, hire_datetime, department_id, job_id, "
          f"hire_year, hire_quarter FROM {TABLE} VERSION AS OF 'start' WHERE id <= 5")
    again(sql, "CALL lake.system.rewrite_data_files(table => 'silver.employees_cleaned', options => "
          "map('rewrite-all', 'true', 'delete-file-threshold', '1'))")
    sql(f"CREATE TABLE lake.silver.copied USING iceberg PARTITIONED BY (hire_year) AS SELECT * FROM {TABLE}")
    loads.join(300)
    assert not loads.is_alive() and loads.failure is None, loads.failure
    kept = list(range(11, 1 + ROUNDS * SIZE)) + list(range(1_000_031, 1_000_041))
    found = sorted(row[0] for row in sql(f"SELECT id FROM {TABLE}"))
    assert found == kept
    names = dict(sql(f"SELECT name, count(*) FROM {TABLE} WHERE id > 1000000 OR id <= 30 GROUP BY name"))
    assert names == {"updated": 10, "merged": 10, "inserted": 10}
    # What was is still there, under its tag and its number.
    for version in (first, "'start'"):
        assert sql(f"SELECT count(*), max(id) FROM {TABLE} VERSION AS OF {version}")[0] == (SIZE, SIZE)
    assert sql(f"SELECT count(*) FROM {TABLE} VERSION AS OF 'side' WHERE id > 2000000")[0][0] == 5
    sql(f"ALTER TABLE {TABLE} DROP BRANCH side")
    sql(f"ALTER TABLE {TABLE} DROP TAG start")
    sql("CALL lake.system.expire_snapshots(table => 'silver.employees_cleaned', older_than => timestamp'2999-01-01', "
        "retain_last => 1)")
    assert len(sql(f"SELECT * FROM {TABLE}.snapshots")) == 1
    # Loads go on from there: rows that came before are known again, and deleted ones come back. A new connection: the server
    # has closed the one that was idle for so long.
    receipt = storage.api().load("hired_employees", hires(1, SIZE))
    assert [receipt["rows"][kind] for kind in ("inserted", "updated", "unchanged")] == [10, 20, SIZE - 30], receipt
    assert sorted(row[0] for row in sql(f"SELECT id FROM {TABLE}")) == list(range(1, 11)) + kept
    assert storage.api().query("SELECT count(*), count(DISTINCT id) FROM silver.employees_cleaned") == [
        [len(kept) + 10] * 2]


def test_spark_gets_as_far_as_its_token(spark, new_server, tmp_path):
    storage = DoorStorage(new_server, tmp_path)
    storage.server.api.load("hired_employees", hires(1, 20))
    everything = statements(spark, storage.spark(spark))
    everything("CREATE NAMESPACE lake.sales")
    everything(f"INSERT INTO {TABLE} SELECT id + 100 AS id, name, hire_datetime, department_id, job_id, hire_year, "
               f"hire_quarter FROM {TABLE}")

    def as_user(user):
        return statements(spark, spark_catalog(spark, storage.server, storage.settings_of(user)))

    reader, sales = as_user("reader"), as_user("sales")
    assert reader(f"SELECT count(*) FROM {TABLE}")[0][0] == 40
    sales("CREATE TABLE lake.sales.orders USING iceberg AS SELECT id FROM range(10)")
    sales("DELETE FROM lake.sales.orders WHERE id < 3")
    assert reader("SELECT count(*) FROM lake.sales.orders")[0][0] == 7
    for sql, text in [
        (reader, f"DELETE FROM {TABLE} WHERE id = 1"), (reader, "INSERT INTO lake.sales.orders VALUES (1)"),
        (sales, f"SELECT count(*) FROM {TABLE}"), (sales, "CREATE TABLE lake.silver.mine (id BIGINT) USING iceberg"),
    ]:
        with pytest.raises(Exception, match="may not|Status Code: 403"):
            sql(text)
    assert storage.api().query("SELECT count(*) FROM silver.employees_cleaned") == [[40]]


@pytest.mark.parametrize("change, check", [
    ("ADD COLUMN note STRING", "count(note) = 0"),
    ("ADD PARTITION FIELD bucket(4, id)", "count(id) = count(*)"),
    ("DROP PARTITION FIELD hire_quarter", "count(id) = count(*)"),
    ("RENAME COLUMN name TO full_name", "count(full_name) = count(*)"),
    ("ALTER COLUMN job_id TYPE BIGINT", "count(id) = count(*)"),
    ("WRITE ORDERED BY id", "count(id) = count(*)"),
], ids=lambda text: text.split(" ")[0] + text.split(" ")[1] if text[0].isupper() else "")
def test_what_spark_alters_does_not_stop_loads(server, sql, change, check):
    server.api.load("hired_employees", hires(1, SIZE))
    sql(f"ALTER TABLE {TABLE} {change}")
    server.api.load("hired_employees", hires(SIZE + 1, SIZE))
    server.api.load("hired_employees", hires(1, 2 * SIZE))
    assert sql(f"SELECT count(*), count(DISTINCT id), {check} FROM {TABLE}")[0] == (2 * SIZE, 2 * SIZE, True)
    # Loads leave schema and partitions as they were altered; the server starts with them, too.
    server.stop()
    server.start()
    server.api.load("hired_employees", hires(2 * SIZE + 1, 1))
