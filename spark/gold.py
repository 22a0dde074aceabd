"""Materialises the model's gold tables with Spark SQL: each the result of its query, replaced in one snapshot.

    spark-submit gold.py [--model model.yaml] [--only name,name]

A snapshot's summary names the snapshots that it was computed from (`dipper.input.<table>`) and the definition. A table whose
inputs and definition are those of its last snapshot is left alone.
"""

import hashlib
import re
import sys

from dipper_spark import settings as command_line
from dipper_spark.errors import DipperSparkError
from dipper_spark.lake import quoted
from dipper_spark.model import load_model
from dipper_spark.session import session

INPUT, DEFINITION = "dipper.input.", "dipper.gold.definition"
#: What Spark writes otherwise than the engine that definitions are written for: units have no quotes.
UNIT = re.compile(r"\bdate_diff\(\s*'(\w+)'\s*,", re.IGNORECASE)


def statement(gold):
    """A definition in Spark's SQL, its columns cast to the declared types."""
    sql = UNIT.sub(r"datediff(\1,", gold.sql.strip().rstrip(";"))
    if gold.sources:
        views = ", ".join(f"{quoted(name)} AS (SELECT * FROM gold.{quoted(name)})" for name in gold.sources)
        sql = f"WITH {views} SELECT * FROM (\n{sql}\n) over_gold"
    if gold.columns:
        casts = ", ".join(f"CAST({quoted(name)} AS {kind.spark_name()}) AS {quoted(name)}" for name, kind in gold.columns)
        sql = f"SELECT {casts} FROM (\n{sql}\n) definition"
    return sql


def table_of(spark, name):
    return spark._jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, name)


def inputs(spark, catalog, frame):
    """Snapshot ids of the tables that a query reads, by `namespace.table`."""
    plan, found = frame._jdf.queryExecution().analyzed(), {}
    leaves = plan.collectLeaves()
    for index in range(leaves.size()):
        leaf = leaves.apply(index)
        if not leaf.getClass().getName().endswith("DataSourceV2Relation"):
            continue
        name = ".".join([*leaf.identifier().get().namespace(), leaf.identifier().get().name()])
        snapshot = table_of(spark, f"{catalog}.{name}").currentSnapshot()
        found[name] = str(snapshot.snapshotId()) if snapshot is not None else "none"
    return found


def stored_state(spark, name):
    """What the table's current snapshot says that it was computed from, `None` for a table that is not there."""
    if not spark.catalog.tableExists(name):
        return None
    snapshot = table_of(spark, name).currentSnapshot()
    summary = dict(snapshot.summary()) if snapshot is not None else {}
    return {key: value for key, value in summary.items() if key.startswith(INPUT) or key == DEFINITION}


def materialise(spark, catalog, gold):
    """Returns how many rows the table has now, `None` when it was up to date."""
    spark.sql(f"USE {catalog}")
    target, sql = f"{catalog}.gold.{quoted(gold.name)}", statement(gold)
    frame = spark.sql(sql)
    wanted = {INPUT + key: value for key, value in inputs(spark, catalog, frame).items()}
    wanted[DEFINITION] = "spark-" + hashlib.sha256(sql.encode()).hexdigest()
    stored = stored_state(spark, target)
    if stored == wanted:
        return None
    writer = frame.writeTo(target).using("iceberg").tableProperty("format-version", "2")
    for key, value in wanted.items():
        writer = writer.option(f"snapshot-property.{key}", value)
    writer.create() if stored is None else writer.createOrReplace()
    return spark.table(target).count()


def main(arguments=None):
    parser = command_line.parser(__doc__.splitlines()[0])
    parser.add_argument("--only", help="names of the gold tables, with commas; all of the model without")
    settings = parser.parse_args(arguments)
    model = load_model(settings.model)
    declared = [gold.name for gold in model.gold]
    only = settings.only.split(",") if settings.only else declared
    unknown = set(only) - set(declared)
    if unknown or not only:
        raise DipperSparkError(
            "gold-unknown", f"the model has no gold table {', '.join(sorted(unknown))}".rstrip(),
            "declare it under `gold:` with name and sql")
    spark = session("dipper-gold", settings)
    spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {settings.catalog}.gold")
    for gold in model.gold:
        if gold.name in only:
            count = materialise(spark, settings.catalog, gold)
            print(f"{gold.name}: {'up to date' if count is None else f'{count} rows'}")


if __name__ == "__main__":
    try:
        main()
    except DipperSparkError as error:
        sys.exit(f"gold: {error}")
