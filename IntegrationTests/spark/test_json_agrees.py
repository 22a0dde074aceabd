"""JSON batches through the server and through the Python reader: the same values, the same verdicts byte for byte, and the same
bodies refused as a whole."""

import json
import os
import random

from dipper_spark import batch_coding, json_rows
from dipper_spark.errors import FileFault
from dipper_spark.model import load_model

from spark.application import ROOT
from spark.logs import logged

MODEL = ROOT / "IntegrationTests" / "spark" / "model.yaml"
VISIT = {"day": "2021-01-31", "person": 1, "place": "a"}
RANDOM_BODIES = 150
BODIES = (
    b'[{"day": "2021-01-31", "person": 1, "place": "a"}]', b'\xef\xbb\xbf [ {"DAY":"2021-01-31","Person":"2","place":null} ] ',
    b'[1, "x", null, true, [], {}, {"day": 5, "person": 1}, {"person": "1.5", "day": "2021-01-31"}]',
    b'[{"day":"2021-01-31","person":1,"person":2},\n{"day":"2021-01-31","person":1e1},\r\n{"day":"2021-01-31","person":2147483648}]',
    b'[{"day":"2021-01-31","person":1,"place":"\\u00e9\\ud83d\\ude00\\n\\/"},{"day":"2021-01-31","person":2,"place":"\\ud800"}]',
    b'[{"day":"2021-01-31","person":1,"place":"a\nb"},{"day":"2021-01-31","person":2,"place":"\xff"},{"day":"\xc3\xa9","person":1}]',
    b'[{"day":"2021-01-31","person":1,"place":{"a":[1,{"b":"\\udc00"}]}},{"day":"2021-01-31","person":1,"other":[[[[[[[[[1]]]]]]]]]}]',
    b'[{"d\\u0061y":"2021-01-31","person":-0,"pl\\ud800ce":1},{"day":"","person":1},{"day":" 2021-01-31 ","person":" 7 "}]',
    b'[{"day":"2021-01-31","person":01}]', b'[{"day":"2021-01-31","person":1.}]', b'[{"day":"2021-01-31"', b"[", b"", b"[]", b"{}",
    b'[{"day":"2021-01-31","person":1}] x', b'[{"day":"2021-01-31","person":1},]', b'[{"day":"2021-01-31" "person":1}]',
    b'[{"day":"2021-01-31","person":tru}]', b'[{"day":"\\x","person":1}]', b"nonsense", b'[{"day":"2021-01-31","person":-}]',
    b'[{day:1}]', b'[{"day":"2021-01-31","person":1,"place":"' + b"x" * 70_000 + b'","person":2}]')


def random_body(source):
    values = ("2021-01-31", "", 1, -5, 2**31, 1.5, True, None, [1], {"a": "b"}, "7", "\u00e9", "a\"b", " x ", "2021-02-30")
    rows = []
    for _ in range(source.randint(1, 8)):
        row = dict(VISIT, person=source.randint(0, 9))
        for _ in range(source.choice((0, 0, 1, 2))):
            row[source.choice(("day", "person", "place", "Place", "more"))] = source.choice(values)
        rows.append(source.choice(values) if source.random() < 0.05 else row)
    body = json.dumps(rows, ensure_ascii=source.random() < 0.5, indent=source.choice((None, 1))).encode()
    if source.random() < 0.2:
        at = source.randrange(len(body))
        body = body[:at] + source.choice((b"", b"\xff", b'"', b",", b"\\", b"0")) + body[at + 1:]
    return body


def by_python(table, body):
    try:
        rows = json_rows.array_rows(table, body)
    except FileFault:
        return None
    found = [json_rows.reject(row) for row in rows if row[4] is not None]
    return [row[3] for row in rows if row[4] is None], told(found)


def told(rejects):
    return [(r.line, r.byte_offset, r.column, r.code, r.message, bytes(r.raw), r.is_truncated) for r in rejects]


def test_batches_are_judged_alike(new_server, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "model.yaml").write_text(MODEL.read_text())
    server, table = new_server(folder=tmp_path / "data"), load_model(MODEL).table("visits")
    seed = int(os.environ.get("DIPPER_SPARK_SEED", 5))
    print(f"DIPPER_SPARK_SEED={seed}")
    source, taken = random.Random(seed), []
    for body in [*BODIES, *(random_body(source) for _ in range(RANDOM_BODIES))]:
        answer = server.api.batch("visits", body)
        assert answer.status_code in (200, 400, 422), answer.text
        found = by_python(table, body)
        assert (found is not None) == (answer.status_code == 200) or body in (b"", b"[]"), (body, answer.text)
        if answer.status_code == 200:
            taken.append((body, found))
    assert len(taken) > RANDOM_BODIES / 2
    records = logged(server.folder)
    assert len(records) == len(taken)
    codes = set()
    for record, (body, (rows, rejects)) in zip(records, taken):
        batch = batch_coding.decode(record["value"], table)
        assert (batch.rows, told(batch.rejects)) == (rows, rejects), body
        codes |= {reject.code for reject in batch.rejects}
    assert codes >= {"type-mismatch", "row-not-object", "field-unknown", "field-repeated", "value-missing", "surrogate-lone"}
