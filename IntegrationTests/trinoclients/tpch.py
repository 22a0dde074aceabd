"""TPC-H's queries as Trino spells them."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
QUERIES = ROOT / "Tests" / "TrinoSQLTests" / "Fixtures" / "tpch.sql"


def queries():
    text = re.sub(r"^--.*$", "", QUERIES.read_text(), flags=re.MULTILINE)
    return [query.strip() for query in text.split(";\n") if query.strip()]


def plain(value):
    """Numbers without their types: DuckDB divides decimals as floating point, Trino as decimals, which the protocol writes as
    text."""
    if isinstance(value, (int, type(None))):
        return value
    if isinstance(value, str) and not re.fullmatch(r"-?\d+\.\d+(E\d+)?", value):
        return value.strip()
    return round(float(value), 2) if isinstance(value, str) or hasattr(value, "__float__") else str(value)


def close(a, b):
    if isinstance(a, float) or isinstance(b, float):
        return None not in (a, b) and abs(float(a) - float(b)) <= 0.011 + abs(float(b)) * 1e-4
    return a == b or str("" if a is None else a) == str("" if b is None else b)


def same(found, wanted):
    return len(found) == len(wanted) and all(
        len(row) == len(other) and all(close(a, b) for a, b in zip(map(plain, row), map(plain, other)))
        for row, other in zip(found, wanted))
