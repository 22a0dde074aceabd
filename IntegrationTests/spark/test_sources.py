"""What the sources make of what they are given: rows as Spark's Kafka source has them, and landed lines."""

import argparse
import base64
import json

import pytest
from dipper_spark import records, sources
from dipper_spark.expand import Expansion
from dipper_spark.model import load_model

KAFKA = (
    "key binary, value binary, topic string, partition int, offset bigint, timestamp timestamp, timestampType int, "
    "headers array<struct<key: string, value: binary>>")


def collected(frame):
    return sorted(tuple(row[name] for name in records.COLUMNS) for row in frame.collect())


def test_messages_become_records(spark):
    headers = [("dipper-kind", b"batch/2"), ("dipper-sha256", b"ab"), ("dipper-record-id", b"r1"), ("other", None)]
    frame = spark.session.createDataFrame([
        (None, b"\x00\xff", "lake.jobs", 0, 7, None, 0, headers),
        (b"k", b'{"id": 1}', "lake.jobs", 1, 0, None, 0, None), (None, None, "lake.jobs", 1, 1, None, 0, [])], KAFKA)
    assert collected(sources.from_kafka(frame, "lake.")) == [
        ("jobs", 0, 7, "r1", "batch/2", "ab", b"\x00\xff"), ("jobs", 1, 0, "jobs-1-0", "json", None, b'{"id": 1}'),
        ("jobs", 1, 1, "jobs-1-1", "json", None, None)]


def test_the_kafka_source_is_asked_for_headers_and_every_topic():
    class Reader:
        def __init__(self):
            self.options = {}

        def format(self, name):
            self.options["format"] = name
            return self

        def option(self, name, value):
            self.options[name] = value
            return self

    settings = argparse.Namespace(
        bootstrap="k:9092", topic_prefix="lake.", max_records=5, kafka_properties={"security.protocol": "SASL_SSL"})
    assert sources.kafka_reader(Reader(), settings, ["a", "b"]).options == {
        "format": "kafka", "kafka.bootstrap.servers": "k:9092", "subscribe": "lake.a,lake.b", "includeHeaders": "true",
        "startingOffsets": "earliest", "failOnDataLoss": "true", "maxOffsetsPerTrigger": 5,
        "kafka.security.protocol": "SASL_SSL"}


def test_landed_lines_become_records(spark, tmp_path):
    lines = [
        {"topic": "jobs", "partition": 0, "offset": 1, "id": "x", "headers": {"dipper-kind": "file/1"}, "value": "{\"a\": \"\u00e9\"}"},
        {"topic": "jobs", "partition": 0, "offset": 2, "valueBase64": base64.b64encode(b"\x00\xff").decode()}]
    (tmp_path / "landed.json").write_text("\n".join(map(json.dumps, lines)) + "\n\n", encoding="utf-8")
    found = collected(sources.from_lines(spark.session.read.text(str(tmp_path)), ["jobs"]))
    assert found == [
        ("jobs", 0, 1, "x", "file/1", None, '{"a": "\u00e9"}'.encode()), ("jobs", 0, 2, "jobs-0-2", "json", None, b"\x00\xff")]


@pytest.mark.parametrize("line", ['{"topic": "cars", "partition": 0, "offset": 1}', "not json", '{"topic": "jobs", "offset": 1}'])
def test_a_line_that_is_no_record_stops_the_query(spark, tmp_path, line):
    (tmp_path / "landed.json").write_text(line + "\n")
    with pytest.raises(Exception, match="landed-record-invalid") as raised:
        sources.from_lines(spark.session.read.text(str(tmp_path)), ["jobs"]).collect()
    assert not isinstance(raised.value, AssertionError)


@pytest.mark.parametrize("value, rows, rejects", [
    (b'{"id": 1, "job": "A"}', 1, []), (b'[{"id": 1, "job": "A"}, {"id": 2}]', 1, [("value-missing", b'{"id": 2}')]),
    (b'{"id": 1', 0, [("json-syntax", b'{"id": 1')]), (b"\x00\xff", 0, [("json-syntax", b"\x00\xff")]),
    (b"", 0, [("json-syntax", b"")]), (None, 0, [("json-syntax", b"")])])
def test_a_value_of_another_producer_is_taken_or_kept_as_a_reject(value, rows, rejects):
    record = dict(zip(records.COLUMNS, ("jobs", 0, 0, "jobs-0-0", records.PLAIN, None, value)))
    lines = [
        line for batch in Expansion(record, load_model().table("jobs"), None).batches() for line in batch.to_pylist()]
    summary = lines.pop()
    assert (summary["k"], summary["code"], summary["rejected_rows"]) == ("s", None, len(rejects))
    assert summary["read_rows"] == rows + len(rejects)
    assert len([line for line in lines if line["k"] == "r"]) == rows
    assert [(line["code"], line["raw"]) for line in lines if line["k"] == "x"] == rejects
