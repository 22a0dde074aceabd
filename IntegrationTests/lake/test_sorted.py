"""Tables with a sort order: files that say that they follow it do, whoever set it, and no row is lost."""

import collections
import random

import pyarrow
import pyarrow.parquet as parquet

from lake.readers import pyiceberg_rows, static_table
from lake.test_maintenance import table_command

MODEL = """\
version: 1
tables:
  - name: events
    columns:
      - {name: id, type: long}
      - {name: kind, type: string}
      - {name: at, type: timestamptz}
      - {name: amount, type: "decimal(12, 2)"}
    key: [id]
    derived:
      - {name: year, part: year, from: at}
    partition: [year]
"""
SORT = "    sort: [kind, amount]\n"
COLUMNS = ["id", "kind", "at", "amount"]


def event(key, generator):
    return {
        "id": key, "kind": generator.choice(["a", "ab", "b", "ü", None]),
        "at": f"202{generator.randrange(3)}-01-01T00:00:{generator.randrange(60):02d}Z",
        "amount": generator.choice([None, f"{generator.randrange(-10**6, 10**6) / 100:.2f}"])}


def write(server, generator, batches=4, keys=3000):
    for _ in range(batches):
        rows = [event(key, generator) for key in generator.sample(range(keys), 800)]
        answer = server.api.batch("events", rows)
        assert answer.status_code == 200 and answer.json()["rows"]["rejected"] == 0, answer.text
        assert server.api.ended(answer.json())["state"] == "committed"


def data_files(metadata):
    return [entry for entry in static_table(metadata).inspect.files().to_pylist() if entry["content"] == 0]


def assert_sorted(metadata, columns):
    """PyArrow sorts the rows of each file that names the table's order, and finds them as they lie.

    Returns how many of the files there are, and how many do.
    """
    order = static_table(metadata).metadata.default_sort_order_id
    files = data_files(metadata)
    followers = [file for file in files if file["sort_order_id"] == order]
    for file in followers:
        table = parquet.read_table(file["file_path"].removeprefix("file://"), columns=columns)
        keys = [tuple((value is not None, value) for value in row.values()) for row in table.to_pylist()]
        # Texts compare by their bytes; None never meets a value because the flag before it differs.
        keys = [tuple((flag, value.encode() if isinstance(value, str) else value) for flag, value in key) for key in keys]
        for left, right in zip(keys, keys[1:]):
            assert precedes(left, right), (file["file_path"], left, right)
        smallest = table.sort_by([(name, "ascending") for name in columns]).slice(0, 1)
        assert isinstance(smallest, pyarrow.Table)
    return len(files), len(followers)


def precedes(left, right):
    for (left_flag, left_value), (right_flag, right_value) in zip(left, right):
        if left_flag != right_flag:
            return not left_flag
        if left_flag and left_value != right_value:
            return left_value < right_value
    return True


def test_a_declared_order_holds_in_new_files_and_after_compaction(new_server, tmp_path):
    folder = tmp_path / "lake"
    folder.mkdir()
    (folder / "model.yaml").write_text(MODEL)
    server = new_server(folder=folder, options=["--no-maintenance"])
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    generator = random.Random(seed)
    write(server, generator, 2)
    server.stop()
    # The order is declared later: files that are there don't follow it, new ones do.
    (folder / "model.yaml").write_text(MODEL + SORT)
    server.start()
    assert server.api.table("events")["sortOrder"] == ["kind", "amount"]
    write(server, generator)
    metadata = server.api.metadata("events")
    files, followers = assert_sorted(metadata, ["kind", "amount"])
    assert 0 < followers < files
    expected = pyiceberg_rows(metadata, COLUMNS)
    server.stop()

    outcome = table_command(folder, "compact", "events")
    assert outcome["state"] == "done", outcome
    server.start()
    metadata = server.api.metadata("events")
    files, followers = assert_sorted(metadata, ["kind", "amount"])
    assert files == followers == 3
    assert pyiceberg_rows(metadata, COLUMNS) == expected
    # Rows are found by their keys in the files that were put in order.
    body = [{"id": row[0], "kind": row[1]} for row in list(expected)[:50]]
    receipt = server.api.ended(server.api.batch("events", body).json())
    assert receipt["rows"]["inserted"] == 0 and receipt["rows"]["updated"] > 0
    server.stop()
    assert table_command(folder, "compact", "events")["state"] == "done"
    assert table_command(folder, "compact", "events")["state"] == "nothing"


def test_an_order_of_sparks_is_followed(server, spark):
    from rest.catalogs import spark_catalog

    name = spark_catalog(spark, server)

    def sql(text):
        return [tuple(row) for row in spark.session.sql(text.replace("lake.", f"{name}.")).collect()]

    sql("CREATE NAMESPACE lake.other")
    sql("CREATE TABLE lake.other.t (id BIGINT, name STRING, day DATE) USING iceberg")
    for part in range(4):
        sql(f"INSERT INTO lake.other.t SELECT id, concat('n', id * 7919 % 1000), date'2021-01-01' + CAST(id % 50 AS INT) "
            f"FROM range({part * 500}, {part * 500 + 500})")
    sql("ALTER TABLE lake.other.t WRITE ORDERED BY truncate(2, name) DESC NULLS LAST, id")
    before = collections.Counter(sql("SELECT id, name, day FROM lake.other.t"))
    server.stop()
    outcome = table_command(server.folder, "compact", "other.t")
    assert outcome["state"] == "done", outcome
    server.start()
    name = spark_catalog(spark, server)
    assert collections.Counter(sql("SELECT id, name, day FROM lake.other.t")) == before
    files = sql("SELECT file_path, sort_order_id FROM lake.other.t.files")
    orders = {order for _, order in files}
    assert orders == {1}, files
    for path, _ in files:
        rows = parquet.read_table(path.removeprefix("file://").removeprefix("file:")).to_pylist()
        keys = [(row["name"][:2], -row["id"]) for row in rows]
        assert keys == sorted(keys, reverse=True), path
