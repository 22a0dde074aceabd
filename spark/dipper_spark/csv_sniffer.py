"""Finds out from a file's first bytes how it is to be read for a table, by the rules of Dipper's sniffer.

1. Bytes of another format are refused. A byte order mark and Excel's `sep=` line are taken note of.
2. The delimiter is the one with which the first row names most columns; failing that, most rows hold values of the
   table's columns; failing that, most rows have the same number of fields. Apostrophes are quotes when this goes better
   with them than with the double quote.
3. Rows above one that names columns and nothing else are a preamble, unless they hold values of the columns.
4. The first row is a header when all its names are columns', or when some are and it does not hold values.
5. A header gives each column its field; without one, fields are the declared columns in order.
"""

import collections
import dataclasses

from dipper_spark import csv_header, csv_signature
from dipper_spark.csv_sample import Sample
from dipper_spark.errors import FileFault
from dipper_spark.faults import ColumnRule

PREFIX_BYTES_MAX = 1 << 20
DELIMITERS = b",;\t|"
QUOTES = b"\"'"


@dataclasses.dataclass
class Layout:
    """How a file is written and where its data begins."""

    delimiter: int
    quote: int
    field_count: int
    #: For each declared column its field, `None` where the file lacks the column.
    fields: list
    data_offset: int
    #: 1-based.
    data_line: int


def sniff(prefix, is_whole, table, delimiter=None, header=None):
    """Raises `FileFault` when the file as a whole cannot be read."""
    rules = [ColumnRule(column, table.is_required(column)) for column in table.columns]
    if delimiter is not None and (delimiter == 0x22 or not (delimiter == 0x09 or 0x1F < delimiter < 0x7F)):
        raise FileFault("delimiter-invalid", f"byte 0x{delimiter:02x} cannot be the delimiter")
    data = prefix[:PREFIX_BYTES_MAX]
    is_whole = is_whole and len(data) == len(prefix)
    csv_signature.check(data)
    start = csv_signature.Preamble(data)
    body = data[start.byte_count:]
    sample = choose(body, is_whole, delimiter if delimiter is not None else start.delimiter, table, rules)
    count = len(table.columns)
    layout = Layout(
        sample.delimiter, sample.quote, count, list(range(count)), start.byte_count, 1 + start.line_count)
    skipped = 0 if header is False else csv_header.preamble_rows(sample, rules, table)
    first = next((i for i in range(skipped, len(sample.rows)) if not sample.rows[i].is_blank), None)
    if first is None:
        check_empty(body, is_whole, sample, delimiter, header)
        return layout
    matched = csv_header.decide(sample, first, rules, table, header, start.line_count)
    if matched is None:
        if skipped:
            begin_behind(layout, sample.rows[skipped - 1], start)
        return layout
    layout.field_count, layout.fields = matched.layout()
    begin_behind(layout, sample.rows[first], start)
    return layout


def begin_behind(layout, row, start):
    layout.data_offset = start.byte_count + row.next
    layout.data_line = 1 + start.line_count + row.next_line


def choose(body, is_whole, delimiter, table, rules):
    """The sample that comes out best; what comes first wins a tie."""
    best, best_score = None, None
    for quote in QUOTES if b"'" in body else QUOTES[:1]:
        for candidate in DELIMITERS if delimiter is None else (delimiter,):
            if candidate == quote:
                continue
            sample = Sample(body, is_whole, candidate, quote)
            found = score(sample, table, rules)
            if best is None or best_score < found:
                best, best_score = sample, found
    return best


def score(sample, table, rules):
    rows = [row for row in sample.rows if not row.is_blank]
    names = max((found.matched for found in csv_header.candidates(sample, table)), default=0)
    typed = sum(1 for row in rows if sample.is_typed(row, rules))
    frequencies = collections.Counter(len(row.fields) for row in rows)
    even = 0
    if frequencies:
        count, rows_of_it = max(frequencies.items(), key=lambda item: (item[1], item[0]))
        even = rows_of_it if count > 1 else 0
    return names, typed, even


def check_empty(body, is_whole, sample, delimiter, header):
    if is_whole:
        raise FileFault("file-empty", "the file is empty" if not body else "the file has nothing but empty rows")
    if not sample.rows and (header is not False or delimiter is None):
        raise FileFault("header-too-long", f"the first row does not end within {len(body)} bytes")
