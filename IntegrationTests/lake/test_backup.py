"""Backups as Avro: other people's readers read them, and a table that was dropped comes back row for row."""

import collections
import decimal
import io
import json
import random
import subprocess
import time
import uuid

import fastavro
import polars
import pytest
import requests
from pyiceberg.avro.file import AvroFile
from pyiceberg.io.pyarrow import PyArrowFileIO

from lake.api import assert_problem
from lake.readers import pyiceberg_rows
from lake.server import binary

AVRO = {"Content-Type": "application/vnd.apache.avro"}
MODEL = """\
version: 1
tables:
  - name: things
    columns: &columns
      - {name: id, type: long}
      - {name: flag, type: boolean}
      - {name: small, type: int}
      - {name: ratio, type: float}
      - {name: wide, type: double}
      - {name: price, type: "decimal(9, 2)"}
      - {name: huge, type: "decimal(38, 4)"}
      - {name: day, type: date}
      - {name: clock, type: time}
      - {name: local, type: timestamp}
      - {name: instant, type: timestamptz}
      - {name: title, type: string}
      - {name: ident, type: uuid}
      - {name: code, type: "fixed[4]"}
      - {name: blob, type: binary}
    key: [id]
    derived: &derived
      - {name: month, part: month, from: day}
    partition: [month]
  - name: copies
    columns: *columns
    derived: *derived
    key: [id]
  - name: few
    columns:
      - {name: id, type: long}
    key: [id]
"""
COLUMNS = ["id", "flag", "small", "ratio", "wide", "price", "huge", "day", "clock", "local", "instant", "title", "ident",
           "code", "blob"]


def thing(key, generator):
    """A row as JSON, its columns null now and then."""
    row = {
        "flag": generator.random() < 0.5,
        "small": generator.choice([-2**31, 2**31 - 1, generator.randrange(1000)]),
        "ratio": generator.choice([0.5, -1.25, 3e10]),
        "wide": generator.random(),
        "price": f"{generator.randrange(-10**9 + 1, 10**9) / 100:.2f}",
        "huge": str(decimal.Decimal(generator.randrange(10**36)).scaleb(-4)),
        "day": f"{generator.randrange(1900, 2100)}-0{generator.randrange(1, 4)}-1{generator.randrange(10)}",
        "clock": f"1{generator.randrange(10)}:59:59.{generator.randrange(10**6):06d}",
        "local": f"2021-01-0{generator.randrange(1, 10)}T00:00:00.{generator.randrange(10**6):06d}",
        "instant": f"19{generator.randrange(10, 99)}-01-01T00:00:00.{generator.randrange(10**6):06d}Z",
        "title": generator.choice(["a", "ä\u0001€", "x,\"y\"\n", "日本" * 50]),
        "ident": str(uuid.UUID(int=generator.getrandbits(128))),
        "code": f"{generator.getrandbits(32):08x}",
        "blob": f"{generator.getrandbits(64):016x}",
    }
    return {"id": key, **{name: value for name, value in row.items() if generator.random() < 0.85}}


@pytest.fixture
def lake(new_server, tmp_path):
    folder = tmp_path / "lake"
    folder.mkdir()
    (folder / "model.yaml").write_text(MODEL)
    server = new_server(folder=folder)
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    generator = random.Random(seed)
    for first in (0, 500):
        rows = [thing(key, generator) for key in range(first, first + 900)]
        answer = server.api.batch("things", rows)
        assert answer.status_code == 200 and answer.json()["rows"]["rejected"] == 0, answer.text[:2000]
        server.api.ended(answer.json())
    server.api.request("DELETE", "/tables/things/rows/7", params={"wait": 30})
    return server


def backup(server, table="things", **parameters):
    answer = server.api.request("POST", f"/tables/{table}/backup", params=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == AVRO["Content-Type"]
    return answer


def restore(server, body, table="things", **options):
    return server.api.request("POST", f"/tables/{table}/restore", params={"wait": 60}, data=body, headers=AVRO, **options)


def operational_row(server, table, key):
    """A row of the operational store, which follows the lake at its own pace."""
    deadline = time.monotonic() + 60
    while (answer := server.api.get(f"/tables/{table}/rows/{key}")).status_code != 200:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.05)
    return answer.json()


def rows(server, table="things"):
    return pyiceberg_rows(server.api.metadata(table), COLUMNS)


def test_other_readers_read_a_backup(lake, tmp_path):
    answer = backup(lake)
    path = tmp_path / "things.avro"
    path.write_bytes(answer.content)
    expected = rows(lake)
    count = sum(expected.values())
    assert count == 1399 and answer.headers["X-Total-Count"] == str(count)
    with open(path, "rb") as stream:
        reader = fastavro.reader(stream)
        described = json.loads(reader.metadata["dipper.backup"])
        theirs = list(reader)
    assert described["table"] == "silver.things_cleaned" and described["rowCount"] == count
    assert described["snapshotId"] == answer.headers["X-Snapshot-Id"]
    for field, wanted in zip(reader.writer_schema["fields"], described["schema"]["fields"]):
        assert (field["name"], field["field-id"]) == (wanted["name"], wanted["id"])
    by_id = {row["id"]: row for row in theirs}
    metadata_rows = {row["id"]: row for row in scan(lake)}
    assert by_id.keys() == metadata_rows.keys()
    for key, row in by_id.items():
        for name in COLUMNS:
            ours = metadata_rows[key][name]
            if name == "ident" and ours is not None:
                ours, row[name] = uuid.UUID(bytes=plain_uuid(ours)), uuid.UUID(bytes=plain_uuid(row[name]))
            if name == "local" and ours is not None:
                # An Avro reader of old knows no local times and takes them for UTC.
                ours, row[name] = ours.replace(tzinfo=None), row[name].replace(tzinfo=None)
            assert row[name] == ours, (key, name)

    with AvroFile(PyArrowFileIO().new_input(f"file://{path}")) as file:
        read = [tuple(record[index] for index in range(len(COLUMNS) + 1)) for record in file]
    assert collections.Counter(row[0] for row in read) == collections.Counter(by_id.keys())
    assert {row[0]: row[11] for row in read} == {key: row["title"] for key, row in by_id.items()}
    frame = polars.read_avro(path, columns=["id", "title", "wide"])
    assert sorted(frame["id"]) == sorted(by_id)
    assert dict(frame.select("id", "wide").iter_rows()) == {key: row["wide"] for key, row in by_id.items()}


def scan(server):
    from lake.readers import static_table

    return static_table(server.api.metadata("things")).scan().to_arrow().to_pylist()


def plain_uuid(value):
    return value.bytes if isinstance(value, uuid.UUID) else bytes(value)


def test_a_table_that_was_dropped_comes_back(lake):
    expected = rows(lake)
    body = backup(lake).content
    old = lake.api.table("things")["currentSnapshot"]["snapshotId"]
    later = lake.api.batch("things", [{"id": 5, "title": "later"}, {"id": 10**12, "title": "new"}])
    lake.api.ended(later.json())
    assert rows(lake) != expected
    records = list(fastavro.reader(io.BytesIO(backup(lake, snapshot=old).content)))
    assert collections.Counter(row["id"] for row in records) == collections.Counter(row[0] for row in expected)

    dropped = requests.delete(
        f"{lake.api.base}/catalog/v1/namespaces/silver/tables/things_cleaned?purgeRequested=true", timeout=60)
    assert dropped.status_code == 204, dropped.text
    receipt = restore(lake, body).json()
    assert receipt["state"] == "committed", receipt
    assert receipt["rows"]["inserted"] == receipt["rows"]["read"] == sum(expected.values())
    assert rows(lake) == expected
    # Keys are known, and the operational rows are those of the backup.
    again = lake.api.ended(lake.api.batch("things", [{"id": 10**12, "title": "new"}, {"id": 5, "title": "x"}]).json())
    assert (again["rows"]["inserted"], again["rows"]["updated"]) == (1, 1)
    lake.kill()
    lake.start()
    copied = restore(lake, body, table="copies")
    assert copied.status_code == 200 and copied.json()["state"] == "committed", copied.text
    assert rows(lake, "copies") == expected
    assert operational_row(lake, "copies", 8)["id"] == 8
    assert lake.api.get("/tables/copies/rows/7").status_code == 404


def test_what_is_no_backup_of_the_table_is_refused(lake):
    before = rows(lake)
    body = backup(lake).content
    assert_problem(restore(lake, body[:-100]), "backup-damaged")
    assert_problem(restore(lake, b"id,name\n"), "backup-damaged")
    assert_problem(restore(lake, body, table="few"), "backup-columns-differ")
    assert_problem(restore(lake, b""), "upload-empty")
    assert_problem(
        lake.api.request("POST", "/tables/things/restore", data=body, headers={"Content-Type": "text/csv"}),
        "media-type-unsupported")
    assert_problem(lake.api.request("POST", "/tables/nothing/backup"), "unknown-table")
    assert_problem(lake.api.request("POST", "/tables/things/backup?snapshot=7"), "unknown-snapshot")
    assert rows(lake) == before


def dipper(*arguments, code=0):
    done = subprocess.run([binary(), *map(str, arguments)], capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_command_line_writes_a_folder_and_reads_it_back(lake, tmp_path):
    expected = rows(lake)
    folder, file = tmp_path / "out", tmp_path / "one.avro"
    at = ["--server", lake.api.base]
    dipper("backup", "silver.things_cleaned", folder, *at)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["rowCount"] == sum(expected.values()) and manifest["files"][0]["name"] == "rows.avro"
    assert "backup-exists" in dipper("backup", "things", folder, *at, code=1)
    assert lake.api.load("things", b"id,title\n1,only\n", mode="overwrite")["state"] == "committed"
    lake.stop()
    offline = ["--data-dir", lake.folder]
    dipper("backup", "things", file, *offline)
    dipper("restore", "things", folder, *offline)
    lake.start()
    assert rows(lake) == expected
    at = ["--server", lake.api.base]
    receipt = json.loads(dipper("restore", "things", file, "--json", *at))["receipt"]
    assert receipt["rows"]["read"] == 1
    assert lake.api.query("SELECT id, title FROM silver.things_cleaned") == [[1, "only"]]
    data = bytearray((folder / "rows.avro").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "rows.avro").write_bytes(data)
    assert "backup-damaged" in dipper("restore", "things", folder, *at, code=1)
    assert not list(tmp_path.glob("*.part"))
