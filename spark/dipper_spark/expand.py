"""Records to rows: each record is read, judged and turned into rows, rejects and a summary by one task.

The result has one line for each of these, told apart by `k`: `r` a row, `d` a delete by key, `x` a reject, `s` the summary
of a record. `p`, `o` and `n` are partition, offset and number within the record: the order of the log.
"""

from dipper_spark import batch_coding, calendar_days, csv_sniffer, json_rows, records
from dipper_spark.csv_parser import Reject, RowParser
from dipper_spark.csv_rows import RowGrammar, RowReader
from dipper_spark.errors import FileFault

FIXED = (
    ("p", "int"), ("o", "bigint"), ("n", "bigint"), ("k", "string"), ("line", "bigint"), ("byte_offset", "bigint"),
    ("raw", "binary"), ("raw_truncated", "boolean"), ("column_name", "string"), ("code", "string"),
    ("message", "string"), ("job_id", "string"), ("file_sha256", "string"), ("delimiter", "string"),
    ("read_rows", "bigint"), ("blank_rows", "bigint"), ("rejected_rows", "bigint"))
ROWS_PER_BATCH = 50_000
BYTES_PER_BATCH = 64 << 20


def value_names(table):
    """Names of the columns that hold the silver table's values, in its order."""
    return [f"v{index}" for index in range(len(table.silver_columns))]


def schema(table):
    values = [f"{name} {kind.spark_name()}" for name, (_, kind) in zip(value_names(table), table.silver_columns)]
    return ", ".join([f"{name} {kind}" for name, kind in FIXED] + values)


def expand(frame, table, bronze):
    """Rows of the records in `frame` (`records.COLUMNS`), all of one table."""
    def work(batches):
        for batch in batches:
            for record in batch.to_pylist():
                yield from Expansion(record, table, bronze).batches()

    return frame.mapInArrow(work, schema(table))


class Expansion:
    """What one record brings, in Arrow batches."""

    def __init__(self, record, table, bronze):
        self.record, self.table, self.bronze = record, table, bronze
        self.value = bytes(record["value"] or b"")
        self.sha256, self.delimiter = record["sha256"], None
        self.read, self.blank, self.rejected, self.number = 0, 0, 0, 0
        self.keeps_raw = table.may_refuse_later
        sources = {column.name: index for index, column in enumerate(table.columns)}
        self.derived = [(sources[d.source], d.part) for d in table.derived]
        self.clear()

    def clear(self):
        self.rows, self.numbers, self.places, self.rejects, self.byte_count = [], [], [], [], 0

    def batches(self):
        """Raises `DipperSparkError` for what a later try may mend, or a record that nobody can read."""
        kind, error = self.record["kind"], None
        records.check_kind(kind)
        try:
            if kind == records.FILE:
                yield from self.file()
            elif kind in (records.BATCH, records.DELETE):
                self.coded()
            else:
                self.json(kind)
        except FileFault as fault:
            # Nothing of the record counts: what was given of it before is left out by whoever reads the summary.
            error = fault
        if error is None:
            yield from self.flush("d" if kind == records.DELETE else "r")
        yield self.summary(error)

    # Reading

    def file(self):
        reference = records.FileReference.read(self.value)
        self.sha256 = reference.sha256
        read = self.bronze.open(reference.key)
        prefix = b""
        while len(prefix) <= csv_sniffer.PREFIX_BYTES_MAX:
            block = read(csv_sniffer.PREFIX_BYTES_MAX + 1 - len(prefix))
            if not block:
                break
            prefix += block
        is_whole = len(prefix) <= csv_sniffer.PREFIX_BYTES_MAX
        layout = csv_sniffer.sniff(prefix, is_whole, self.table, reference.delimiter, reference.header)
        self.delimiter = chr(layout.delimiter)
        parser = RowParser(self.table, layout)
        rows = RowReader(
            read, RowGrammar(layout.delimiter, layout.quote), layout.data_offset, layout.data_line,
            prefix[layout.data_offset:])
        for offset, line, row in rows:
            self.read += 1
            result = parser.parse(offset, line, row)
            if result is None:
                self.blank += 1
            elif isinstance(result, Reject):
                self.reject(result)
            else:
                self.take(result, (line, offset, row.raw))
            if len(self.rows) >= ROWS_PER_BATCH or self.byte_count >= BYTES_PER_BATCH:
                yield from self.flush("r")

    def coded(self):
        batch = batch_coding.decode(self.value, self.table)
        self.read, self.blank = batch.rows_read, batch.blank_rows
        for reject in batch.rejects:
            self.reject(reject)
        for index, values in enumerate(batch.rows):
            offset, line, raw = batch.origins[index] if batch.origins else (index, 0, b"")
            self.take(values, (line, offset, raw))

    def json(self, kind):
        self.sha256 = records.sha_of(self.value, self.sha256)
        for row in self.json_rows(kind == records.PLAIN):
            self.read += 1
            offset, line, raw, values, fault = row
            if fault is not None:
                self.reject(json_rows.reject(row))
            else:
                self.take(values, (line, offset, raw))

    def json_rows(self, is_plain):
        """A value that nobody has looked at before is quarantined as a whole when it is no JSON: its log may forget it."""
        if is_plain and self.value.lstrip()[:1] == b"{":
            return [json_rows.object_row(self.table, self.value)]
        try:
            return json_rows.array_rows(self.table, self.value)
        except FileFault as fault:
            if not is_plain:
                raise
            return [(0, 1, self.value, None, (None, fault.code, fault.message))]

    def take(self, values, place):
        self.number += 1
        self.rows.append(values)
        self.numbers.append(self.number)
        if self.keeps_raw:
            self.places.append(place)
            self.byte_count += len(place[2])

    def reject(self, reject):
        self.number += 1
        self.rejected += 1
        self.rejects.append((self.number, reject))
        self.byte_count += len(reject.raw)

    # Writing

    def flush(self, kind):
        if self.rows:
            yield self.row_batch(kind)
        if self.rejects:
            yield self.reject_batch()
        self.clear()

    def row_batch(self, kind):
        columns = list(map(list, zip(*self.rows)))
        for source, part in self.derived:
            columns.append(derived(columns[source], self.table.columns[source].type, part))
        fixed = {"k": kind, "n": self.numbers}
        if self.keeps_raw:
            fixed.update(zip(("line", "byte_offset", "raw"), map(list, zip(*self.places))))
            fixed["raw_truncated"] = False
        return self.arrow(len(self.rows), fixed, columns)

    def reject_batch(self):
        rejects = [reject for _, reject in self.rejects]
        fixed = {
            "k": "x", "n": [number for number, _ in self.rejects], "line": [r.line for r in rejects],
            "byte_offset": [r.byte_offset for r in rejects], "raw": [r.raw for r in rejects],
            "raw_truncated": [r.is_truncated for r in rejects], "column_name": [r.column for r in rejects],
            "code": [r.code for r in rejects], "message": [r.message for r in rejects]}
        return self.arrow(len(rejects), fixed)

    def summary(self, error):
        fixed = {
            "k": "s", "n": 0, "read_rows": self.read, "blank_rows": self.blank, "rejected_rows": self.rejected}
        if error is not None:
            fixed.update(code=error.code, message=error.message)
        return self.arrow(1, fixed)

    def arrow(self, count, fixed, values=None):
        """A batch; what is no list stands in every line, what is not given is null."""
        import pyarrow as pa

        kinds = {
            "int": pa.int32(), "bigint": pa.int64(), "string": pa.string(), "binary": pa.binary(),
            "boolean": pa.bool_()}
        fixed = {
            "p": self.record["partition"], "o": self.record["offset"], "job_id": self.record["id"],
            "file_sha256": self.sha256, "delimiter": self.delimiter, **fixed}
        arrays = []
        for name, kind in FIXED:
            found = fixed.get(name)
            arrays.append(pa.array(found if isinstance(found, list) else [found] * count, kinds[kind]))
        for index, (_, kind) in enumerate(self.table.silver_columns):
            arrays.append(kind.arrow(values[index] if values else [None] * count))
        names = [name for name, _ in FIXED] + value_names(self.table)
        return pa.RecordBatch.from_arrays(arrays, names=names)


def derived(values, kind, part):
    """The part of each value, in UTC."""
    divisor, known = 1 if kind.kind == "date" else calendar_days.MICROSECONDS_PER_DAY, {None: None}
    found = []
    for value in values:
        day = None if value is None else value // divisor
        if day not in known:
            known[day] = calendar_days.part(day, part)
        found.append(known[day])
    return found
