"""Rows come out the same however the stream is cut into blocks, and whether a long row is in memory or goes by."""

import os
import random

from dipper_spark.csv_parser import Reject, RowParser
from dipper_spark.csv_rows import RowGrammar, RowReader
from dipper_spark.csv_sniffer import Layout
from dipper_spark.model import load_model

from spark.nasty import random_file

ROW_BYTES_MAX = 40
FILES = 100


def rows_of(content, source, row_bytes_max):
    """What the parser makes of each row; `source` cuts the stream into blocks, `None` leaves it whole."""
    layout = Layout(0x2C, 0x22, 5, list(range(5)), 0, 1)
    parser, at = RowParser(load_model().table("hired_employees"), layout, ROW_BYTES_MAX), 0

    def read(_):
        nonlocal at
        block = content[at:at + (source.randint(1, 9) if source else len(content))]
        at += len(block)
        return block

    found = []
    for offset, line, row in RowReader(read, RowGrammar(0x2C, 0x22), 0, 1, row_bytes_max=row_bytes_max):
        result = parser.parse(offset, line, row)
        if isinstance(result, Reject):
            result = (result.code, result.message, result.raw, result.is_truncated)
        found.append((offset, line, result))
    return found


def test_blocks_and_limits_change_no_row():
    seed = int(os.environ.get("DIPPER_SPARK_SEED", 3))
    print(f"DIPPER_SPARK_SEED={seed}")
    source, codes = random.Random(seed), set()
    for _ in range(FILES):
        content = random_file(source)
        whole = rows_of(content, None, 1 << 30)
        assert rows_of(content, source, ROW_BYTES_MAX) == whole, content
        assert rows_of(content, source, 1 << 30) == whole, content
        codes |= {result[0] for _, _, result in whole if isinstance(result, tuple)}
    assert codes >= {"row-too-long", "quote-unterminated", "quote-misplaced", "value-invalid"}
