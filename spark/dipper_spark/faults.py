"""What a column asks of its fields, and why a field makes its row a reject: codes and messages as Dipper's."""

import re

from dipper_spark import value_text
from dipper_spark.bounds import within
from dipper_spark.errors import DipperSparkError
from dipper_spark.number_text import Unreadable


class FieldFault(Exception):
    """`detail` is what the message needs beside the field."""

    def __init__(self, code, detail=None):
        super().__init__(code)
        self.code, self.detail = code, detail


class ColumnRule:
    """The rules of one column. `read` takes a field as it stands in a file, `content` one without its quotes."""

    def __init__(self, column, is_required, quote=0x22):
        self.name, self.type, self.is_required, self.quote = column.name, column.type, is_required, quote
        self.low, self.high = column.minimum, column.maximum
        self.is_text = column.type.kind == "string"
        self.pattern_text = column.pattern if self.is_text else None
        self.pattern = None
        if self.pattern_text is not None:
            try:
                self.pattern = re.compile(self.pattern_text)
            except re.error as error:
                raise DipperSparkError(
                    "pattern-invalid", f"the pattern of column \"{column.name}\" is no regular expression: {error}",
                    "correct it in the model file") from error
        self.parse = None if self.is_text else value_text.parser(column.type)
        self.has_bounds = self.low is not None or self.high is not None

    def read(self, field):
        """The value of a field, quotes included; `None` for null.

        Raises `FieldFault`."""
        if not field:
            if self.is_required:
                raise FieldFault("value-missing")
            return None
        if field[0] == self.quote:
            return self.content(unquoted(field, self.quote))
        return self.content(field)

    def content(self, content):
        if self.is_text:
            return self.text(content)
        trimmed = content.strip(b" \t")
        if not trimmed:
            if self.is_required:
                raise FieldFault("value-missing")
            return None
        try:
            value = self.parse(trimmed)
        except Unreadable as reason:
            raise FieldFault("value-invalid" if reason.is_invalid else "value-out-of-range", reason.reason) from None
        if self.has_bounds and not within(value, self.low, self.high):
            raise FieldFault("value-out-of-range")
        return value

    def text(self, content):
        if not content and self.is_required:
            raise FieldFault("value-missing")
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise FieldFault("utf8-invalid", (error.start, content[error.start])) from None
        if self.pattern is not None and not self.pattern.fullmatch(text):
            raise FieldFault("pattern-mismatch")
        return text

    def describe(self, fault, field, start, is_quoted=True):
        """The message. `start` is where the field stands in the file."""
        content = field
        if is_quoted and field and field[0] == self.quote and fault.code not in ("quote-misplaced", "quote-unterminated"):
            content = unquoted(field, self.quote)
        shown = value_text.shown(content if self.is_text else content.strip(b" \t"))
        return f'column "{self.name}": ' + self.reason(fault, field, shown, start)

    def reason(self, fault, field, shown, start):
        if fault.code == "value-missing":
            return "there is no value, and the column is required"
        if fault.code == "quote-misplaced":
            return (f"there is text behind the closing quote of {value_text.shown(field)}; a quote inside quotes is "
                    "written twice")
        if fault.code == "quote-unterminated":
            return "a quote opens here that nothing closes"
        if fault.code == "pattern-mismatch":
            return f"{shown} does not match the pattern {self.pattern_text}"
        if fault.code == "utf8-invalid":
            offset, byte = fault.detail
            return (f"the text is not UTF-8: byte {offset} of it is 0x{byte:02x}; see byte "
                    f"{start + first_invalid(field)} of the file")
        if fault.detail is not None:
            return f"{shown} is no {self.type}: {fault.detail}; expected {value_text.expectation(self.type)}"
        return f"{shown} is outside the bounds; expected {self.bounds_text()}"

    def bounds_text(self):
        low = None if self.low is None else f"at least {value_text.text_of(self.low, self.type)}"
        high = None if self.high is None else f"at most {value_text.text_of(self.high, self.type)}"
        return " and ".join(part for part in (low, high) if part)


def unquoted(field, quote):
    """The content of a field that begins with a quote."""
    mark = bytes((quote,))
    inner = field[1:-1]
    if len(field) >= 2 and field[-1] == quote and mark not in inner:
        return inner
    at = 1
    while True:
        at = field.find(mark, at)
        if at < 0:
            raise FieldFault("quote-unterminated")
        if field[at + 1:at + 2] == mark:
            at += 2
        elif at + 1 == len(field):
            return inner.replace(mark + mark, mark)
        else:
            raise FieldFault("quote-misplaced")


def first_invalid(text):
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return 0
