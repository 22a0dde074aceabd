"""PyIceberg 0.12 against the catalog."""

import pyarrow as pa
import pytest
from pyiceberg.exceptions import (
    NamespaceAlreadyExistsError,
    NamespaceNotEmptyError,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import StaticTable
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import IntegerType, LongType, NestedField, StringType, TimestamptzType

from rest.catalogs import hires, pyiceberg
from rest.storages import EVERYWHERE

SCHEMA = Schema(
    NestedField(1, "id", LongType(), required=True),
    NestedField(2, "name", StringType(), required=False),
    NestedField(3, "at", TimestamptzType(), required=False),
)
ARROW = pa.schema([
    pa.field("id", pa.int64(), nullable=False), pa.field("name", pa.string()), pa.field("at", pa.timestamp("us", "UTC"))])


def rows(*ids):
    return pa.table({"id": list(ids), "name": [f"n{i}" for i in ids], "at": [1_600_000_000_000_000 + i for i in ids]},
                    schema=ARROW)


def ids(table, **options):
    return sorted(table.scan(**options).to_arrow()["id"].to_pylist())


def test_namespaces(server):
    catalog = pyiceberg(server)
    catalog.create_namespace("a", {"owner": "me"})
    catalog.create_namespace(("a", "b"))
    with pytest.raises(NamespaceAlreadyExistsError):
        catalog.create_namespace("a")
    assert ("a",) in catalog.list_namespaces()
    assert catalog.list_namespaces("a") == [("a", "b")]
    summary = catalog.update_namespace_properties("a", {"x"}, {"owner": "you"})
    assert summary.updated == ["owner"] and summary.missing == ["x"]
    assert catalog.load_namespace_properties("a")["owner"] == "you"
    with pytest.raises(NamespaceNotEmptyError):
        catalog.drop_namespace("a")
    catalog.drop_namespace(("a", "b"))
    catalog.drop_namespace("a")
    with pytest.raises(NoSuchNamespaceError):
        catalog.load_namespace_properties("a")


@EVERYWHERE
def test_a_table_is_written_changed_and_read_back(storage):
    catalog = storage.pyiceberg()
    catalog.create_namespace("py")
    with pytest.raises(NoSuchTableError):
        catalog.load_table("py.t")
    spec = PartitionSpec(PartitionField(2, 1000, IdentityTransform(), "name_part"))
    table = catalog.create_table("py.t", SCHEMA, partition_spec=spec, properties={"owner": "me"})
    with pytest.raises(TableAlreadyExistsError):
        catalog.create_table("py.t", SCHEMA)
    table.append(rows(1, 2, 3))
    table.append(rows(4, 5))
    first = table.history()[0].snapshot_id
    table.delete("id = 2")
    assert ids(table) == [1, 3, 4, 5]
    assert ids(table, snapshot_id=first) == [1, 2, 3]
    with table.update_schema() as update:
        update.add_column("extra", IntegerType())
        update.rename_column("name", "title")
    with table.update_spec() as update:
        update.add_field("id", IdentityTransform(), "id_part")
    table.append(pa.table({"id": [6], "title": ["n6"], "at": [1_600_000_000_000_006], "extra": [7]}, schema=pa.schema([
        pa.field("id", pa.int64(), nullable=False), pa.field("title", pa.string()),
        pa.field("at", pa.timestamp("us", "UTC")), pa.field("extra", pa.int32())])))
    with table.manage_snapshots() as manage:
        manage.create_tag(first, "start")
        manage.create_branch(first, "side")
    with table.transaction() as change:
        change.set_properties(owner="you")
    fresh = catalog.load_table("py.t")
    assert ids(fresh) == [1, 3, 4, 5, 6]
    assert fresh.properties["owner"] == "you"
    assert fresh.refs()["start"].snapshot_id == first
    assert len(fresh.specs()) == 2 and fresh.schema().find_field("extra")
    catalog.rename_table("py.t", "py.u")
    assert not catalog.table_exists("py.t") and catalog.table_exists("py.u")
    catalog.drop_table("py.u")
    assert catalog.list_tables("py") == []


def test_of_two_appends_to_one_state_the_second_comes_behind_the_first(server):
    """The catalog refuses the second, and PyIceberg builds it anew on what the first has made."""
    catalog = pyiceberg(server)
    catalog.create_namespace("py")
    catalog.create_table("py.t", SCHEMA)
    one, two = catalog.load_table("py.t"), catalog.load_table("py.t")
    one.append(rows(1))
    two.append(rows(2))
    table = catalog.load_table("py.t")
    assert ids(table) == [1, 2]
    assert [snapshot.parent_snapshot_id for snapshot in table.snapshots()] == [None, one.current_snapshot().snapshot_id]


@EVERYWHERE
def test_a_staged_table_is_created_with_its_first_rows(storage):
    catalog = storage.pyiceberg()
    catalog.create_namespace("py")
    with catalog.create_table_transaction("py.t", SCHEMA) as change:
        assert not catalog.table_exists("py.t")
        change.append(rows(1, 2))
    assert ids(catalog.load_table("py.t")) == [1, 2]


def test_a_table_is_registered_and_purged(server):
    catalog = pyiceberg(server)
    catalog.create_namespace("py")
    table = catalog.create_table("py.t", SCHEMA)
    table.append(rows(1))
    folder = server.folder / "lake" / "warehouse" / "py"
    catalog.drop_table("py.t")
    again = catalog.register_table("py.t", table.metadata_location)
    assert ids(again) == [1]
    assert list(folder.rglob("*.parquet"))
    catalog.purge_table("py.t")
    assert [path for path in folder.rglob("*") if path.is_file()] == []


@EVERYWHERE
def test_others_write_into_a_table_that_the_server_ingests_into(storage, server):
    server.api.load("hired_employees", hires(1, 100))
    table = storage.pyiceberg().load_table("silver.employees_cleaned")
    assert len(ids(table)) == 100
    with table.update_schema() as update:
        update.update_column("name", doc="as it was hired")
    table.delete("id = 7")
    server.api.load("hired_employees", hires(7, 100))
    table.refresh()
    assert ids(table) == list(range(1, 107))


@EVERYWHERE
def test_compressed_metadata_is_read_from_its_file(storage):
    catalog = storage.pyiceberg()
    catalog.create_namespace("packed")
    table = catalog.create_table("packed.t", SCHEMA, properties={"write.metadata.compression-codec": "gzip"})
    for number in range(3):
        table.append(rows(number))
    assert table.metadata_location.endswith(".gz.metadata.json")
    alone = StaticTable.from_metadata(table.metadata_location, properties=table.io.properties)
    assert alone.metadata == table.metadata
    assert ids(alone) == [0, 1, 2]
    with table.transaction() as change:
        change.set_properties({"write.metadata.compression-codec": "none"})
    assert not table.metadata_location.endswith(".gz.metadata.json")
    table.append(rows(3))
    assert ids(catalog.load_table("packed.t")) == [0, 1, 2, 3]
    assert catalog.load_table("packed.t").metadata.metadata_log[-3].metadata_file.endswith(".gz.metadata.json")
