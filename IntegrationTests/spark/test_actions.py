"""Tables with other types, references that refuse, every conflict action, files that are all or nothing, files that replace
all, and deletes: one log through the server and through the application's batches, equal tables."""

import json
import uuid

import pytest
from dipper_spark import records, silver
from dipper_spark.bronze import Bronze
from dipper_spark.model import load_model
from dipper_spark.process import Processor
from rest.catalogs import spark_catalog

from spark import tables
from spark.application import ROOT
from spark.logs import logged

MODEL = ROOT / "IntegrationTests" / "spark" / "model.yaml"
SCHEMA = "topic string, partition int, offset bigint, id string, kind string, sha256 string, value binary"
IDS = [str(uuid.UUID(int=number << 64)) for number in range(1, 20)]


def person(number, **fields):
    return {
        "id": IDS[number], "region": "DE", "born": "1990-02-03", "pay": 12.5, "share": 0.25, "ratio": 0.1, "is_active": True,
        "seen": "2021-01-01T00:00:00", "tag": "0a0b0c0d", "note": "ff"} | fields


FAULTS = (
    {"region": "XX"}, {"born": "1899-12-31"}, {"born": "2021-01-01"}, {"pay": -1}, {"pay": "12.345"}, {"pay": "12345678.00"},
    {"share": 1.5}, {"share": "nan"}, {"ratio": "1e39"}, {"is_active": None}, {"is_active": "maybe"}, {"is_active": 1},
    {"seen": "2021-01-01T00:00:00Z"}, {"tag": "0a"}, {"note": "abc"}, {"id": "1"}, {"surplus": 1}, {"region": 5}, {"born": []})


def people_csv(rows):
    return "".join(",".join(row) + "\n" for row in rows).encode()


def feed(api):
    """Everything in an order in which one table's rows are there before another's refer to them."""
    api.load("regions", b"code,title,surplus\nDE,Germany,1\nFR,France,2\nde,lower,3\nCH,,4\n")
    api.load("regions", b"DE,Deutschland\nFRA,too long\n")
    assert api.batch("people", [person(0), person(1, region=None, note=None), person(2, pay="0.10", share=1e-3)]).ok
    assert api.batch("people", [person(3 + n, **fields) for n, fields in enumerate(FAULTS[:16])] + [person(0, pay=99)]).ok
    assert api.batch("people", "[" + json.dumps(person(3)) + ",\n " + json.dumps(person(3)) + ",3]").ok
    rows = [
        [IDS[4], "DE", "1990-02-03", "12.50", "0.5", "0.1", "yes", "2021-01-01 00:00", "0a0b0c0d", ""],
        [IDS[4], "DE", "1990-02-03", "12.50", "0.5", "0.1", "no", "2021-01-01 00:00", "0a0b0c0d", ""],
        [IDS[5], "XX", "1990-02-03", "12.50", "0.5", "0.1", "t", "", "", "0xff"],
        [IDS[6], "FR", "2030-02-03", "1", "0.5", "3.4028235677973366e38", "n", "", "", ""],
        [IDS[7], "FR", "", "1e3", "0.5", "16777217", "N", "", "", ""]]
    api.load("people", people_csv(rows))
    assert api.upload("people", people_csv(rows[2:3]), onError="fail")["state"] == "failed"
    assert api.upload("people", people_csv(rows[:1]), onError="fail")["state"] == "failed"
    api.load("people", people_csv(rows[4:]).replace(IDS[7].encode(), IDS[8].encode()), onError="fail")
    delete(api, "people", IDS[0])
    assert api.batch("people", [person(0, pay=1), person(0, pay=2)]).ok
    delete(api, "people", IDS[15])
    api.load("visits", b"2021-01-31,1,a\n2021-01-31,1,b\n2021-02-01,1,c\n,1,d\n")
    api.load("visits", b"2021-01-31,1,e\n2021-03-01,2,f\n")
    delete(api, "visits", "2021-03-01,2")
    api.load("visits", b"2021-03-01,2,g\n2021-03-01,2,h\n")
    api.load("events", b"2021-01-01T00:00:00Z,x\n2021-01-01T00:00:00Z,x\n,y\n")
    api.load("events", b"2022-01-01T00:00:00Z,z\n", mode="append")
    api.load("regions", b"AA,first\nAA,second\naa,no\n", mode="overwrite")
    assert api.upload("regions", b"BB,one\nbb,no\n", mode="overwrite", onError="fail")["state"] == "failed"
    api.load("visits", b"2022-01-31,1,a\n2022-01-31,1,b\n", mode="overwrite")
    assert api.upload("regions", b"\x1f\x8bbroken")["state"] == "failed"
    assert api.request(
        "POST", "/batch/events", data='{"at": "2021-01-01T00:00:00Z", "text": "\\u00e9\\ud83d\\ude00"}\n{"at": 5}\n\nnot json\n',
        headers={"Content-Type": "application/x-ndjson"}).ok


def delete(api, table, key):
    answer = api.request("DELETE", f"/tables/{table}/rows/{key}", params={"wait": 20})
    assert answer.status_code == 200, answer.text


@pytest.fixture
def lakes(new_server, tmp_path):
    """A server that has worked the log, and one whose tables are empty."""
    folders = [tmp_path / name for name in ("swift", "spark")]
    for folder in folders:
        folder.mkdir()
        (folder / "model.yaml").write_text(MODEL.read_text())
    swift, other = (new_server(folder=folder) for folder in folders)
    feed(swift.api)
    found = logged(swift.folder)
    for record in found:
        swift.api.ended(swift.api.job(record["id"]))
    return swift, other, found


def batches(found):
    """The log in two micro-batches. Regions change last: a micro-batch works the tables one after the other, referenced ones
    first, as there is no order between topics."""
    parts = [], []
    for record in found:
        is_late = record["topic"] == "regions" and record["offset"] >= 2
        parts[is_late].append([record[name] for name in records.COLUMNS])
    return parts


def test_each_action_makes_what_the_server_makes(lakes, session):
    swift, other, found = lakes
    catalog, model = spark_catalog(session, other), load_model(MODEL)
    processor = Processor(model, Bronze(str(swift.folder / "lake")), "test", catalog=catalog)
    processor.prepare(session.session, model.tables)
    for number, rows in enumerate(batches(found)):
        processor(session.session.createDataFrame(rows, SCHEMA), number)
    tables.assert_same(swift, other, model)
    tables.assert_same_receipts(swift, other, found)
    codes = {row[4] for table in model.tables for row in tables.rejects(swift, table)}
    assert codes >= {"key-exists", "reference-missing", "pattern-mismatch", "value-out-of-range", "type-mismatch", "json-syntax"}
    assert all(tables.silver(swift, table) for table in model.tables)


def test_a_batch_that_broke_off_between_its_commits_is_completed(lakes, session, monkeypatch):
    swift, other, found = lakes
    catalog, model = spark_catalog(session, other), load_model(MODEL)
    processor = Processor(model, Bronze(str(swift.folder / "lake")), "test", catalog=catalog)
    processor.prepare(session.session, model.tables)
    rows = [row for row in batches(found)[0] if row[0] in ("regions", "people") and row[2] < 3]
    frame = session.session.createDataFrame(rows, SCHEMA)
    merged, merge = [], silver.merge

    def fail_at_people(lake, table, final):
        merged.append(table.name)
        if merged.count("people") == 1:
            raise RuntimeError("broken off")
        merge(lake, table, final)

    monkeypatch.setattr(silver, "merge", fail_at_people)
    with pytest.raises(RuntimeError, match="broken off"):
        processor(frame, 0)
    people = model.table("people")
    rejects = tables.rejects(other, people)
    assert rejects and not tables.silver(other, people), "quarantine comes first"
    processor(frame, 0)
    assert merged.count("regions") == 1, "what was committed is not committed again"
    assert tables.rejects(other, people) == rejects
    assert tables.silver(other, people)
    names = [f"{namespace}.{name}" for namespace, name in (
        ("silver", people.silver), ("quarantine", "people"), ("silver", "regions_cleaned"))]
    processor(frame, 0)
    for name in names:
        assert max(tables.marks(other, name).values()) == 1, name
