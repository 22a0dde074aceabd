"""Each file through the server and through the Python reader of the Spark application, without Spark: the same rows, the same
rejects byte for byte with the same messages, the same failures."""

import collections
import os
import random

import pytest
from dipper_spark.bronze import Bronze
from dipper_spark.expand import Expansion
from dipper_spark.model import load_model
from lake.readers import pyiceberg_rows
from rest.catalogs import pyiceberg

from spark.logs import logged
from spark.nasty import HIRES, random_file

TABLE = "hired_employees"
COLUMNS = ["id", "name", "hire_datetime", "department_id", "job_id", "hire_year", "hire_quarter"]
REJECT = ("file_sha256", "line", "byte_offset", "column_name", "code", "message", "raw", "raw_truncated", "delimiter")
RANDOM_FILES = 150


def expanded(folder, table):
    """The last row of each key, all rejects, and the failures, as the Python reader has them."""
    rows, rejects, failures = {}, set(), {}
    for record in logged(folder):
        if record["topic"] != table.name:
            continue
        lines = [line for batch in Expansion(record, table, Bronze(str(folder / "lake"))).batches() for line in batch.to_pylist()]
        summary = lines.pop()
        if summary["code"]:
            failures[record["id"]] = summary["code"]
            continue
        found = [line for line in lines if line["k"] == "r"]
        assert summary["read_rows"] == len(lines) + summary["blank_rows"], summary
        for line in found:
            values = [line[f"v{index}"] for index in range(len(table.silver_columns))]
            values[2] = round(values[2].timestamp() * 1_000_000) if values[2].year > 1 else None
            rows[values[0]] = tuple(values)
        rejects |= {tuple(line[name] for name in REJECT) for line in lines if line["k"] == "x"}
    return collections.Counter(rows.values()), rejects, failures


def stored(server):
    """The same as the server has them."""
    rows = collections.Counter()
    for row, count in pyiceberg_rows(server.api.metadata(TABLE), COLUMNS).items():
        rows[(*row[:2], row[2] if row[5] > 1 else None, *row[3:])] += count
    found = pyiceberg(server).load_table(f"quarantine.{TABLE}").scan(selected_fields=REJECT).to_arrow().to_pylist()
    return rows, {tuple(row[name] for name in REJECT) for row in found}


def check(server, files):
    failed = {}
    for name, content in files.items():
        receipt = server.api.upload(TABLE, content)
        if receipt["state"] == "failed":
            failed[receipt["id"]] = receipt["error"]["code"]
    rows, rejects, failures = expanded(server.folder, load_model().table(TABLE))
    names = {identity: name for identity, name in zip((r["id"] for r in logged(server.folder)), files)}
    assert {names[i]: code for i, code in failures.items()} == {names[i]: code for i, code in failed.items()}
    wanted_rows, wanted_rejects = stored(server)
    assert rejects - wanted_rejects == set() and wanted_rejects - rejects == set()
    assert rows == wanted_rows
    return rejects


def test_files_that_real_exports_make(server):
    rejects = check(server, HIRES)
    # The kinds that the files above were made for.
    assert len({reject[4] for reject in rejects}) >= 9


@pytest.mark.parametrize("seed", [int(os.environ.get("DIPPER_SPARK_SEED", 7))])
def test_random_files(server, seed):
    print(f"DIPPER_SPARK_SEED={seed}")
    source = random.Random(seed)
    check(server, {f"file {number}": random_file(source) for number in range(RANDOM_FILES)})
