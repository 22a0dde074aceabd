"""Writes a table with PyIceberg for ForeignTableTests to read, and notes what that should find.

usage: make_tables.py FOLDER
"""

import json
import pathlib
import sys

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.schema import Schema
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.transforms import BucketTransform, DayTransform, IdentityTransform, TruncateTransform
from pyiceberg.types import ListType, LongType, NestedField, StringType, TimestamptzType

folder = pathlib.Path(sys.argv[1]).resolve()
catalog = SqlCatalog("fixtures", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}/foreign")
catalog.create_namespace("n")
schema = Schema(
    NestedField(1, "id", LongType(), required=True),
    NestedField(2, "at", TimestamptzType()),
    NestedField(3, "name", StringType()),
    NestedField(4, "tags", ListType(5, StringType(), element_required=False)),
    identifier_field_ids=[1],
)
spec = PartitionSpec(
    PartitionField(2, 1000, DayTransform(), "at_day"),
    PartitionField(1, 1001, BucketTransform(4), "id_bucket"),
    PartitionField(3, 1002, TruncateTransform(2), "name_start"),
)
table = catalog.create_table("n.t", schema, partition_spec=spec, properties={"write.manifest-merge.enabled": "false"})
arrow_schema = table.schema().as_arrow()


def rows(ids):
    return pa.Table.from_pylist(
        [{"id": i, "at": i * 7_200_000_000, "name": f"{'ab' if i % 2 else 'é😀'}{i}", "tags": ["x"]} for i in ids],
        schema=arrow_schema,
    )


table.append(rows(range(1, 40)))
table.append(rows(range(40, 60)))
table.delete("id = 41")
with table.update_spec() as update:
    update.remove_field("name_start")
table = catalog.load_table("n.t")
table.append(rows(range(100, 110)))
table = catalog.load_table("n.t")


def expectation(file):
    return {
        "location": file.file_path, "records": file.record_count, "bytes": file.file_size_in_bytes, "spec": file.spec_id,
        "partition": [None if value is None else str(value) for value in file.partition],
        "lower": {str(k): v.hex() for k, v in file.lower_bounds.items()},
        "values": {str(k): v for k, v in file.value_counts.items()},
    }


def planned(row_filter):
    return sorted(task.file.file_path for task in table.scan(row_filter=row_filter).plan_files())


files = [expectation(task.file) for task in table.scan().plan_files()]
expected = {
    "metadata": table.metadata_location, "files": sorted(files, key=lambda file: file["location"]),
    "byID": planned("id = 7"), "byTime": planned("at >= '1970-01-04T00:00:00+00:00'"),
    "byName": planned("name >= 'b'"), "totalRecords": table.current_snapshot().summary["total-records"],
    "snapshots": [snapshot.snapshot_id for snapshot in table.snapshots()],
}
(folder / "foreign.json").write_text(json.dumps(expected))
