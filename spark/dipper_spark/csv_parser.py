"""Rows of a file, each accepted, blank or refused for its first fault in the order of the file's fields.

The rules for rows as a whole, in the order in which they are asked:
1. The file ends inside a quoted field: `quote-unterminated`.
2. The row is longer than a row may be: `row-too-long`.
3. More fields than a row may have: `too-many-fields`.
4. All fields are empty, without quotes: blank.
5. A byte 0: `nul-byte`. A field that is too long: `field-too-long`.
6. A field behind the expected ones that is neither empty nor `""`: `too-many-fields`.
7. The row ends before a required column: `too-few-fields`. Other columns that it ends before are null.
Then come the values, from the row's first field to its last.
"""

from dipper_spark.csv_rows import RAW_BYTES_MAX, ROW_BYTES_MAX
from dipper_spark.faults import ColumnRule, FieldFault

FIELDS_MAX = 16_384
FIELD_BYTES_MAX = 16 << 20
UNTERMINATED = "the file ends inside a quoted field; the quote that opens it is never closed"


class Reject:
    __slots__ = ("line", "byte_offset", "column", "code", "message", "raw", "is_truncated")

    def __init__(self, line, byte_offset, column, code, message, raw, is_truncated=False):
        self.line, self.byte_offset, self.column = line, byte_offset, column
        self.code, self.message, self.raw, self.is_truncated = code, message, raw, is_truncated


class RowParser:
    def __init__(self, table, layout, row_bytes_max=ROW_BYTES_MAX):
        self.layout, self.row_bytes_max = layout, row_bytes_max
        self.fields_max = max(FIELDS_MAX, layout.field_count)
        self.rules = [ColumnRule(column, table.is_required(column), layout.quote) for column in table.columns]
        order = sorted(range(len(self.rules)), key=lambda i: (layout.fields[i] is None, layout.fields[i] or 0, i))
        #: Columns in the order of their fields, those that the file lacks left out.
        self.by_field = [(i, layout.fields[i], self.rules[i]) for i in order if layout.fields[i] is not None]
        #: In declared order, when the file's fields are just these.
        self.readers = [rule.read for rule in self.rules] if layout.fields == list(range(len(self.rules))) else None

    def parse(self, offset, line, row):
        """The values in declared order, `None` for a blank row, or a `Reject`."""
        fields, expected = row.fields, self.layout.field_count
        if row.is_unterminated:
            return self.reject(offset, line, row, None, "quote-unterminated", UNTERMINATED)
        if row.byte_count > self.row_bytes_max:
            message = f"the row has {row.byte_count} bytes; the limit is {self.row_bytes_max}"
            return self.reject(offset, line, row, None, "row-too-long", message)
        if len(fields) != expected or len(row.raw) < expected or b"\0" in row.raw:
            verdict = self.judge(offset, line, row)
            if verdict is not None:
                return verdict or None
            fields = fields + [b""] * (expected - len(fields))
        try:
            if self.readers is not None:
                return [read(field) for read, field in zip(self.readers, fields)]
            values = [None] * len(self.rules)
            for column, field, rule in self.by_field:
                values[column] = rule.read(fields[field])
            return values
        except FieldFault:
            return self.explain(offset, line, row, fields)

    def judge(self, offset, line, row):
        """What the row as a whole makes: a `Reject`, `False` for blank, `None` for a row to convert."""
        fields, expected = row.fields, self.layout.field_count
        if len(fields) > self.fields_max:
            message = f"the row has more than {self.fields_max} fields"
            return self.reject(offset, line, row, None, "too-many-fields", message)
        if len(row.raw) == len(fields) - 1:
            return False
        nul = row.raw.find(b"\0")
        if nul >= 0:
            message = f"the row has a byte 0, {nul} bytes from its start"
            return self.reject(offset, line, row, None, "nul-byte", message)
        empty = (b"", bytes((self.layout.quote, self.layout.quote)))
        counts = f"the row has {len(fields)} fields where {expected} are expected"
        for index in range(expected, len(fields)):
            if fields[index] not in empty:
                message = f"{counts}, and field {index + 1} is not empty"
                return self.reject(offset, line, row, None, "too-many-fields", message)
        for _, field, rule in self.by_field:
            if rule.is_required and field >= len(fields):
                message = f'column "{rule.name}": {counts}, and the required column "{rule.name}" is missing'
                return self.reject(offset, line, row, rule.name, "too-few-fields", message)
        return None

    def explain(self, offset, line, row, fields):
        """The first field that fails."""
        starts, start = [], offset
        for field in fields:
            starts.append(start)
            start += len(field) + 1
        for _, field, rule in self.by_field:
            try:
                rule.read(fields[field])
            except FieldFault as fault:
                message = rule.describe(fault, fields[field], starts[field])
                return self.reject(offset, line, row, rule.name, fault.code, message)
        raise AssertionError("a row in which every field passes was failed")

    def reject(self, offset, line, row, column, code, message):
        kept = row.raw[:min(RAW_BYTES_MAX, self.row_bytes_max)]
        return Reject(line, offset, column, code, message, kept, len(kept) < row.byte_count)
