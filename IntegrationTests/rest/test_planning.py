"""Scans that PyIceberg leaves to the server to plan."""

import pyarrow as pa
import pytest
from pyiceberg.catalog import load_catalog
from pyiceberg.expressions import And, EqualTo, GreaterThan, In, IsNull, Not, NotEqualTo, Or, StartsWith
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import DateType, LongType, NestedField, StringType, TimestamptzType

from rest.catalogs import address, hires, pyiceberg, spark_catalog

SCHEMA = Schema(
    NestedField(1, "id", LongType(), required=False), NestedField(2, "name", StringType(), required=False),
    NestedField(3, "at", TimestamptzType(), required=False), NestedField(4, "day", DateType(), required=False),
    NestedField(5, "note", StringType(), required=False))
# No partition of nulls: PyIceberg 0.12 reads none in a plan.
SPEC = PartitionSpec(
    PartitionField(4, 1000, IdentityTransform(), "day"), PartitionField(2, 1001, IdentityTransform(), "name"))
FILTERS = [
    EqualTo("id", 17), GreaterThan("at", "1970-01-03T00:00:00+00:00"), In("name", ["n1", "n2", "none"]),
    And(EqualTo("name", "n1"), Not(EqualTo("id", 11))), Or(IsNull("note"), StartsWith("name", "n2")), NotEqualTo("note", "x1"), NotEqualTo("name", "n1"),
    GreaterThan("day", "1970-01-03"), Not(In("id", [1, 2])), EqualTo("id", 9999),
]


def planning(server):
    return load_catalog("lake", type="rest", uri=address(server), **{"scan-planning-mode": "server"})


@pytest.fixture
def tables(server):
    """The same table, as it is planned by the client and by the server."""
    catalog = pyiceberg(server)
    catalog.create_namespace("py")
    table = catalog.create_table("py.t", SCHEMA, partition_spec=SPEC)
    arrow = table.schema().as_arrow()
    for first in (0, 20):
        table.append(pa.Table.from_pylist([
            {"id": i, "name": f"n{i % 3}", "note": f"x{i % 2}" if i % 7 else None, "at": i * 7_200_000_000, "day": i // 12}
            for i in range(first, first + 20)], schema=arrow))
    ours = planning(server)
    assert ours.supports_server_side_planning() and not catalog.supports_server_side_planning()
    return catalog.load_table("py.t"), ours.load_table("py.t")


@pytest.mark.parametrize("row_filter", FILTERS, ids=str)
def test_rows_are_those_of_a_plan_of_the_client_s_own(tables, row_filter):
    theirs, ours = (table.scan(row_filter=row_filter) for table in tables)
    assert sorted(ours.to_arrow().to_pylist(), key=str) == sorted(theirs.to_arrow().to_pylist(), key=str)
    # The server leaves out no file that the client keeps, and not more than a few others.
    wanted = {task.file.file_path for task in theirs.plan_files()}
    assert wanted <= {task.file.file_path for task in ours.plan_files()}


def test_deletes_and_snapshots_of_the_server_s_own_table(server, spark):
    server.api.load("hired_employees", hires(1, 50))
    server.api.load("hired_employees", hires(40, 20))
    name = spark_catalog(spark, server)
    spark.session.sql(f"DELETE FROM {name}.silver.employees_cleaned WHERE id = 7")
    table = planning(server).load_table("silver.employees_cleaned")
    assert sorted(table.scan().to_arrow()["id"].to_pylist()) == [i for i in range(1, 60) if i != 7]
    first = table.metadata.snapshots[0].snapshot_id
    assert sorted(table.scan(snapshot_id=first).to_arrow()["id"].to_pylist()) == list(range(1, 51))
    assert table.scan(row_filter="id = 55").to_arrow().num_rows == 1
