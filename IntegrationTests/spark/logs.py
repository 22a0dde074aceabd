"""The records of a server's own log, in the forms that the Spark application takes."""

import base64
import json
import sqlite3

from dipper_spark import records

QUERY = """SELECT p.topic, p.partition, r."offset", r.id, r.headers, r.payload FROM records r
    JOIN partitions p ON p.id = r.partition_id ORDER BY p.topic, p.partition, r."offset" """


def logged(folder):
    """All records of a data folder as dictionaries (`records.COLUMNS`)."""
    with sqlite3.connect(f"file:{folder}/log.db?mode=ro", uri=True) as log:
        return [record(*row) for row in log.execute(QUERY)]


def record(topic, partition, offset, identity, headers, payload):
    headers = json.loads(headers or "{}")
    return {
        "topic": topic, "partition": partition, "offset": offset, "id": identity,
        "kind": headers.get(records.KIND_HEADER, records.PLAIN), "sha256": headers.get(records.SHA_HEADER),
        "value": payload}


def landed(found):
    """A record as a line that a sink lands: text values as text, others in base 64."""
    headers = {records.KIND_HEADER: found["kind"]}
    if found["sha256"]:
        headers[records.SHA_HEADER] = found["sha256"]
    line = {name: found[name] for name in ("topic", "partition", "offset", "id")} | {"headers": headers}
    if found["kind"] == records.FILE:
        line["value"] = found["value"].decode()
    else:
        line["valueBase64"] = base64.b64encode(found["value"]).decode()
    return json.dumps(line) + "\n"


def write_landed(folder, name, found):
    """A file of landed records, whole when it is seen."""
    folder.mkdir(exist_ok=True)
    part = folder / f"_{name}"
    part.write_text("".join(map(landed, found)), encoding="utf-8")
    part.rename(folder / f"{name}.json")
