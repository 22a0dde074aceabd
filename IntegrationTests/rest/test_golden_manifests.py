"""Manifests and manifest lists as writers of all ages left them, planned by the server.

fastavro writes them here from schemas of this file's own: versions 1 and 2, each codec, fields that nobody knows, in
another order. The files that they list are never opened.
"""

import copy
import io
import json
import struct
import uuid

import fastavro
import pyarrow
import pytest
import requests

from rest.catalogs import address

SNAPSHOT, OLDER = 7_000_000_000_000_000_001, 6_000_000_000_000_000_002
SCHEMA = {"type": "struct", "schema-id": 0, "fields": [
    {"id": 1, "name": "id", "required": True, "type": "long"}, {"id": 2, "name": "name", "required": False, "type": "string"},
    {"id": 3, "name": "price", "required": False, "type": "decimal(9,2)"}]}
SPEC = [{"source-id": 1, "field-id": 1000, "name": "id_bucket", "transform": "bucket[4]"},
        {"source-id": 3, "field-id": 1001, "name": "price", "transform": "identity"}]


def optional(kind):
    return ["null", kind]


def field(identity, name, kind, **members):
    made = {"name": name, "type": kind, "field-id": identity, **members}
    return {**made, "default": None} if isinstance(kind, list) else made


def pairs(key, value, kind):
    """A map with numbers as keys, which Avro has not: an array of pairs."""
    return optional({"type": "array", "logicalType": "map", "items": {"type": "record", "name": f"k{key}_v{value}", "fields": [
        field(key, "key", "int"), field(value, "value", kind)]}})


def data_file(version, partition_ids=(1000, 1001)):
    fields = [
        field(100, "file_path", "string"), field(101, "file_format", "string"),
        field(102, "partition", {"type": "record", "name": "r102", "fields": [
            field(partition_ids[0], "id_bucket", optional("int")),
            field(partition_ids[1], "price", optional({
                "type": "fixed", "name": "decimal_9_2", "size": 4, "logicalType": "decimal", "precision": 9, "scale": 2}))]}),
        field(103, "record_count", "long"), field(104, "file_size_in_bytes", "long"),
        field(108, "column_sizes", pairs(117, 118, "long")), field(109, "value_counts", pairs(119, 120, "long")),
        field(110, "null_value_counts", pairs(121, 122, "long")), field(137, "nan_value_counts", pairs(138, 139, "long")),
        field(125, "lower_bounds", pairs(126, 127, "bytes")), field(128, "upper_bounds", pairs(129, 130, "bytes")),
        field(131, "key_metadata", optional("bytes")),
        field(132, "split_offsets", optional({"type": "array", "items": "long", "element-id": 133})),
        field(140, "sort_order_id", optional("int"))]
    if version == 1:
        fields.insert(5, field(105, "block_size_in_bytes", "long"))
    else:
        fields.insert(0, field(134, "content", "int"))
        fields.append(field(135, "equality_ids", optional({"type": "array", "items": "int", "element-id": 136})))
    return {"type": "record", "name": "r2", "fields": fields}


def entry_schema(version, files):
    fields = [field(0, "status", "int")]
    if version == 1:
        fields.append(field(1, "snapshot_id", "long"))
    else:
        fields += [field(1, "snapshot_id", optional("long")), field(3, "sequence_number", optional("long")),
                   field(4, "file_sequence_number", optional("long"))]
    return {"type": "record", "name": "manifest_entry", "fields": fields + [field(2, "data_file", files)]}


SUMMARIES = optional({"type": "array", "element-id": 508, "items": {"type": "record", "name": "r508", "fields": [
    field(509, "contains_null", "boolean"), field(518, "contains_nan", optional("boolean")),
    field(510, "lower_bound", optional("bytes")), field(511, "upper_bound", optional("bytes"))]}})


def list_schema(version):
    """Version 1 in its earliest form has nothing but what is required."""
    fields = [field(500, "manifest_path", "string"), field(501, "manifest_length", "long"), field(502, "partition_spec_id", "int")]
    counts = ["added_data_files_count", "existing_data_files_count", "deleted_data_files_count"]
    rows = ["added_rows_count", "existing_rows_count", "deleted_rows_count"]
    if version == 1:
        fields.append(field(503, "added_snapshot_id", optional("long")))
        fields += [field(504 + number, name, optional("int")) for number, name in enumerate(counts)]
        fields.append(field(507, "partitions", SUMMARIES))
        fields += [field(512 + number, name, optional("long")) for number, name in enumerate(rows)]
    else:
        fields += [field(517, "content", "int"), field(515, "sequence_number", "long"), field(516, "min_sequence_number", "long"),
                   field(503, "added_snapshot_id", "long")]
        fields += [field(504 + number, name, "int") for number, name in enumerate(counts)]
        fields += [field(512 + number, name, "long") for number, name in enumerate(rows)]
        fields += [field(507, "partitions", SUMMARIES), field(519, "key_metadata", optional("bytes"))]
    return {"type": "record", "name": "manifest_file", "fields": fields}


UNKNOWN = [
    field(9001, "shape", {"type": "enum", "name": "shape", "symbols": ["ROUND", "FLAT"]}),
    field(9002, "notes", {"type": "map", "values": ["null", "string", {"type": "array", "items": "double"}]}),
    field(9003, "nested", {"type": "record", "name": "nested", "fields": [
        field(9004, "a", {"type": "fixed", "name": "five", "size": 5}), field(9005, "b", optional("float"))]})]
UNKNOWN_VALUES = {"shape": "FLAT", "notes": {"a": None, "b": "x", "c": [1.5, 2.5]}, "nested": {"a": b"12345", "b": None}}


def file(folder, number, **members):
    numbers = range(1, 3)
    return {
        "content": 0, "file_path": f"{folder}/data/{number}.parquet", "file_format": "PARQUET",
        "partition": {"id_bucket": number % 4, "price": struct.pack(">i", -150 - number)}, "record_count": 100,
        "file_size_in_bytes": 1000 + number, "block_size_in_bytes": 1 << 26,
        "column_sizes": [{"key": key, "value": 10 * key + number} for key in numbers],
        "value_counts": [{"key": key, "value": 100} for key in numbers],
        "null_value_counts": [{"key": 1, "value": 0}, {"key": 2, "value": 3}], "nan_value_counts": [],
        "lower_bounds": [{"key": 1, "value": struct.pack("<q", 100 * number)}, {"key": 2, "value": "ä".encode()}],
        "upper_bounds": [{"key": 1, "value": struct.pack("<q", 100 * number + 99)}, {"key": 2, "value": "ö".encode()}],
        "key_metadata": None, "split_offsets": [4], "sort_order_id": None, "equality_ids": None, **members}


def zstandard(schema, records, metadata):
    """A file of one block, which fastavro writes with a package only that Python has since 3.14."""
    schema, block = fastavro.parse_schema(copy.deepcopy(schema)), io.BytesIO()
    for record in records:
        fastavro.schemaless_writer(block, schema, record)
    packed = pyarrow.compress(block.getvalue(), codec="zstd", asbytes=True)
    out, sync = io.BytesIO(b"Obj\x01"), uuid.uuid4().bytes
    out.seek(0, io.SEEK_END)
    header = {"avro.codec": "zstandard", "avro.schema": json.dumps(schema), **(metadata or {})}
    fastavro.schemaless_writer(out, {"type": "map", "values": "bytes"}, {key: value.encode() for key, value in header.items()})
    out.write(sync)
    fastavro.schemaless_writer(out, "long", len(records))
    fastavro.schemaless_writer(out, "bytes", packed)
    out.write(sync)
    return out.getvalue()


def avro(schema, records, codec="deflate", sync_interval=16_000, metadata=None):
    if codec == "zstandard":
        return zstandard(schema, records, metadata)
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema(copy.deepcopy(schema)), records, codec=codec, metadata=metadata or {}, sync_interval=sync_interval)
    return out.getvalue()


def manifest(version, entries, schema=None, content="data", **options):
    header = {"schema": json.dumps(SCHEMA), "partition-spec": json.dumps(SPEC), "partition-spec-id": "0"}
    if version == 2:
        header |= {"format-version": "2", "content": content, "schema-id": "0"}
    return avro(schema or entry_schema(version, data_file(version)), entries, metadata=header, **options)


def listed(path, size, version, **members):
    record = {"manifest_path": path, "manifest_length": size, "partition_spec_id": 0, "added_snapshot_id": SNAPSHOT}
    names = ["added_data_files_count", "existing_data_files_count", "deleted_data_files_count", "added_rows_count",
             "existing_rows_count", "deleted_rows_count"]
    record |= {name: None if version == 1 else 1 for name in names} | {"partitions": None}
    if version == 2:
        record |= {"content": 0, "sequence_number": 5, "min_sequence_number": 5, "key_metadata": None}
    return {**record, **members}


class Lake:
    """A server, and tables that are made of nothing but their metadata."""

    def __init__(self, server):
        self.server, self.base = server, f"{address(server)}/v1"
        requests.post(f"{self.base}/namespaces", json={"namespace": ["golden"]}, timeout=30).raise_for_status()

    def folder(self):
        path = self.server.folder / "lake" / "warehouse" / "golden" / f"t{uuid.uuid4().hex[:8]}"
        (path / "metadata").mkdir(parents=True)
        return path

    def write(self, folder, name, content):
        path = folder / "metadata" / name
        path.write_bytes(content)
        return f"file://{path}", len(content)

    def table(self, folder, version, snapshot):
        metadata = {
            "format-version": version, "table-uuid": str(uuid.uuid4()), "location": f"file://{folder}", "last-updated-ms": 5,
            "last-column-id": 3, "schemas": [SCHEMA], "current-schema-id": 0, "schema": SCHEMA,
            "partition-specs": [{"spec-id": 0, "fields": SPEC}], "default-spec-id": 0, "partition-spec": SPEC,
            "last-partition-id": 1001, "sort-orders": [{"order-id": 0, "fields": []}], "default-sort-order-id": 0,
            "current-snapshot-id": SNAPSHOT, "last-sequence-number": 5,
            "snapshots": [{"snapshot-id": SNAPSHOT, "timestamp-ms": 5, "sequence-number": 5 if version == 2 else 0,
                           "summary": {"operation": "append"}, **snapshot}]}
        location, _ = self.write(folder, "00000-a.metadata.json", json.dumps(metadata).encode())
        answer = requests.post(f"{self.base}/namespaces/golden/register", timeout=30, json={
            "name": folder.name, "metadata-location": location})
        assert answer.status_code == 200, answer.text
        return f"{self.base}/namespaces/golden/tables/{folder.name}"

    def plan(self, table, **body):
        return requests.post(f"{table}/plan", json={"stats-fields": ["id", "name"], **body}, timeout=30)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    from lake.server import Server

    folder = tmp_path_factory.mktemp("golden")
    server = Server(folder / "data", folder / "log").start()
    yield Lake(server)
    server.stop()


def planned(answer):
    """The names of the data files in a plan and the tasks that it leaves to be asked for, each with its deletes."""
    assert answer.status_code == 200, answer.text
    plan = answer.json()
    deletes = [name(item) for item in plan.get("delete-files") or []]
    found = {name(task["data-file"]): sorted(deletes[number] for number in task.get("delete-file-references") or [])
             for task in plan["file-scan-tasks"]}
    for task in plan.get("plan-tasks") or []:
        url = answer.url.removesuffix("/plan").removesuffix("/tasks") + "/tasks"
        found |= planned(requests.post(url, json={"plan-task": task}, timeout=30))
    return found


def name(item):
    return item["file-path"].rsplit("/", 1)[1].removesuffix(".parquet")


def check(found, number):
    """A data file of a plan has what `file` gave it."""
    assert (found["file-size-in-bytes"], found["record-count"], found["spec-id"]) == (1000 + number, 100, 0)
    assert found["file-format"].lower() == "parquet" and found["content"] == "data" and found["split-offsets"] == [4]
    assert found["partition"][0] == number % 4 and str(found["partition"][1]) == f"-{(150 + number) / 100:.2f}"
    maps = {key: dict(zip(found[key]["keys"], found[key]["values"])) for key in [
        "column-sizes", "value-counts", "null-value-counts", "lower-bounds", "upper-bounds"]}
    assert maps["column-sizes"] == {1: 10 + number, 2: 20 + number} and maps["value-counts"] == {1: 100, 2: 100}
    assert maps["null-value-counts"] == {1: 0, 2: 3}


CODECS = ["null", "deflate", "snappy", "zstandard"]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("version", [1, 2])
def test_manifests_of_each_version_and_codec_are_read(lake, version, codec):
    folder = lake.folder()
    status = {"snapshot_id": SNAPSHOT, "sequence_number": None, "file_sequence_number": None}
    entries = [{**status, "status": 1, "data_file": file(folder, number)} for number in range(1, 21)]
    entries += [
        {"status": 0, "snapshot_id": OLDER, "sequence_number": 3, "file_sequence_number": 3, "data_file": file(folder, 21)},
        {"status": 2, "snapshot_id": SNAPSHOT, "sequence_number": 3, "file_sequence_number": 3, "data_file": file(folder, 22)}]
    # Many small blocks.
    path, size = lake.write(folder, "m0.avro", manifest(version, entries, codec=codec, sync_interval=500))
    listing, _ = lake.write(folder, "list.avro", avro(list_schema(version), [listed(path, size, version)], codec=codec))
    table = lake.table(folder, version, {"manifest-list": listing})
    answer = lake.plan(table)
    assert sorted(map(int, planned(answer))) == list(range(1, 22))
    for task in answer.json()["file-scan-tasks"]:
        check(task["data-file"], int(name(task["data-file"])))
    # Bounds leave files out.
    filtered = lake.plan(table, filter= {"type": "eq", "term": "id", "value": 1_234})
    assert set(planned(filtered)) <= {"12"}
    by_name = lake.plan(table, filter= {"type": "eq", "term": "name", "value": "z"})
    assert planned(by_name) == {}


def test_a_first_manifest_list_without_anything_that_is_optional(lake):
    folder = lake.folder()
    bare = entry_schema(1, data_file(1))
    files = bare["fields"][2]["type"]
    files["fields"] = [item for item in files["fields"] if item["field-id"] in (100, 101, 102, 103, 104, 105)]
    entries = [{"status": 1, "snapshot_id": SNAPSHOT, "data_file": file(folder, number)} for number in (1, 2)]
    path, size = lake.write(folder, "m0.avro", manifest(1, entries, bare))
    schema = list_schema(1)
    schema["fields"] = schema["fields"][:4]
    listing, _ = lake.write(folder, "list.avro", avro(schema, [listed(path, size, 1)]))
    assert set(planned(lake.plan(lake.table(folder, 1, {"manifest-list": listing})))) == {"1", "2"}


def test_a_snapshot_of_version_1_that_names_its_manifests_itself(lake):
    folder = lake.folder()
    paths = [lake.write(folder, f"m{number}.avro", manifest(1, [
        {"status": 1, "snapshot_id": SNAPSHOT, "data_file": file(folder, number)}]))[0] for number in (1, 2)]
    assert set(planned(lake.plan(lake.table(folder, 1, {"manifests": paths})))) == {"1", "2"}


def test_manifests_of_version_1_under_a_list_of_version_2_are_older_than_every_delete(lake):
    folder = lake.folder()
    old, size = lake.write(folder, "m0.avro", manifest(1, [
        {"status": 1, "snapshot_id": OLDER, "data_file": file(folder, 1)}]))
    partition = file(folder, 1)["partition"]
    new = manifest(2, [
        {"status": 1, "snapshot_id": SNAPSHOT, "sequence_number": None, "file_sequence_number": None,
         "data_file": file(folder, 5, partition=partition)}])
    deletes = manifest(2, [
        {"status": 0, "snapshot_id": SNAPSHOT, "sequence_number": 3, "file_sequence_number": 3,
         "data_file": file(folder, 90, content=1, partition=partition, lower_bounds=None, upper_bounds=None)}], content="deletes")
    records = [listed(old, size, 2, sequence_number=0, min_sequence_number=0, added_snapshot_id=OLDER)]
    for label, content, kind in [("m1.avro", new, 0), ("m2.avro", deletes, 1)]:
        path, size = lake.write(folder, label, content)
        records.append(listed(path, size, 2, content=kind))
    listing, _ = lake.write(folder, "list.avro", avro(list_schema(2), records))
    # The file of version 1 has sequence number 0; that of number 5 is younger than the delete of number 3.
    assert planned(lake.plan(lake.table(folder, 2, {"manifest-list": listing}))) == {"1": ["90"], "5": []}


@pytest.mark.parametrize("version", [1, 2])
def test_fields_that_nobody_knows_and_another_order_do_no_harm(lake, version):
    folder = lake.folder()
    files = data_file(version)
    files["fields"] = UNKNOWN[:1] + files["fields"][::-1] + UNKNOWN[1:]
    schema = entry_schema(version, files)
    schema["fields"] = [field(9010, "later", optional({"type": "map", "values": "long"}))] + schema["fields"][::-1]
    entries = [{"status": 1, "snapshot_id": SNAPSHOT, "sequence_number": None, "file_sequence_number": None, "later": {"a": 1},
                "data_file": {**file(folder, number), **UNKNOWN_VALUES, "file_format": "parquet"}} for number in range(1, 8)]
    path, size = lake.write(folder, "m0.avro", manifest(version, entries, schema))
    records = list_schema(version)
    records["fields"] = UNKNOWN + records["fields"][::-1]
    listing, _ = lake.write(folder, "list.avro", avro(records, [{**listed(path, size, version), **UNKNOWN_VALUES}]))
    answer = lake.plan(lake.table(folder, version, {"manifest-list": listing}))
    assert len(planned(answer)) == 7
    for task in answer.json()["file-scan-tasks"]:
        check(task["data-file"], int(name(task["data-file"])))


def test_names_do_not_matter_where_there_are_ids(lake):
    folder = lake.folder()
    text = json.dumps(entry_schema(2, data_file(2))).replace('"file_path"', '"location"').replace('"record_count"', '"rows"')
    given = file(folder, 1)
    given |= {"location": given.pop("file_path"), "rows": given.pop("record_count")}
    path, size = lake.write(folder, "m0.avro", manifest(2, [
        {"status": 1, "snapshot_id": None, "sequence_number": None, "file_sequence_number": None, "data_file": given}],
        json.loads(text)))
    listing, _ = lake.write(folder, "list.avro", avro(list_schema(2), [listed(path, size, 2)]))
    answer = lake.plan(lake.table(folder, 2, {"manifest-list": listing}))
    assert list(planned(answer)) == ["1"]
    check(answer.json()["file-scan-tasks"][0]["data-file"], 1)


@pytest.mark.parametrize("damage", ["cut", "no path", "no sequence number", "data among deletes", "no manifest", "not avro"])
def test_what_breaks_the_specification_is_an_error_and_no_short_plan(lake, damage):
    folder = lake.folder()
    entry = {"status": 1, "snapshot_id": SNAPSHOT, "sequence_number": None, "file_sequence_number": None,
             "data_file": file(folder, 1)}
    entries = [{**entry, "data_file": file(folder, number)} for number in range(1, 30)]
    if damage == "no path":
        entries[3]["data_file"]["file_path"] = ""
    elif damage == "no sequence number":
        entries[3]["status"] = 0
    elif damage == "data among deletes":
        entries[3]["data_file"]["content"] = 1
    content = manifest(2, entries, codec="null", sync_interval=500)
    content = {"cut": content[:len(content) // 2], "not avro": b"PAR1" + content[4:]}.get(damage, content)
    path, size = lake.write(folder, "m0.avro", content)
    if damage == "no manifest":
        (folder / "metadata" / "m0.avro").unlink()
    listing, _ = lake.write(folder, "list.avro", avro(list_schema(2), [listed(path, size, 2)]))
    answer = lake.plan(lake.table(folder, 2, {"manifest-list": listing}))
    assert answer.status_code >= 400, answer.text
    reason = "object-missing" if damage == "no manifest" else "manifest-invalid"
    assert reason in answer.json()["error"]["message"], answer.text
