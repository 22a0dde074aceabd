"""Bytes that are surely no CSV, and what may stand before the first row."""

from dipper_spark.errors import FileFault

SIGNATURES = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook"), (b"PK\x05\x06", "an empty zip archive"),
    (b"PAR1", "a Parquet file"), (b"\x1f\x8b", "gzip-compressed data"), (b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
    (b"BZh", "bzip2-compressed data"), (b"\xfd7zXZ\x00", "xz-compressed data"), (b"%PDF", "a PDF document"),
    (b"Obj\x01", "an Avro file"), (b"SQLite format 3\0", "an SQLite database"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"), (b'{"', "JSON"), (b"[{", "JSON"), (b"<?xml", "XML"),
    (b"<!DOCTYPE", "an HTML page"), (b"<html", "an HTML page"))
NUL_BYTES_CHECKED = 512
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def check(data):
    """Raises `FileFault` for bytes of another format, or that are no text."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise not_csv("it begins with the byte order mark of UTF-16")
    for signature, name in SIGNATURES:
        head = data[:len(signature)]
        if head == signature or (signature[:1] == b"<" and head.lower() == signature.lower()):
            raise not_csv(f"it looks like {name}")
    head = data[:NUL_BYTES_CHECKED]
    nul = head.find(b"\0")
    if nul < 0:
        return
    if head.count(b"\0") * 3 >= len(head):
        raise not_csv("it has a byte 0 in every other place, as UTF-16 text has")
    raise not_csv(f"byte {nul} is 0, which text never has")


def not_csv(reason):
    return FileFault("not-csv", f"the file is not CSV: {reason}")


class Preamble:
    """A byte order mark and Excel's `sep=` line."""

    def __init__(self, data):
        self.byte_count = len(BYTE_ORDER_MARK) if data.startswith(BYTE_ORDER_MARK) else 0
        self.line_count, self.delimiter = 0, None
        line = data[self.byte_count:self.byte_count + 7]
        if len(line) < 6 or line[:4].lower() != b"sep=" or line[4:5] == b'"':
            return
        if not (line[4] == 0x09 or 0x20 <= line[4] <= 0x7E) or line[5] not in (0x0A, 0x0D):
            return
        self.delimiter, self.line_count = line[4], 1
        self.byte_count += 7 if line[5:7] == b"\r\n" else 6
