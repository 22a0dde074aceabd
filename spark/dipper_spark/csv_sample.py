"""The first rows of a file, cut with one delimiter and quote."""

from dipper_spark.csv_rows import RowGrammar
from dipper_spark.faults import FieldFault, unquoted

ROWS_MAX = 200


class SampleRow:
    def __init__(self, row, line):
        self.fields, self.start, self.next = row.fields, row.start, row.next
        self.end = row.start + len(row.raw)
        self.line, self.next_line = line, line + row.lines
        self.is_blank = len(row.raw) == len(row.fields) - 1


class Sample:
    def __init__(self, body, is_whole, delimiter, quote):
        self.delimiter, self.quote, self.rows = delimiter, quote, []
        grammar, at, line = RowGrammar(delimiter, quote), 0, 0
        while at < len(body) and len(self.rows) < ROWS_MAX:
            row = grammar.row(body, at, is_end=True)
            self.rows.append(SampleRow(row, line))
            at, line = row.next, line + row.lines
        if not is_whole and self.rows and self.rows[-1].end == len(body):
            self.rows.pop()

    def text(self, field):
        """The field's text without quotes, empty when it is not UTF-8 or badly quoted."""
        try:
            content = unquoted(field, self.quote) if field[:1] == bytes((self.quote,)) else field
            return content.decode("utf-8")
        except (FieldFault, UnicodeDecodeError):
            return ""

    def is_typed(self, row, rules):
        """Whether the row's fields are values of the columns in declared order."""
        for position, field in enumerate(row.fields):
            if position >= len(rules):
                if field:
                    return False
                continue
            rules[position].quote = self.quote
            try:
                rules[position].read(field)
            except FieldFault:
                return False
        return not any(rule.is_required for rule in rules[len(row.fields):])
