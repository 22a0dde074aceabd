"""Makes the small Parquet files of other writers that ParquetFormatTests reads: make_fixtures.py FOLDER

Each has the same rows, so that the tests can state them: row i of 0..<300 has
  id = i * 7 - 900 (int64), small = i % 11 (int32), flag = i % 3 == 0 (bool), ratio = i / 8 (double),
  name = "name " + str(i // 2) (string), at = i * 3_600_000_123 microseconds UTC, amount = i * 1.01 (decimal(9, 2)),
and a null in every column but id where i % 7 == 3. Made with pyarrow 26.0.1.
"""

import datetime
import decimal
import pathlib
import sys

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 300


def rows(value):
    return [None if i % 7 == 3 else value(i) for i in range(ROWS)]


def table():
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    names = ["id", "small", "flag", "ratio", "name", "at", "amount"]
    columns = [
        pa.array([i * 7 - 900 for i in range(ROWS)], pa.int64()),
        pa.array(rows(lambda i: i % 11), pa.int32()),
        pa.array(rows(lambda i: i % 3 == 0), pa.bool_()),
        pa.array(rows(lambda i: i / 8), pa.float64()),
        pa.array(rows(lambda i: f"name {i // 2}"), pa.string()),
        pa.array(rows(lambda i: epoch + datetime.timedelta(microseconds=i * 3_600_000_123)), pa.timestamp("us", "UTC")),
        pa.array(rows(lambda i: decimal.Decimal(i * 101).scaleb(-2)), pa.decimal128(9, 2)),
    ]
    fields = [pa.field(name, column.type, nullable=name != "id") for name, column in zip(names, columns)]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def main():
    folder = pathlib.Path(sys.argv[1])
    plain = table()
    pq.write_table(plain, folder / "dictionary-v1-snappy.parquet", compression="snappy")
    pq.write_table(plain, folder / "dictionary-v2-zstd.parquet", compression="zstd", data_page_version="2.0",
                   data_page_size=512, write_page_index=True)
    pq.write_table(plain, folder / "plain-v2-gzip.parquet", compression="gzip", data_page_version="2.0",
                   use_dictionary=False, store_decimal_as_integer=True)
    encodings = {"id": "DELTA_BINARY_PACKED", "small": "DELTA_BINARY_PACKED", "name": "DELTA_BYTE_ARRAY",
                 "at": "DELTA_BINARY_PACKED", "ratio": "BYTE_STREAM_SPLIT", "flag": "RLE"}
    pq.write_table(plain, folder / "delta.parquet", compression="none", use_dictionary=False, column_encoding=encodings,
                   data_page_version="2.0")
    encodings["name"] = "DELTA_LENGTH_BYTE_ARRAY"
    pq.write_table(plain, folder / "delta-length.parquet", compression="zstd", use_dictionary=False,
                   column_encoding=encodings)
    index = plain.schema.get_field_index("at")
    millis = plain.set_column(index, "at", plain["at"].cast(pa.timestamp("ms", "UTC"), safe=False))
    pq.write_table(millis, folder / "milliseconds.parquet")
    nested = pa.table({
        "tags": pa.array([[1, 2], None, []], pa.list_(pa.int32())),
        "point": pa.array([{"x": 1, "y": 2}, {"x": 3, "y": None}, None], pa.struct({"x": pa.int32(), "y": pa.int32()})),
        "unsigned": pa.array([1, 2**32 - 1, None], pa.uint32()),
        "huge": pa.array([1, 2**64 - 1, None], pa.uint64()),
        "after": pa.array(["a", "b", None], pa.string()),
    })
    pq.write_table(nested, folder / "nested.parquet")
    pq.write_table(pa.table({"at": pa.array([0, 1], pa.timestamp("ns"))}), folder / "int96.parquet",
                   use_deprecated_int96_timestamps=True)


if __name__ == "__main__":
    main()
