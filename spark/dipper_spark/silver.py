"""Writes a batch's rows into the silver table."""

from pyspark.sql import functions as f

from dipper_spark.expand import value_names
from dipper_spark.lake import quoted

VIEW = "dipper_changes"


def merge(lake, table, final):
    """One MERGE: rows that differ are updated, new ones inserted, deleted ones deleted, equal ones left alone."""
    final.createOrReplaceTempView(VIEW)
    names = dict(zip([name for name, _ in table.silver_columns], value_names(table)))
    on = " AND ".join(f"t.{quoted(name)} = s.{names[name]}" for name in table.key)
    others = [name for name in names if name not in table.key]
    branches = ["WHEN MATCHED AND s.k = 'd' THEN DELETE"]
    if others:
        equal = " AND ".join(f"t.{quoted(name)} <=> s.{names[name]}" for name in others)
        changes = ", ".join(f"t.{quoted(name)} = s.{names[name]}" for name in others)
        branches.append(f"WHEN MATCHED AND NOT ({equal}) THEN UPDATE SET {changes}")
    columns, values = ", ".join(map(quoted, names)), ", ".join(f"s.{value}" for value in names.values())
    branches.append(f"WHEN NOT MATCHED AND s.k = 'r' THEN INSERT ({columns}) VALUES ({values})")
    lake.session.sql(f"MERGE INTO {lake.silver(table)} t USING {VIEW} s ON {on} " + " ".join(branches))


def stored_form(table, rows):
    """The rows under the silver table's names."""
    return rows.select(*[
        f.col(value).alias(name) for value, (name, _) in zip(value_names(table), table.silver_columns)])


def append(lake, table, rows):
    stored_form(table, rows).writeTo(lake.silver(table)).append()


def replace_all(lake, table, rows):
    """The whole table in one snapshot."""
    stored_form(table, rows).writeTo(lake.silver(table)).overwrite(f.lit(True))
