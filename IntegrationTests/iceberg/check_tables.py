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


for check in [check_commits, check_merged, check_types]:
    check()
    print(check.__name__, "ok")
