"""Reads Dipper's Parquet files with other people's readers and compares every value and the metadata.

usage: check_parquet.py FOLDER

FOLDER holds NAME.parquet and NAME.jsonl pairs, written by
`DIPPER_FIXTURE_DIR=FOLDER swift test --filter ForeignReaderFiles`. Needs pyarrow, duckdb, pytz, polars and fastparquet.
Exits with 1 when a reader sees anything else than what was written.
"""

import datetime
import decimal
import json
import math
import pathlib
import struct
import sys
import uuid

import duckdb
import fastparquet
import polars
import pyarrow.parquet as pq

EPOCH = datetime.datetime(1970, 1, 1)
EPOCH_UTC = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MICROSECOND = datetime.timedelta(microseconds=1)
decimal.getcontext().prec = 60


def expected_value(kind, value):
    """The Python value that stands for a text of the .jsonl file."""
    if value is None:
        return None
    if kind == "float":
        return struct.unpack(">f", bytes.fromhex(value.zfill(8)))[0]
    if kind == "double":
        return struct.unpack(">d", bytes.fromhex(value.zfill(16)))[0]
    if kind.startswith("decimal"):
        scale = int(kind.split(",")[1].strip(" )"))
        return decimal.Decimal(value).scaleb(-scale)
    if kind == "date":
        return EPOCH.date() + datetime.timedelta(days=value)
    if kind == "time":
        return (EPOCH + value * MICROSECOND).time()
    if kind == "timestamp":
        return EPOCH + value * MICROSECOND
    if kind == "timestamptz":
        return EPOCH_UTC + value * MICROSECOND
    if kind == "uuid" or kind == "binary" or kind.startswith("fixed"):
        return bytes.fromhex(value)
    return value


def normal(value):
    """Brings a reader's value to the form of expected_value, NaN to a text."""
    if isinstance(value, uuid.UUID):
        return value.bytes
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else (value, math.copysign(1, value))
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return value.astimezone(datetime.timezone.utc)
    return value


def read_pyarrow(path):
    table = pq.read_table(path, page_checksum_verification=True)
    for field in table.schema:
        assert field.metadata[b"PARQUET:field_id"].isdigit(), field
    # Storage of UUIDs: extension types turn into their storage.
    return [column.to_pylist() for column in table.columns]


def read_duckdb(path):
    connection = duckdb.connect()
    connection.execute("SET TimeZone='UTC'")
    rows = connection.execute(f"SELECT * FROM read_parquet('{path}')").fetchall()
    count = len(connection.execute(f"DESCRIBE SELECT * FROM read_parquet('{path}')").fetchall())
    return [[row[index] for row in rows] for index in range(count)]


def read_polars(path):
    frame = polars.read_parquet(path)
    return [frame[name].to_list() for name in frame.columns]


class Thrift:
    """A reader of the compact protocol that knows no schema: structures become dictionaries by field id."""

    def __init__(self, data, position=0):
        self.data, self.position = data, position

    def byte(self):
        self.position += 1
        return self.data[self.position - 1]

    def number(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def zigzag(self):
        value = self.number()
        return (value >> 1) ^ -(value & 1)

    def value(self, kind):
        if kind in (1, 2):
            return kind == 1
        if kind == 3:
            return int.from_bytes([self.byte()], "little", signed=True)
        if kind in (4, 5, 6):
            return self.zigzag()
        if kind == 8:
            size = self.number()
            self.position += size
            return bytes(self.data[self.position - size : self.position])
        if kind in (9, 10):
            header = self.byte()
            count, kind = header >> 4, header & 15
            count = self.number() if count == 15 else count
            return [self.byte() == 1 if kind in (1, 2) else self.value(kind) for _ in range(count)]
        assert kind == 12, f"unexpected thrift type {kind}"
        return self.structure()

    def structure(self):
        fields, field = {}, 0
        while True:
            header = self.byte()
            if header & 15 == 0:
                return fields
            field = field + (header >> 4) if header >> 4 else self.zigzag()
            assert field not in fields
            fields[field] = self.value(header & 15)


READERS = {"pyarrow": read_pyarrow, "duckdb": read_duckdb, "polars": read_polars}


def compare(name, reader, kinds, expected, found):
    assert len(found) == len(kinds), f"{name}: {reader} sees {len(found)} columns, not {len(kinds)}"
    for index, kind in enumerate(kinds):
        want = [normal(expected_value(kind, row[index])) for row in expected]
        have = [normal(value) for value in found[index]]
        if want != have:
            at = next((i for i, (w, h) in enumerate(zip(want, have)) if w != h), None)
            sample = (want[at], have[at]) if at is not None else (len(want), len(have))
            raise AssertionError(f"{name}: {reader} differs in column {index} ({kind}), row {at}: {str(sample)[:300]}")


def check_fastparquet(name, path, kinds, expected):
    """fastparquet goes through pandas: only columns whose values survive that are compared."""
    frame = fastparquet.ParquetFile(path).to_pandas()
    assert len(frame) == len(expected), f"{name}: fastparquet sees {len(frame)} rows"
    for index, kind in enumerate(kinds):
        if kind in ("string", "binary"):
            values = frame.iloc[:, index].tolist()
            have = [None if value is None or value != value else value for value in values]
            want = [expected_value(kind, row[index]) for row in expected]
            assert have == want, f"{name}: fastparquet differs in column {index}"


def check_metadata(name, path, kinds, expected):
    """Statistics against the values themselves, and the page index against the statistics."""
    metadata = pq.ParquetFile(path).metadata
    assert metadata.created_by.startswith("dipper version "), metadata.created_by
    start = 0
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        rows = expected[start : start + row_group.num_rows]
        start += row_group.num_rows
        for index, kind in enumerate(kinds):
            column = row_group.column(index)
            assert column.has_offset_index, f"{name}: no offset index"
            values = [expected_value(kind, row[index]) for row in rows]
            values = [value for value in values if value is not None]
            statistics = column.statistics
            assert statistics.null_count == len(rows) - len(values), f"{name}: null count of column {index}"
            numbers = [value for value in values if not (isinstance(value, float) and math.isnan(value))]
            if not values or len(numbers) < len(values):
                assert not statistics.has_min_max, f"{name}: bounds where there should be none, column {index}"
                continue
            low, high = min(values), max(values)
            if kind == "string":
                low, high = (min(v.encode() for v in values), max(v.encode() for v in values))
            if not statistics.has_min_max:
                assert kind in ("string", "binary"), f"{name}: no bounds in column {index}"
                continue
            if kind == "timestamp" or kind == "timestamptz" or kind == "time":
                found = (statistics.min, statistics.max)
                if kind == "timestamptz":
                    found = tuple(v if v.tzinfo else v.replace(tzinfo=datetime.timezone.utc) for v in found)
            elif kind == "string":
                found = (statistics.min_raw, statistics.max_raw)
                found = tuple(v.encode() if isinstance(v, str) else v for v in found)
            else:
                found = (statistics.min, statistics.max)
            assert found[0] <= low and found[1] >= high, f"{name}: {kind} bounds {found} for {(low, high)}"
            if kind not in ("string", "binary"):
                assert found == (low, high), f"{name}: {kind} bounds {found} for {(low, high)}"
    assert start == len(expected), f"{name}: {start} rows in row groups, not {len(expected)}"


def ordered(kind):
    """Turns a bound into something that compares as the column's values do."""
    if kind in ("int", "date", "long", "time", "timestamp", "timestamptz"):
        return lambda raw: int.from_bytes(raw, "little", signed=True)
    if kind.startswith("decimal"):
        precision = int(kind.split("(")[1].split(",")[0])
        return lambda raw: int.from_bytes(raw, "little" if precision <= 18 else "big", signed=True)
    if kind in ("float", "double"):
        return lambda raw: struct.unpack("<f" if kind == "float" else "<d", raw)[0]
    return lambda raw: raw


def check_page_index(name, path, kinds):
    """Offsets lead to page headers; bounds of pages keep their order and lie within those of their chunk."""
    data = pathlib.Path(path).read_bytes()
    footer_size = int.from_bytes(data[-8:-4], "little")
    footer = Thrift(data, len(data) - 8 - footer_size).structure()
    assert footer[7] == [{1: {}}] * len(kinds), f"{name}: column orders"
    for ordinal, group in enumerate(footer[4]):
        chunks = [chunk[3] for chunk in group[1]]
        assert group[6] == sum(chunk[7] for chunk in chunks) and group[2] == sum(chunk[6] for chunk in chunks)
        assert group[5] == min(chunk.get(11, chunk[9]) for chunk in chunks) and group[7] == ordinal
        for kind, chunk in zip(kinds, group[1]):
            check_chunk(name, data, kind, chunk, group[3])


def check_chunk(name, data, kind, chunk, row_count):
    metadata, key = chunk[3], ordered(kind)
    locations = Thrift(data, chunk[4]).structure()[1]
    assert locations[0][1] == metadata[9], f"{name}: first page"
    ends = [location[1] + location[2] for location in locations]
    assert ends[-1] == metadata.get(11, metadata[9]) + metadata[7], f"{name}: last page"
    assert all(location[1] == end for location, end in zip(locations[1:], ends)), f"{name}: pages do not touch"
    rows = [location[3] for location in locations] + [row_count]
    uncompressed = 0
    for location, first, after in zip(locations, rows, rows[1:]):
        thrift = Thrift(data, location[1])
        header = thrift.structure()
        assert header[5][1] == after - first, f"{name}: rows of a page"
        assert header[3] == location[1] + location[2] - thrift.position, f"{name}: size of a page"
        uncompressed += header[2] + thrift.position - location[1]
    if 11 in metadata:
        thrift = Thrift(data, metadata[11])
        header = thrift.structure()
        uncompressed += header[2] + thrift.position - metadata[11]
    assert uncompressed == metadata[6], f"{name}: uncompressed size"
    statistics = metadata[12]
    assert 1 not in statistics and 2 not in statistics, f"{name}: deprecated bounds"
    if 6 not in chunk:
        assert kind in ("float", "double", "string", "binary") or kind.startswith("fixed"), f"{name}: no column index"
        return
    index = Thrift(data, chunk[6]).structure()
    assert len(index[1]) == len(index[2]) == len(index[3]) == len(index[5]) == len(locations), f"{name}: index"
    assert sum(index[5]) == statistics[3], f"{name}: null counts"
    for is_null, nulls, first, after in zip(index[1], index[5], rows, rows[1:]):
        assert is_null == (nulls == after - first), f"{name}: null pages"
    lows = [key(low) for low, is_null in zip(index[2], index[1]) if not is_null]
    highs = [key(high) for high, is_null in zip(index[3], index[1]) if not is_null]
    if lows:
        assert min(lows) == key(statistics[6]) and max(highs) == key(statistics[5]), f"{name}: bounds"
    is_rising = lows == sorted(lows) and highs == sorted(highs)
    is_falling = lows == sorted(lows, reverse=True) and highs == sorted(highs, reverse=True)
    assert index[4] == (1 if is_rising else 2 if is_falling else 0), f"{name}: boundary order {index[4]}"


def check_pruning(folder):
    """Readers that skip by statistics and page index find the same rows as ones that do not."""
    path = folder / "falling.parquet"
    want = list(range(-499, -450))
    conditions = "k > -500 AND k < -450"
    rows = duckdb.sql(f"SELECT k FROM read_parquet('{path}') WHERE {conditions} ORDER BY k").fetchall()
    assert [row[0] for row in rows] == want
    frame = polars.scan_parquet(path).filter((polars.col("k") > -500) & (polars.col("k") < -450)).collect()
    assert sorted(frame["k"].to_list()) == want
    table = pq.read_table(path, filters=[("k", ">", -500), ("k", "<", -450)])
    assert sorted(table["k"].to_pylist()) == want
    assert pq.ParquetFile(path).metadata.metadata[b"iceberg.schema"] == b"{}"
    sorting = pq.ParquetFile(path).metadata.row_group(4).sorting_columns
    assert sorting == (pq.SortingColumn(0, descending=True, nulls_first=False),), sorting
    for value in (-2499, 0, 2500):
        text = str(value + 100000)
        assert duckdb.sql(f"SELECT count(*) FROM '{path}' WHERE s = '{text}'").fetchone()[0] == 1
        assert polars.scan_parquet(path).filter(polars.col("s") == text).collect().height == 1


def main():
    folder = pathlib.Path(sys.argv[1])
    failures = 0
    paths = sorted(folder.glob("*.parquet"))
    assert paths, f"no files in {folder}"
    for path in paths:
        name = path.stem
        lines = path.with_suffix(".jsonl").read_text().splitlines()
        kinds = json.loads(lines[0])
        expected = [json.loads(line) for line in lines[1:]]
        checks = {reader: lambda read=read, reader=reader: compare(name, reader, kinds, expected, read(str(path)))
                  for reader, read in READERS.items()}
        checks["fastparquet"] = lambda: check_fastparquet(name, str(path), kinds, expected)
        checks["metadata"] = lambda: check_metadata(name, str(path), kinds, expected)
        checks["page index"] = lambda: check_page_index(name, str(path), kinds)
        for label, check in checks.items():
            try:
                check()
            except Exception as error:  # noqa: BLE001 - every reader is tried
                failures += 1
                print(f"FAIL {name} {label}: {type(error).__name__} {str(error)[:500]}")
    try:
        check_pruning(folder)
    except Exception as error:  # noqa: BLE001
        failures += 1
        print(f"FAIL pruning: {type(error).__name__} {error}")
    print(f"{len(paths)} files, {failures} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
