"""One golden test: the log of a server, worked by the server itself and by Spark Structured Streaming into the lake of a second
one, gives equal tables.

`DIPPER_SPARK_ROWS` is how many rows of the sample go through (docs/benchmarks.md has a run of a million).
"""

import collections
import json
import os
import pathlib
import time

from dipper_spark.model import load_model

from spark import application, tables
from spark.logs import logged, write_landed
from spark.nasty import HIRES

ROWS = int(os.environ.get("DIPPER_SPARK_ROWS", 12_000))
MEMORY = "1g" if ROWS < 200_000 else "3g"
FILES = 4
BATCH = 500
#: Rows of the first file that come again changed, by JSON and in a file.
CHANGED_EVERY = 7


def cut(content, parts):
    lines = content.splitlines(keepends=True)
    size = -(-len(lines) // parts)
    return [b"".join(lines[start:start + size]) for start in range(0, len(lines), size)]


def changed(part):
    """Every seventh row of a file once more, under another name."""
    return b"".join(
        b"%d,Changed \xc3\xa9,2022-05-05T05:05:05Z,3,4\n" % key for key in keys_of(part.splitlines()[::CHANGED_EVERY]))


def keys_of(lines):
    return [int(line.split(b",")[0]) for line in lines if line.split(b",")[0].isdigit()]


def json_rows(part):
    """Some rows by JSON: new values of stored keys, new keys, and faults."""
    keys = keys_of(part.splitlines()[1::CHANGED_EVERY])[:BATCH - 5]
    rows = [{"id": key, "name": f"JSON {key}", "datetime": "2023-02-03T04:05:06Z", "department_id": 1} for key in keys]
    return rows + [
        {"id": 10_000_001, "name": "New", "hire_date": "2023-02-03", "job_id": 4}, {"id": 10_000_002, "datetime": "2023-02-03"},
        {"id": "x", "name": "A", "datetime": "2023-02-03"}, {"id": 5, "name": "A", "datetime": "2023-02-03", "pay": 1}, [1]]


def feed(api, sample):
    """Everything that the golden log holds; the two halves go through Spark in different runs."""
    employees = cut((sample / "hired_employees.csv").read_bytes(), FILES)
    for name in ("departments", "jobs"):
        api.load(name, (sample / f"{name}.csv").read_bytes())
    api.load("hired_employees", employees[0])
    assert api.batch("hired_employees", json_rows(employees[0])).status_code == 200
    api.load("hired_employees", employees[1])
    yield
    api.load("hired_employees", changed(employees[0]))
    api.load("hired_employees", employees[2])
    for content in HIRES.values():
        api.upload("hired_employees", content)
    for key in (10_000_001, 5):
        assert api.request("DELETE", f"/tables/hired_employees/rows/{key}", params={"wait": 20}).status_code == 200
    # A, B, A: the values of A stand. The second time it brings no reject that is not there.
    api.load("hired_employees", employees[0])
    api.load("departments", b"1,Renamed\n77,\n")
    api.load("hired_employees", employees[3])
    yield


def wait_for(api, records):
    for record in records:
        api.ended(api.job(record["id"]))


def forget_last_batch(checkpoint):
    """The state of a query that was killed before it could note that its last batch is done."""
    last = max((path for path in (checkpoint / "commits").iterdir() if path.name.isdigit()), key=lambda path: int(path.name))
    last.unlink()
    crc = last.with_name(f".{last.name}.crc")
    crc.unlink(missing_ok=True)


def operational(postgresql):
    """The operational rows of hired employees, as the lake has them."""
    rows = postgresql.sql(
        "SELECT json_build_array(id, name, (extract(epoch FROM hire_datetime) * 1000000)::bigint, department_id, job_id) "
        "FROM hired_employees")
    return collections.Counter(tuple(json.loads(row)) for row in rows)


def test_server_and_spark_make_the_same_tables_of_one_log(new_server, sample_of, postgresql, tmp_path):
    sample = sample_of(ROWS, "--bad-every", "97", seed=3)
    swift, other, model = new_server(), new_server(), load_model()
    halves, seen = feed(swift.api, sample), set()
    landed, checkpoint, scratch = tmp_path / "landed", tmp_path / "checkpoint", tmp_path / "scratch"
    scratch.mkdir()
    (scratch / "jdbc.properties").write_text(f"user=postgres\npassword={postgresql.password}\n")
    arguments = (
        "--source", "files", "--landed", landed, "--checkpoint", checkpoint, "--bronze", swift.folder / "lake", "--available-now",
        "--postgres-url", f"jdbc:postgresql://127.0.0.1:{postgresql.port}/postgres",
        "--postgres-properties", scratch / "jdbc.properties")
    took = []
    for number in range(2):
        next(halves)
        records = logged(swift.folder)
        wait_for(swift.api, records)
        fresh = [record for record in records if record["id"] not in seen]
        seen |= {record["id"] for record in records}
        write_landed(landed, f"{number:04}", fresh)
        start = time.monotonic()
        application.run("csv_processor.py", scratch, other, *arguments, with_jdbc=True, memory=MEMORY)
        took.append(time.monotonic() - start)
        tables.assert_same(swift, other, model)
        stored = tables.silver(swift, model.table("hired_employees"))
        assert operational(postgresql) == collections.Counter(row[:5] for row in stored.elements())
        if number == 0:
            forget_last_batch(checkpoint)
    tables.assert_same_receipts(swift, other, records)
    for name in ("silver.employees_cleaned", "silver.departments_cleaned", "quarantine.hired_employees", "spark.receipts"):
        marks = tables.marks(other, name)
        assert {mark.split(".")[0] for _, mark in marks} == {"0", "1"} or "departments" in name, marks
        assert max(marks.values()) == 1, f"{name}: the batch that ran again committed again: {marks}"
    assert len(list((scratch / "events").iterdir())) == 2, "each run leaves its events to the history server"
    report(sum(took), stored.total())


def report(seconds, stored):
    path = os.environ.get("DIPPER_SPARK_REPORT")
    if path:
        pathlib.Path(path).write_text(json.dumps({"sampleRows": ROWS, "storedRows": stored, "sparkSeconds": round(seconds, 1)}))
