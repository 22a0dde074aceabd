"""Spark 3.5 with Iceberg 1.10.2 against the catalog."""

import threading

import pytest

from rest.catalogs import hires, spark_catalog


@pytest.fixture
def sql(spark, server):
    name = spark_catalog(spark, server)
    return lambda text: spark.session.sql(text.replace("lake.", f"{name}.")).collect()


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


def test_spark_changes_a_table_while_the_server_ingests_into_it(server, sql):
    rounds, size = 8, 200
    server.api.load("hired_employees", hires(1, size))
    failures = []

    def ingest():
        try:
            for number in range(1, rounds):
                server.api.load("hired_employees", hires(1 + number * size, size))
        except AssertionError as failure:
            failures.append(failure)

    loader = threading.Thread(target=ingest)
    loader.start()
    table = "lake.silver.employees_cleaned"
    # A sort order and a property don't get into the loads' way, and neither does a delete of rows that no load brings again.
    sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('written.by' = 'spark')")
    sql(f"DELETE FROM {table} WHERE id <= 10")
    sql(f"CALL lake.system.rewrite_data_files(table => 'silver.employees_cleaned')")
    loader.join(300)
    assert not failures, failures
    found = sorted(row[0] for row in sql(f"SELECT id FROM {table}"))
    assert found == list(range(11, 1 + rounds * size))
