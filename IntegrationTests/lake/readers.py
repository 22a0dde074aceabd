"""Tables as other people's readers see them, in forms that compare."""

import collections

import duckdb
import duckdb_extension_avro
import duckdb_extension_iceberg
import pyarrow
from pyiceberg.table import StaticTable


def as_plain(rows):
    """A multiset of rows."""
    return collections.Counter(rows)


def from_arrow(table, columns):
    """Timestamps become microseconds; the rest as Python has it."""
    lists = []
    for name in columns:
        column = table.column(name)
        if pyarrow.types.is_timestamp(column.type):
            column = column.cast(pyarrow.timestamp("us", column.type.tz)).cast(pyarrow.int64())
        lists.append(column.to_pylist())
    return as_plain(zip(*lists))


def static_table(metadata):
    return StaticTable.from_metadata(metadata)


def pyiceberg_rows(metadata, columns, snapshot=None):
    return from_arrow(static_table(metadata).scan(snapshot_id=snapshot).to_arrow(), columns)


def duckdb_connection():
    """A connection that has the Iceberg extension and loads nothing from outside."""
    import pathlib

    connection = duckdb.connect(
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false", "threads": "2"})
    for module, name in ((duckdb_extension_avro, "avro"), (duckdb_extension_iceberg, "iceberg")):
        path = next(pathlib.Path(module.__file__).parent.rglob(f"{name}.duckdb_extension"))
        connection.execute(f"LOAD '{path}'")
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def duckdb_rows(metadata, columns):
    with duckdb_connection() as connection:
        names = ", ".join(columns)
        return from_arrow(connection.sql(f"SELECT {names} FROM iceberg_scan('{metadata}')").to_arrow_table(), columns)


# Metadata tables: the same selection of columns from PyIceberg and from Spark.

def plain(value):
    """Maps, lists and bytes in one form, whichever reader made them."""
    if isinstance(value, dict):
        return tuple(sorted((key, plain(item)) for key, item in value.items() if item is not None))
    if isinstance(value, (list, tuple)):
        pairs = all(isinstance(item, (list, tuple)) and len(item) == 2 for item in value)
        return tuple(sorted((plain(a), plain(b)) for a, b in value)) if pairs and value else tuple(map(plain, value))
    return bytes(value) if isinstance(value, (bytes, bytearray)) else value


FILES = (
    "content", "file_path", "file_format", "record_count", "file_size_in_bytes", "column_sizes", "value_counts",
    "null_value_counts", "lower_bounds", "upper_bounds", "split_offsets", "spec_id")
SNAPSHOTS = ("snapshot_id", "parent_id", "operation", "manifest_list", "summary")
MANIFESTS = (
    "content", "path", "length", "partition_spec_id", "added_snapshot_id", "added_data_files_count",
    "existing_data_files_count", "deleted_data_files_count", "added_delete_files_count",
    "existing_delete_files_count", "deleted_delete_files_count")
ENTRIES = ("status", "snapshot_id", "sequence_number", "file_sequence_number")


def select(rows, columns):
    return as_plain(tuple(plain(row[name]) or None for name in columns) for row in rows)


def metadata_tables(rows_of):
    """`rows_of(name)` gives a metadata table's rows as dictionaries."""
    entries = rows_of("entries")
    return {
        "files": select(rows_of("files"), FILES),
        "snapshots": select(rows_of("snapshots"), SNAPSHOTS),
        "manifests": select(rows_of("manifests"), MANIFESTS),
        "entries": as_plain(
            tuple(row[name] for name in ENTRIES) + (row["data_file"]["file_path"], row["data_file"]["record_count"])
            for row in entries),
    }


def pyiceberg_metadata_tables(metadata):
    inspect = static_table(metadata).inspect
    return metadata_tables(lambda name: getattr(inspect, name)().to_pylist())


def spark_metadata_tables(spark, metadata):
    return metadata_tables(lambda name: spark.metadata_table(metadata, name))
