"""The model file (docs/model.md), as far as Spark needs it. `dipper serve` is the judge of the file: what it would refuse
is not looked for here, but for what would make Spark do something else than it does."""

import dataclasses
import pathlib

from dipper_spark.bounds import bound
from dipper_spark.errors import DipperSparkError
from dipper_spark.primitive import PrimitiveType

HIRING = pathlib.Path(__file__).resolve().parent / "hiring.yaml"


@dataclasses.dataclass(frozen=True)
class Column:
    name: str
    type: PrimitiveType
    aliases: tuple = ()
    required: bool = False
    minimum: object = None
    maximum: object = None
    pattern: str = None
    doc: str = None


@dataclasses.dataclass(frozen=True)
class Derived:
    name: str
    part: str
    source: str


@dataclasses.dataclass(frozen=True)
class Reference:
    column: str
    table: str
    action: str


@dataclasses.dataclass(frozen=True)
class Table:
    name: str
    silver: str
    columns: tuple
    key: tuple = ()
    derived: tuple = ()
    partition: tuple = ()
    references: tuple = ()
    conflict: str = "replace"
    operational: bool = True
    undeclared: str = "reject"

    @property
    def silver_columns(self):
        """Names and types of the silver table's columns: the declared ones, then the derived ones."""
        derived = [(column.name, PrimitiveType("int")) for column in self.derived]
        return [(column.name, column.type) for column in self.columns] + derived

    @property
    def may_refuse_later(self):
        """Whether rows that are valid by themselves may be refused by what the lake holds."""
        return self.conflict == "reject" or any(reference.action == "reject" for reference in self.references)

    def column(self, name):
        return next(column for column in self.columns if column.name == name)

    def is_required(self, column):
        return column.required or column.name in self.key


@dataclasses.dataclass(frozen=True)
class Gold:
    """A table defined by SQL: its declared columns as `(name, type)`, and the gold tables that it is made of."""

    name: str
    sql: str
    columns: tuple = ()
    sources: tuple = ()


@dataclasses.dataclass(frozen=True)
class Model:
    tables: tuple
    gold: tuple = ()

    def table(self, name):
        for table in self.tables:
            if table.name == name:
                return table
        raise DipperSparkError(
            "table-unknown", f"the model has no table {name}",
            f"it has {', '.join(table.name for table in self.tables)}")

    def in_order(self):
        """The tables, referenced ones before those that refer to them, as far as references go one way."""
        placed, waiting = [], list(self.tables)
        while waiting:
            names = {table.name for table in waiting}
            free = [
                table for table in waiting
                if not any(r.table in names and r.table != table.name for r in table.references)]
            placed += free or waiting
            waiting = [table for table in waiting if table not in placed]
        return placed


def load_model(path=None):
    """Reads a model file; the hiring model without one."""
    import yaml

    source = pathlib.Path(path) if path else HIRING
    # Every scalar stays the text that it is, as Dipper reads it: YAML 1.1 would make a truth value of `on`.
    root = yaml.load(source.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    if not isinstance(root, dict) or not root.get("tables"):
        raise DipperSparkError("model-empty", f"{source.name} declares no tables", "declare them under `tables:`")
    return Model(tuple(map(table, root["tables"])), tuple(map(gold, root.get("gold") or ())))


def gold(fields):
    columns = tuple((entry["name"], kind(entry["type"])) for entry in fields.get("columns", ()))
    return Gold(fields["name"], fields["sql"], columns, tuple(fields.get("from", ())))


def kind(text):
    found = PrimitiveType.parse(text)
    if found is None:
        raise DipperSparkError("model-type-unknown", f"`{text}` is no type", "see docs/model.md")
    return found


def table(fields):
    columns = tuple(column(entry) for entry in fields["columns"])
    found = Table(
        name=fields["name"], silver=fields.get("silver", fields["name"] + "_cleaned"), columns=columns,
        key=tuple(fields.get("key", ())),
        derived=tuple(Derived(entry["name"], entry["part"], entry["from"]) for entry in fields.get("derived", ())),
        partition=tuple(fields.get("partition", ())),
        references=tuple(
            Reference(entry["column"], entry["table"], entry.get("action", "warn"))
            for entry in fields.get("references", ())),
        conflict=fields.get("conflict", "replace"), operational=flag(fields.get("operational", "true")),
        undeclared=fields.get("undeclared", "reject"))
    if found.undeclared == "evolve":
        raise DipperSparkError(
            "model-not-built", f"{found.name}: Spark does not `evolve` tables", "use `reject` or `ignore`")
    for _, stored in found.silver_columns:
        stored.spark_name()
    return found


def column(fields):
    found = kind(fields["type"])
    return Column(
        name=fields["name"], type=found, aliases=tuple(fields.get("aliases", ())),
        required=flag(fields.get("required", "false")), minimum=bound(fields.get("min"), found),
        maximum=bound(fields.get("max"), found), pattern=fields.get("pattern"), doc=fields.get("doc"))


def flag(text):
    if text not in ("true", "false"):
        raise DipperSparkError("model-flag", f"`{text}` is neither true nor false", "write true or false")
    return text == "true"
