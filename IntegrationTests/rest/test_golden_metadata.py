"""Metadata files in the shapes that the test data of Iceberg's projects have: kept field by field, or refused with the reason.

Each document is registered as a table, loaded, changed by one commit, which writes the file anew, and loaded again.
"""

import copy
import json
import uuid

import pytest
import requests

from rest.catalogs import address

PLAIN = {"type": "struct", "schema-id": 0, "fields": [
    {"id": 1, "name": "x", "required": True, "type": "long"},
    {"id": 2, "name": "y", "required": True, "type": "long", "doc": "with a comment"},
    {"id": 3, "name": "z", "required": True, "type": "long"}]}
EVOLVED = {**PLAIN, "schema-id": 1, "identifier-field-ids": [1, 2]}
TYPES = {"type": "struct", "schema-id": 0, "fields": [
    {"id": number, "name": kind, "required": False, "type": kind} for number, kind in enumerate([
        "boolean", "int", "long", "float", "double", "decimal(38, 10)", "decimal(9,2)", "date", "time", "timestamp",
        "timestamptz", "string", "uuid", "fixed[16]", "binary"], 1)] + [
    {"id": 30, "name": "deep", "required": False, "type": {
        "type": "map", "key-id": 31, "key": {"type": "struct", "fields": [{"id": 32, "name": "k", "required": True, "type": "int"}]},
        "value-id": 33, "value-required": True, "value": {
            "type": "list", "element-id": 34, "element-required": False, "element": {
                "type": "struct", "fields": [{"id": 35, "name": "a.b", "required": False, "type": "string"}]}}}}]}
TRANSFORMS = [
    {"source-id": 1, "field-id": 1000 + number, "name": f"p{number}", "transform": transform}
    for number, transform in enumerate(["identity", "bucket[16]", "truncate[4]", "void"])]


def snapshot(identity, parent=None, **members):
    made = {"snapshot-id": identity, "timestamp-ms": 1_515_100_955_770 + identity % 1000, "sequence-number": identity % 100,
            "summary": {"operation": "append"}, "manifest-list": f"LOCATION/metadata/{identity}.avro", "schema-id": 1}
    return {**made, **({"parent-snapshot-id": parent} if parent else {}), **members}


VERSION_1_FIRST = {
    "format-version": 1, "table-uuid": "UUID", "location": "LOCATION", "last-updated-ms": 1_602_638_573_874,
    "last-column-id": 3, "schema": {"type": "struct", "fields": PLAIN["fields"]},
    "partition-spec": [{"name": "x", "transform": "identity", "source-id": 1, "field-id": 1000}], "properties": {},
    "current-snapshot-id": -1, "snapshots": []}
VERSION_1_LATE = {
    **VERSION_1_FIRST, "current-schema-id": 0, "schemas": [PLAIN], "default-spec-id": 0,
    "partition-specs": [{"spec-id": 0, "fields": VERSION_1_FIRST["partition-spec"]}], "last-partition-id": 1000,
    "default-sort-order-id": 0, "sort-orders": [{"order-id": 0, "fields": []}],
    "snapshots": [{"snapshot-id": 17, "timestamp-ms": 1_515_100_955_770, "summary": {"operation": "append"},
                   "manifest-list": "LOCATION/metadata/17.avro"}],
    "current-snapshot-id": 17, "snapshot-log": [{"timestamp-ms": 1_515_100_955_770, "snapshot-id": 17}], "metadata-log": []}
MINIMAL = {
    "format-version": 2, "table-uuid": "UUID", "location": "LOCATION", "last-sequence-number": 34,
    "last-updated-ms": 1_602_638_573_590, "last-column-id": 3, "current-schema-id": 0, "schemas": [PLAIN],
    "default-spec-id": 0, "partition-specs": [{"spec-id": 0, "fields": [
        {"name": "x", "transform": "identity", "source-id": 1, "field-id": 1000}]}], "last-partition-id": 1000,
    "default-sort-order-id": 3, "sort-orders": [{"order-id": 3, "fields": [
        {"transform": "identity", "source-id": 2, "direction": "asc", "null-order": "nulls-first"},
        {"transform": "bucket[4]", "source-id": 3, "direction": "desc", "null-order": "nulls-last"}]}]}
OLD, NEW = 3_051_729_675_574_597_004, 3_055_729_675_574_597_005
FULL = {
    **MINIMAL, "current-schema-id": 1, "schemas": [PLAIN, EVOLVED], "properties": {"read.split.target.size": "134217728", "é\"\\": "\u0001😀"},
    "current-snapshot-id": NEW,
    "snapshots": [snapshot(OLD, **{"sequence-number": 0}), snapshot(NEW, OLD, **{"sequence-number": 34})],
    "snapshot-log": [{"snapshot-id": OLD, "timestamp-ms": 1_515_100_955_770}, {"snapshot-id": NEW, "timestamp-ms": 1_555_100_955_770}],
    "metadata-log": [{"metadata-file": "LOCATION/metadata/00001-a.metadata.json", "timestamp-ms": 1_515_100}],
    "refs": {"main": {"snapshot-id": NEW, "type": "branch", "min-snapshots-to-keep": 3, "max-snapshot-age-ms": 5, "max-ref-age-ms": 7},
             "side/1": {"snapshot-id": OLD, "type": "branch"}, "v1": {"snapshot-id": OLD, "type": "tag", "max-ref-age-ms": 10}}}
BLOB = {"type": "apache-datasketches-theta-v1", "snapshot-id": NEW, "sequence-number": 34, "fields": [1, 2],
        "properties": {"ndv": "7"}}
STATISTICS = {"snapshot-id": NEW, "statistics-path": "LOCATION/metadata/s.puffin", "file-size-in-bytes": 413,
              "file-footer-size-in-bytes": 42, "key-metadata": "a2V5", "blob-metadata": [BLOB, {**BLOB, "properties": {}}]}
VERSION_3 = {**FULL, "format-version": 3, "next-row-id": 25, "snapshots": [
    snapshot(OLD, **{"sequence-number": 0, "first-row-id": 0, "added-rows": 10}),
    snapshot(NEW, OLD, **{"sequence-number": 34, "first-row-id": 10, "added-rows": 15})],
    "encryption-keys": [{"key-id": "k1", "encrypted-key-metadata": "AA==", "encrypted-by-id": "k0", "properties": {"a": "b"}}]}


def without(document, *members):
    return {key: value for key, value in document.items() if key not in members}


KEPT = {
    "v1 of one schema and spec": VERSION_1_FIRST,
    "v1 with lists": VERSION_1_LATE,
    "v1 without field ids in the spec": {**VERSION_1_FIRST, "partition-spec": [
        {"name": "x", "transform": "identity", "source-id": 1}, {"name": "z_bucket", "transform": "bucket[4]", "source-id": 3}]},
    "v1 with a snapshot's manifests in place": {**VERSION_1_FIRST, "snapshots": [
        {"snapshot-id": 17, "timestamp-ms": 5, "manifests": ["LOCATION/metadata/a.avro", "LOCATION/metadata/b.avro"]}]},
    "v2 minimal": MINIMAL,
    "v2 full": FULL,
    "v2 with null for what is not there": {
        **MINIMAL, "current-snapshot-id": None, "snapshots": None, "refs": None, "properties": None, "metadata-log": None},
    "v2 without a current snapshot, as Java once wrote it": {**MINIMAL, "current-snapshot-id": -1, "snapshots": []},
    "v2 with an unreferenced snapshot": {**MINIMAL, "snapshots": [snapshot(OLD, **{"sequence-number": 1, "schema-id": 0})]},
    "v2 with a snapshot without summary": {**FULL, "snapshots": [
        without(snapshot(OLD, **{"sequence-number": 0}), "summary", "schema-id"), snapshot(NEW, OLD, **{"sequence-number": 34})]},
    "v2 with statistics": {**FULL, "statistics": [STATISTICS], "partition-statistics": [
        {"snapshot-id": NEW, "statistics-path": "LOCATION/metadata/p.parquet", "file-size-in-bytes": 43}]},
    "v2 with every type": {**MINIMAL, "schemas": [TYPES], "last-column-id": 35, "default-sort-order-id": 0,
                           "sort-orders": [{"order-id": 0, "fields": []}], "partition-specs": [
                               {"spec-id": 0, "fields": []}], "last-partition-id": 999},
    "v2 with transforms and specs of the past": {
        **MINIMAL, "default-spec-id": 2, "last-partition-id": 1003, "partition-specs": [
            {"spec-id": 0, "fields": []}, {"spec-id": 1, "fields": TRANSFORMS[:1]}, {"spec-id": 2, "fields": TRANSFORMS}]},
    "v2 with members that nobody knows yet": {**FULL, "next-thing": {"a": [1, 2.5, None, True]}},
    "v3 with row lineage and keys": VERSION_3,
    "v3 with default values": {**VERSION_3, "schemas": [PLAIN, {**EVOLVED, "fields": EVOLVED["fields"] + [
        {"id": 4, "name": "d", "required": True, "type": "string", "initial-default": "a", "write-default": "b"}]}],
        "last-column-id": 4},
}
REFUSED = {
    "a later version": ({**FULL, "format-version": 9}, "version 9"),
    "version 0": ({**FULL, "format-version": 0}, "version 0"),
    "no version": (without(FULL, "format-version"), "format-version"),
    **{f"v2 without {member}": (without(FULL, member), member) for member in [
        "table-uuid", "location", "last-sequence-number", "last-updated-ms", "last-column-id", "schemas", "current-schema-id",
        "partition-specs", "default-spec-id", "sort-orders"]},
    "v1 without a schema": (without(VERSION_1_FIRST, "schema"), "schema"),
    "v1 without a spec": (without(VERSION_1_FIRST, "partition-spec"), "partition-spec"),
    "v3 without next-row-id": (without(VERSION_3, "next-row-id"), "next-row-id"),
    "a current schema that is not there": ({**FULL, "current-schema-id": 7}, "schema 7"),
    "a default spec that is not there": ({**FULL, "default-spec-id": 7}, "spec 7"),
    "a default order that is not there": ({**FULL, "default-sort-order-id": 7}, "sort order 7"),
    "a ref to a snapshot that is not there": (
        {**FULL, "refs": {**FULL["refs"], "v1": {"snapshot-id": 5, "type": "tag"}}}, "v1"),
    "a main branch that is not the current snapshot": (
        {**FULL, "refs": {"main": {"snapshot-id": OLD, "type": "branch"}}}, "main"),
    "a ref of an unknown kind": ({**FULL, "refs": {**FULL["refs"], "v1": {"snapshot-id": OLD, "type": "bookmark"}}}, "type"),
    "a snapshot twice": ({**FULL, "snapshots": FULL["snapshots"] + FULL["snapshots"][:1]}, "one id"),
    "a snapshot past the last sequence number": ({**FULL, "last-sequence-number": 33}, "sequence number 34"),
    "an id of two columns": ({**FULL, "schemas": [PLAIN, {**EVOLVED, "fields": EVOLVED["fields"] + EVOLVED["fields"][:1]}]}, "id"),
    "an unknown type": ({**MINIMAL, "schemas": [{**PLAIN, "fields": PLAIN["fields"] + [
        {"id": 4, "name": "t", "required": False, "type": "tensor"}]}]}, "tensor"),
    "a number in quotes": ({**FULL, "last-column-id": "3"}, "last-column-id"),
}


def placed(value, location, identity):
    if isinstance(value, dict):
        return {key: placed(item, location, identity) for key, item in value.items()}
    if isinstance(value, list):
        return [placed(item, location, identity) for item in value]
    return value.replace("LOCATION", location).replace("UUID", identity) if isinstance(value, str) else value


def differences(wanted, found, path=""):
    """Where `found` lacks what `wanted` has; `found` may have more."""
    if wanted is None:
        return []
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [line for key, value in wanted.items() for line in differences(value, found.get(key), f"{path}/{key}")]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        return [line for index, pair in enumerate(zip(wanted, found)) for line in differences(*pair, f"{path}/{index}")]
    # `decimal(38, 10)` and `decimal(38,10)` are one type.
    same = wanted == found or (path.endswith("/type") and wanted.replace(" ", "") == str(found).replace(" ", ""))
    return [] if same else [f"{path}: {wanted!r} became {found!r}"]


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """One server for all documents; they are tables of their own."""
    from lake.server import Server

    folder = tmp_path_factory.mktemp("golden")
    server = Server(folder / "data", folder / "log").start()
    base = f"{address(server)}/v1"
    requests.post(f"{base}/namespaces", json={"namespace": ["golden"]}, timeout=30).raise_for_status()

    def register(document):
        name = f"t{uuid.uuid4().hex[:8]}"
        location = f"file://{server.folder}/lake/warehouse/golden/{name}"
        document = placed(copy.deepcopy(document), location, str(uuid.uuid4()))
        path = server.folder / "lake" / "warehouse" / "golden" / name / "metadata" / "00000-a.metadata.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(document))
        answer = requests.post(
            f"{base}/namespaces/golden/register", json={"name": name, "metadata-location": f"file://{path}"}, timeout=30)
        return f"{base}/namespaces/golden/tables/{name}", document, answer

    yield register
    server.stop()


@pytest.mark.parametrize("document", KEPT.values(), ids=KEPT)
def test_everything_in_a_metadata_file_is_kept(tables, document):
    url, document, answer = tables(document)
    assert answer.status_code == 200, answer.text
    current = None if document.get("current-snapshot-id") == -1 else document.get("current-snapshot-id")
    wanted = {**document, "current-snapshot-id": current}
    first = requests.get(url, timeout=30).json()["metadata"]
    assert first.get("current-snapshot-id") in (current, -1 if current is None else current)
    assert differences(wanted, first) == []
    changed = requests.post(url, timeout=30, json={
        "requirements": [{"type": "assert-table-uuid", "uuid": document["table-uuid"]}],
        "updates": [{"action": "set-properties", "updates": {"touched": "yes"}}]})
    assert changed.status_code == 200, changed.text
    written = requests.get(url, timeout=30).json()["metadata"]
    assert written["properties"].pop("touched") == "yes"
    log = document.get("metadata-log") or []
    assert written["metadata-log"][:len(log)] == log and len(written["metadata-log"]) == len(log) + 1
    assert written["last-updated-ms"] >= document["last-updated-ms"]
    assert differences(without(wanted, "last-updated-ms", "metadata-log"), written) == []


@pytest.mark.parametrize("document, reason", REFUSED.values(), ids=REFUSED)
def test_a_metadata_file_that_breaks_the_specification_is_refused_with_the_reason(tables, document, reason):
    url, _, answer = tables(document)
    assert answer.status_code == 400, answer.text
    assert reason in answer.json()["error"]["message"], answer.text
    assert requests.get(url, timeout=30).status_code == 404
