"""The form that a batch's rows have in Dipper's log (record kinds `batch/2` and `delete/1`).

Counts; each column with name, type, validity and values; each refused row with its verdict; each accepted row's origin, if
the table may refuse it later. Integers are little-endian, texts stand behind their length.
"""

import dataclasses
import struct

from dipper_spark.csv_parser import Reject
from dipper_spark.errors import DipperSparkError
from dipper_spark.primitive import PrimitiveType

NONE = 0xFFFF_FFFF
FORMATS = {
    "int": "i", "date": "i", "long": "q", "time": "q", "timestamp": "q", "timestamptz": "q", "float": "f", "double": "d",
    "boolean": "?"}


@dataclasses.dataclass
class Batch:
    rows_read: int
    blank_rows: int
    #: Values in the order in which the table declares its columns.
    rows: list
    rejects: list
    #: `(byte offset, line, raw)` of each row, or none.
    origins: list


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if len(self.data) - self.at < count:
            raise corrupt()
        self.at += count
        return self.data[self.at - count:self.at]

    def unpack(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))

    def count(self):
        return self.unpack("I")[0]

    def sized(self):
        return self.take(self.count())

    def text(self):
        count = self.count()
        return None if count == NONE else self.take(count).decode("utf-8", "replace")

    def place(self):
        index, offset, line = self.unpack("IQI")
        return index, offset, line

    def column(self, kind, count):
        valid = None
        if self.unpack("B")[0]:
            valid = self.unpack(f"{(count + 63) // 64}Q")
        values = self.values(kind, count)
        if valid is None:
            return values
        return [value if valid[row >> 6] >> (row & 63) & 1 else None for row, value in enumerate(values)]

    def values(self, kind, count):
        if kind.kind in FORMATS:
            return list(self.unpack(f"{count}{FORMATS[kind.kind]}"))
        if kind.kind in ("string", "binary"):
            length = self.count()
            offsets, data = self.unpack(f"{count + 1}I"), self.take(length)
            pieces = [data[a:b] for a, b in zip(offsets, offsets[1:])]
            return [piece.decode("utf-8") for piece in pieces] if kind.kind == "string" else pieces
        width = {"decimal": 16, "uuid": 16}.get(kind.kind, kind.length)
        data = self.take(count * width)
        pieces = [data[row * width:(row + 1) * width] for row in range(count)]
        if kind.kind == "decimal":
            return [int.from_bytes(piece, "little", signed=True) for piece in pieces]
        return pieces


def decode(data, table):
    """Raises `DipperSparkError` for a record that is damaged, or of columns that have other types today."""
    reader = Reader(data)
    reader.unpack("Q")
    rows_read, blank_rows, row_count, column_count = reader.unpack("4I")
    columns = {}
    for _ in range(column_count):
        name, text = reader.text(), reader.text()
        kind = PrimitiveType.parse(text or "")
        if name is None or kind is None:
            raise corrupt()
        columns[name] = (kind, reader.column(kind, row_count))
    rejects = []
    for _ in range(reader.count()):
        _, offset, line = reader.place()
        column, code, message = reader.text(), reader.text(), reader.text()
        raw = reader.sized()
        rejects.append(Reject(line, offset, column, code, message, raw, reader.unpack("B")[0] == 1))
    origins = [(*reader.place()[1:], reader.sized()) for _ in range(reader.count())]
    if reader.at != len(data):
        raise corrupt()
    return Batch(rows_read, blank_rows, declared(columns, row_count, table), rejects, origins)


def declared(columns, row_count, table):
    """The rows in the columns that the table declares now: one declared since is null, one that is gone is left out."""
    vectors = []
    for column in table.columns:
        kind, values = columns.get(column.name, (column.type, [None] * row_count))
        if kind != column.type:
            raise DipperSparkError(
                "log-record-retyped", f"a logged batch has {column.name} as {kind}, the model as {column.type}",
                "work the log up to the change of the model before it is made")
        vectors.append(values)
    return [list(row) for row in zip(*vectors)]


def corrupt():
    return DipperSparkError(
        "log-record-corrupt", "a logged batch is shorter or longer than it says", "restore the log from a copy")
