"""Reads the tables that FixtureTests wrote with PyIceberg and fastavro, and says where they differ.

usage: check_tables.py FOLDER
"""

import decimal
import pathlib
import sys
import uuid

import fastavro
from pyiceberg.conversions import from_bytes
from pyiceberg.table import StaticTable

folder = pathlib.Path(sys.argv[1])


def table(name):
    return StaticTable.from_metadata((folder / f"{name}.location").read_text())


def local(location):
    return location.removeprefix("file://")


def rows(arrow, *columns):
    return [tuple(row[column] for column in columns) for row in arrow.to_pylist()]


def avro(location):
    with open(local(location), "rb") as file:
        reader = fastavro.reader(file)
        return reader.metadata, reader.writer_schema, list(reader)


def equal(what, found, expected):
    assert found == expected, f"{what}: found {found!r}, expected {expected!r}"


def check_commits():
    t = table("commits")
    equal("operations", [s.summary.operation.value for s in t.snapshots()], ["append", "overwrite", "delete", "overwrite"])
    equal("sequence numbers", [s.sequence_number for s in t.snapshots()], [1, 2, 3, 4])
    equal("property", t.properties["dipper.log.jobs.0"], "3")
    second = t.snapshots()[1].snapshot_id
    files = rows(t.inspect.files(second), "content", "record_count", "partition")
    expected = [(0, 10, {"year": 2021}), (0, 10, {"year": None}), (0, 1, {"year": 2021}), (1, 1, {"year": 2021})]
    equal("files", sorted(files, key=repr), sorted(expected, key=repr))
    last = t.current_snapshot()
    equal("rows left", last.summary["total-records"], "5")
    equal("live files", rows(t.inspect.files(), "record_count"), [(5,)])
    for snapshot in t.snapshots():
        totals = {0: 0, 1: 0}
        for manifest in snapshot.manifests(t.io):
            size = pathlib.Path(local(manifest.manifest_path)).stat().st_size
            equal("manifest length", manifest.manifest_length, size)
            entries = manifest.fetch_manifest_entry(t.io, discard_deleted=False)
            for entry in entries:
                if entry.status.value != 2:
                    totals[entry.data_file.content.value] += entry.data_file.record_count
        equal("total-records", snapshot.summary["total-records"], str(totals[0]))
        equal("total-position-deletes", snapshot.summary["total-position-deletes"], str(totals[1]))
    planned = list(t.scan(snapshot_id=second).plan_files())
    deletes = {task.file.file_path.rsplit("/")[-1]: len(task.delete_files) for task in planned}
    equal("delete files", deletes, {"f1.parquet": 1, "f2.parquet": 0, "f3.parquet": 0})
    check_avro(t)


def check_avro(t):
    metadata, schema, manifests = avro(t.snapshots()[1].manifest_list)
    equal("manifest list record", schema["name"], "manifest_file")
    for manifest in manifests:
        metadata, schema, entries = avro(manifest["manifest_path"])
        equal("manifest record", schema["name"], "manifest_entry")
        equal("manifest keys", {"schema", "schema-id", "partition-spec", "partition-spec-id", "format-version", "content"} - metadata.keys(), set())
        equal("content", metadata["content"], ["data", "deletes"][manifest["content"]])
        for entry in entries:
            if entry["status"] == 1:
                equal("inherited number", entry["sequence_number"], None)


def check_merged():
    t = table("merged")
    equal("files", len(rows(t.inspect.files(), "file_path")), 10)
    assert len(t.current_snapshot().manifests(t.io)) <= 4
    numbers = sorted(rows(t.inspect.entries(), "sequence_number"))
    equal("sequence numbers", numbers, [(n,) for n in range(1, 11)])
    planned = [task.file.partition[0] for task in t.scan("year >= 2008").plan_files()]
    equal("pruned", sorted(planned), [2008, 2009])


def check_types():
    t = table("types")
    entries = [e for m in t.current_snapshot().manifests(t.io) for e in m.fetch_manifest_entry(t.io)]
    values = list(entries[0].data_file.partition)
    decimal.getcontext().prec = 60
    expected = [
        True, -7, 1 << 40, 1.5, -2.5, decimal.Decimal("-123.45"), decimal.Decimal(1 << 100).scaleb(-3), 19000,
        3600000000, 1700000000000001, -1, "naïve 😀", uuid.UUID(bytes=bytes(range(16))), b"\x01\x02\xff", b"\x00\x80",
    ]
    # Logical types come as PyIceberg keeps them: numbers for times, UUIDs as objects, but as bytes in bounds.
    for index, (found, value) in enumerate(zip(values, expected, strict=True)):
        equal(f"partition value {index}", found, value)
    equal("nulls", [v for v in entries[1].data_file.partition], [None] * len(expected))
    for index, value in enumerate(expected):
        kind = t.schema().fields[index].field_type
        lower = from_bytes(kind, entries[0].data_file.lower_bounds[index + 1])
        upper = from_bytes(kind, entries[0].data_file.upper_bounds[index + 1])
        value = value.bytes if isinstance(value, uuid.UUID) else value
        equal(f"bounds {index}", (lower, upper), (value, value))


def scan_rows(arrow):
    return sorted(rows(arrow, "id", "name", "year"))


def expected_scan():
    names = {n: (None if n % 7 == 0 else f"name {n}", 2021) for n in range(1, 1001)}
    names |= {n: ("n", None) for n in range(1001, 1011)}
    first = dict(names)
    del names[30]
    names |= {10: ("ten", 2021), 20: ("twenty", 2021), 1001: ("moved", 2022)}
    second = dict(names)
    del names[1000]
    names[10] = ("ten again", 2021)
    return [sorted((n, *values) for n, values in version.items()) for version in (first, second, names)]


def check_scan():
    t = table("scan")
    versions = expected_scan()
    for snapshot, expected in zip(t.snapshots(), versions, strict=True):
        equal("rows", scan_rows(t.scan(snapshot_id=snapshot.snapshot_id).to_arrow()), expected)
    where = t.scan(row_filter="year = 2022 or id = 10").to_arrow()
    equal("filtered", scan_rows(where), [(10, "ten again", 2021), (1001, "moved", 2022)])
    equal("files left", len(list(t.scan(row_filter="year = 2022").plan_files())), 1)


def check_duckdb():
    """Skipped without DuckDB's extensions, which are packages of their own."""
    try:
        import duckdb
        import duckdb_extension_avro
        import duckdb_extension_iceberg
    except ImportError:
        print("check_duckdb skipped: no extension packages")
        return
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    for package in (duckdb_extension_avro, duckdb_extension_iceberg):
        file = next(pathlib.Path(package.__file__).parent.rglob("*.duckdb_extension"))
        connection.execute(f"LOAD '{file}'")
    metadata = local((folder / "scan.location").read_text())
    found = connection.execute(f"SELECT id, name, year FROM iceberg_scan('{metadata}')").fetchall()
    equal("rows in DuckDB", sorted(found), expected_scan()[-1])
    entries = connection.execute(f"SELECT count(*) FROM iceberg_metadata('{metadata}')").fetchone()
    equal("entries in DuckDB", entries, (8,))


for check in [check_commits, check_merged, check_types, check_scan, check_duckdb]:
    check()
    print(check.__name__, "ok")
