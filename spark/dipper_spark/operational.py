"""The operational database: a batch's rows go into a staging table by JDBC, then with one transaction, which also keeps the
batch's mark, into the table that other programs read. Tables and values lie as Dipper's own store keeps them.

Staged values are text: no value passes the calendar or the time zone of a Java class on its way.
"""

import uuid

from pyspark.sql import functions as f

from dipper_spark.expand import value_names

DRIVER = "org.postgresql.Driver"
MARKS = "_dipper_spark_marks"
SQL_NAMES = {
    "boolean": "boolean", "int": "integer", "long": "bigint", "float": "real", "double": "double precision",
    "date": "date", "time": "time", "timestamp": "timestamp", "timestamptz": "timestamptz", "string": "text",
    "uuid": "uuid", "fixed": "bytea", "binary": "bytea"}
#: What PostgreSQL cannot hold in a text stands as the symbol for it.
NUL, SYMBOL_FOR_NUL = "\0", "\u2400"


def sql_name(kind):
    return f"numeric({kind.precision}, {kind.scale})" if kind.kind == "decimal" else SQL_NAMES[kind.kind]


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def as_text(column, kind):
    """A staged value: text that PostgreSQL reads back to the same value."""
    if kind.kind in ("fixed", "binary"):
        return f.lower(f.hex(column))
    if kind.kind in ("timestamp", "timestamptz"):
        zone = "'+00'" if kind.kind == "timestamptz" else ""
        return f.date_format(column, "yyyy-MM-dd HH:mm:ss.SSSSSS" + zone)
    if kind.kind == "string":
        return f.translate(column, NUL, SYMBOL_FOR_NUL)
    return column.cast("string")


def from_text(name, kind):
    """The SQL expression that reads a staged value."""
    staged = f"s.{quoted(name)}"
    if kind.kind in ("fixed", "binary"):
        return f"decode({staged}, 'hex')"
    return f"{staged}::{sql_name(kind)}"


class Operational:
    """`properties` are those of the JDBC driver, user and password among them."""

    def __init__(self, session, url, properties):
        self.session, self.url, self.properties = session, url, dict(properties)

    def prepare(self, tables):
        statements = [
            f"CREATE TABLE IF NOT EXISTS {MARKS} (query text NOT NULL, table_name text NOT NULL, batch bigint NOT NULL, "
            "step bigint NOT NULL, PRIMARY KEY (query, table_name))"]
        statements += [create_statement(table) for table in tables if table.operational]
        self.transaction(lambda run: [run(statement) for statement in statements])

    def apply(self, table, rows, mark, replaces_all=False):
        """Brings the rows in, unless the database has the mark. `rows` have `k` and the expanded values: `r` writes a
        row, `i` one whose key must not be there, `d` deletes."""
        if not table.operational or self.is_done(table, mark):
            return False
        stage = f"_dipper_spark_stage_{uuid.uuid4().hex}"
        columns = ", ".join(f"{quoted(column.name)} text" for column in table.columns)
        self.transaction(lambda run: run(f"CREATE UNLOGGED TABLE {stage} (k text, {columns})"))
        try:
            staged = rows.select("k", *[
                as_text(f.col(value), column.type).alias(column.name)
                for value, column in zip(value_names(table), table.columns)])
            staged.write.jdbc(self.url, stage, mode="append", properties={**self.properties, "driver": DRIVER})
            return self.transaction(lambda run: self.bring_in(run, table, stage, mark, replaces_all))
        finally:
            self.transaction(lambda run: run(f"DROP TABLE IF EXISTS {stage}"))

    def is_done(self, table, mark):
        return self.transaction(lambda run: self.stored_order(run, table, mark)) >= mark.order

    @staticmethod
    def stored_order(run, table, mark):
        rows = run(
            f"SELECT batch, step FROM {MARKS} WHERE query = {literal(mark.query)} AND table_name = {literal(table.name)}")
        return rows[0] if rows else (-1, -1)

    def bring_in(self, run, table, stage, mark, replaces_all):
        lock = literal(f"dipper spark {mark.query} {table.name}")
        run(f"SELECT pg_advisory_xact_lock(hashtextextended({lock}, 0))::text, 0")
        if self.stored_order(run, table, mark) >= mark.order:
            return False
        if replaces_all:
            run(f"DELETE FROM {quoted(table.name)}")
        for statement in upsert_statements(table, stage):
            run(statement)
        run(f"INSERT INTO {MARKS} VALUES ({literal(mark.query)}, {literal(table.name)}, {mark.batch}, {mark.step}) "
            "ON CONFLICT (query, table_name) DO UPDATE SET batch = excluded.batch, step = excluded.step")
        return True

    def transaction(self, work):
        """Runs `work(run)` in one transaction of the driver's process; `run` gives a query's rows as pairs of numbers."""
        connection = self.connect()
        try:
            connection.setAutoCommit(False)
            result = work(lambda statement: run(connection, statement))
            connection.commit()
            return result
        except Exception:
            connection.rollback()
            raise
        finally:
            connection.close()

    def connect(self):
        jvm = self.session._jvm
        # The driver came with Spark's jars, which only Spark's own class loader knows.
        loader = jvm.org.apache.spark.util.Utils.getContextOrSparkClassLoader()
        driver = jvm.java.lang.Class.forName(DRIVER, True, loader).newInstance()
        properties = jvm.java.util.Properties()
        for name, value in self.properties.items():
            properties.setProperty(name, value)
        return driver.connect(self.url, properties)


def run(connection, statement):
    prepared = connection.createStatement()
    try:
        if not prepared.execute(statement):
            return []
        rows, answer = [], prepared.getResultSet()
        while answer.next():
            rows.append(tuple(int(text) if text and text.lstrip("-").isdigit() else text for text in (
                answer.getString(1), answer.getString(2))))
        return rows
    finally:
        prepared.close()


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def create_statement(table):
    parts = [
        f"{quoted(column.name)} {sql_name(column.type)}" + (" NOT NULL" if column.name in table.key else "")
        for column in table.columns]
    if table.key:
        parts.append(f"PRIMARY KEY ({', '.join(map(quoted, table.key))})")
    return f"CREATE TABLE IF NOT EXISTS {quoted(table.name)} ({', '.join(parts)})"


def upsert_statements(table, stage):
    target, names = quoted(table.name), [column.name for column in table.columns]
    columns = ", ".join(map(quoted, names))
    values = ", ".join(from_text(column.name, column.type) for column in table.columns)
    insert = f"INSERT INTO {target} ({columns}) SELECT {values} FROM {stage} s"
    if not table.key:
        return [insert]
    key = ", ".join(map(quoted, table.key))
    match = " AND ".join(
        f"t.{quoted(name)} = {from_text(name, table.column(name).type)}" for name in table.key)
    others = [name for name in names if name not in table.key]
    changes = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in others)
    return [
        f"DELETE FROM {target} t USING {stage} s WHERE s.k = 'd' AND {match}",
        f"{insert} WHERE s.k = 'r' ON CONFLICT ({key}) " + (f"DO UPDATE SET {changes}" if changes else "DO NOTHING"),
        f"{insert} WHERE s.k = 'i' ON CONFLICT ({key}) DO NOTHING"]
