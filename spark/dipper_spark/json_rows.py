"""Reads JSON rows into values, each accepted or refused for its first fault, by the rules of Dipper's batches."""

from dipper_spark import json_scan
from dipper_spark.csv_parser import Reject
from dipper_spark.errors import FileFault
from dipper_spark.faults import ColumnRule, FieldFault
from dipper_spark.json_scan import NotJSON, StringFault

RAW_BYTES_MAX = 64 << 10
DEPTH_MAX = 8
#: The body's array and the row.
DEPTH_OF_FIELDS = 2
SHOWN_NAME_BYTES_MAX = 128
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
STRING_MESSAGES = {
    "control-character": "has a control character; escape it", "utf8-invalid": "is not UTF-8",
    "surrogate-lone": "has half of a surrogate pair, which is no character",
    "depth-exceeded": f"arrays and objects are nested deeper than {DEPTH_MAX}"}
EXPECTED = {
    "boolean": "true or false", "int": "a whole number", "long": "a whole number",
    "float": "a number, or its digits in quotes,", "double": "a number, or its digits in quotes,",
    "decimal": "a number, or its digits in quotes,", "date": 'a date such as "2021-11-07"',
    "timestamp": 'a time such as "2021-11-07T02:48:42Z"', "timestamptz": 'a time such as "2021-11-07T02:48:42Z"',
    "time": 'a time such as "02:48:42"', "string": "a string", "uuid": "a UUID in quotes",
    "fixed": "hexadecimal digits in quotes", "binary": "hexadecimal digits in quotes"}


class RowReader:
    """Reads one object after the other. What it finds wrong first is the row's fault: `(column, code, message)`."""

    def __init__(self, table, depth_max=DEPTH_MAX):
        self.table, self.depth_max = table, depth_max
        self.rules = [ColumnRule(column, table.is_required(column), quote=-1) for column in table.columns]
        self.names = {}
        for names in ([column.name] for column in table.columns), (column.aliases for column in table.columns):
            for index, group in enumerate(names):
                for name in group:
                    self.names.setdefault(name.lower(), index)
        self.listed = ", ".join(column.name for column in table.columns)

    def read(self, text, at):
        """`(values or None, fault or None, position behind the row)`. Raises `NotJSON`."""
        self.fault, self.values, self.seen = None, [None] * len(self.rules), set()
        byte, at = json_scan.peek(text, at)
        if byte != 0x7B:
            at, kind, _ = json_scan.skip(text, at, self.depth_max)
            self.refuse(None, "row-not-object", f"the row is {kind}; send an object with {self.listed}")
            return None, self.fault, at
        at = self.fields(text, at + 1)
        if self.fault is None:
            self.require()
        return (None if self.fault else self.values), self.fault, at

    def fields(self, text, at):
        byte, behind = json_scan.peek(text, at)
        if byte == 0x7D:
            return behind + 1
        while True:
            byte, at = json_scan.peek(text, at)
            if byte != 0x22:
                raise NotJSON("a field name in quotes is expected", text, at)
            bounds, at = json_scan.string(text, at)
            column = self.column(text, bounds)
            byte, at = json_scan.peek(text, at)
            if byte != 0x3A:
                raise NotJSON(": is expected", text, at)
            at = json_scan.space(text, at + 1)
            if column is not None and self.fault is None:
                at = self.value(text, at, column)
            else:
                at, _, fault = json_scan.skip(text, at, self.depth_max - DEPTH_OF_FIELDS)
                self.refuse_skipped(fault)
            byte, at = json_scan.peek(text, at)
            if byte == 0x7D:
                return at + 1
            if byte != 0x2C:
                raise NotJSON(", or } is expected", text, at)
            at += 1

    def refuse(self, column, code, message):
        if self.fault is None:
            self.fault = (column, code, message)

    def refuse_skipped(self, code):
        if code == "depth-exceeded":
            self.refuse(None, code, STRING_MESSAGES[code])
        elif code:
            self.refuse(None, code, f"a field's name {STRING_MESSAGES[code]}")

    def column(self, text, bounds):
        """The column that a field is for; `None` for one that is to be skipped."""
        try:
            name = json_scan.content(text, bounds)
        except StringFault as fault:
            self.refuse(None, fault.code, f"a field's name {STRING_MESSAGES[fault.code]}")
            return None
        column = self.names.get(name.decode("utf-8").lower())
        if column is None:
            if self.table.undeclared == "reject":
                shown = name[:SHOWN_NAME_BYTES_MAX].decode("utf-8", "replace")
                self.refuse(
                    shown, "field-unknown", f"`{shown}` is no column of {self.table.name}; it has {self.listed}")
            return None
        if column in self.seen:
            declared = self.table.columns[column].name
            self.refuse(declared, "field-repeated", f"`{declared}` stands in the row twice; send it once")
            return None
        self.seen.add(column)
        return column

    def value(self, text, at, column):
        if at >= len(text):
            raise NotJSON("a value is expected", text, at)
        byte, name = text[at], self.table.columns[column].name
        if byte == 0x22:
            bounds, at = json_scan.string(text, at)
            try:
                self.checked(json_scan.content(text, bounds), column)
            except StringFault as fault:
                self.refuse(name, fault.code, f"`{name}` {STRING_MESSAGES[fault.code]}")
            return at
        if byte == 0x2D or 0x30 <= byte <= 0x39:
            end = json_scan.number(text, at)
            if self.table.columns[column].type.is_number:
                self.checked(text[at:end], column)
            else:
                self.mismatch("a number", column)
            return end
        end, kind, fault = json_scan.skip(text, at, self.depth_max - DEPTH_OF_FIELDS)
        self.refuse_skipped(fault)
        if byte == 0x6E:
            if self.rules[column].is_required:
                self.missing(column)
        elif self.table.columns[column].type.kind == "boolean" and byte in b"tf":
            self.values[column] = byte == 0x74
        else:
            self.mismatch(kind, column)
        return end

    def checked(self, content, column):
        """A text by the rules of a CSV field."""
        rule = self.rules[column]
        try:
            self.values[column] = rule.content(content)
        except FieldFault as fault:
            self.refuse(rule.name, fault.code, rule.describe(fault, content, 0, is_quoted=False))

    def mismatch(self, kind, column):
        declared = self.table.columns[column]
        self.refuse(
            declared.name, "type-mismatch",
            f"`{declared.name}` is {kind} where {EXPECTED[declared.type.kind]} is expected")

    def missing(self, column):
        declared = self.table.columns[column]
        self.refuse(declared.name, "value-missing", f"`{declared.name}` is required; send a {declared.type}")

    def require(self):
        for column, rule in enumerate(self.rules):
            if column not in self.seen and rule.is_required:
                return self.missing(column)


def array_rows(table, body):
    """Each row of a JSON array: `(byte offset, line, raw, values or None, fault or None)`.

    Raises `FileFault` when the body as a whole is no array of rows: nothing of it counts then."""
    reader, rows = RowReader(table), []
    at = len(BYTE_ORDER_MARK) if body.startswith(BYTE_ORDER_MARK) else 0
    try:
        byte, at = json_scan.peek(body, at)
        if byte != 0x5B:
            raise NotJSON("a JSON array of objects is expected", body, at)
        at += 1
        byte, behind = json_scan.peek(body, at)
        while byte != 0x5D:
            start = json_scan.space(body, at)
            values, fault, at = reader.read(body, start)
            rows.append((start, 1 + body.count(b"\n", 0, start), body[start:at], values, fault))
            byte, behind = json_scan.peek(body, at)
            if byte not in (0x2C, 0x5D):
                raise NotJSON(", or ] is expected", body, behind)
            at = behind + 1
        if not rows:
            at = behind + 1
        at = json_scan.space(body, at)
        if at < len(body):
            raise NotJSON("nothing more is expected behind the array", body, at)
    except NotJSON as failure:
        raise FileFault("json-syntax", f"the body is no JSON: {failure.message} (byte {failure.at})") from None
    return rows


def object_row(table, body):
    """The same for a body that is one row."""
    reader = RowReader(table, DEPTH_MAX + 1)
    try:
        start = json_scan.space(body, 0)
        values, fault, at = reader.read(body, start)
        if json_scan.space(body, at) < len(body):
            raise NotJSON("nothing more is expected behind the object", body, at)
    except NotJSON as failure:
        message = f"the line is no JSON: {failure.message} (byte {min(failure.at, len(body)) + 1} of it)"
        return 0, 1, body, None, (None, "json-syntax", message)
    return start, 1, body[start:at], values, fault


def reject(row):
    """The reject of a refused row."""
    offset, line, raw, _, (column, code, message) = row
    return Reject(line, offset, column, code, message, raw[:RAW_BYTES_MAX], len(raw) > RAW_BYTES_MAX)
