"""Batches, NDJSON, idempotency keys, deletes by key and replays of rejects, as a client sees them."""

import gzip
import json
import uuid

from lake import hiring
from lake.readers import pyiceberg_rows

COLUMNS = hiring.SILVER["hired_employees"]


def row(key, name="Ada Baker", when="2021-11-07T02:48:42Z", **more):
    return {"id": key, "name": name, "datetime": when, "department_id": 1, "job_id": 2, **more}


def ids(api):
    return sorted(line[0] for line in pyiceberg_rows(api.metadata("hired_employees"), COLUMNS))


def lines(rows):
    return b"".join(json.dumps(line).encode() + b"\n" for line in rows)


def ndjson(api, body, headers=None, **parameters):
    return api.batch("hired_employees", body, {"Content-Type": "application/x-ndjson", **(headers or {})}, **parameters)


def test_a_batch_has_a_verdict_for_each_refused_row_and_survives_a_kill(server):
    answer = server.api.batch("hired_employees", [row(1), row("x"), row(3, when="2021-02-30T00:00:00Z"), row("4")])
    assert answer.status_code == 200 and answer.json()["durable"] is True
    verdicts = {verdict["index"]: verdict["code"] for verdict in answer.json()["verdicts"]}
    assert verdicts == {1: "value-invalid", 2: "value-invalid"}
    server.kill()
    server.start()
    receipt = server.api.ended(server.api.job(answer.json()["id"]))
    assert (receipt["rows"]["inserted"], receipt["rows"]["rejected"]) == (2, 2)
    assert ids(server.api) == [1, 4]


def test_an_atomic_batch_is_taken_whole_or_not_at_all(server):
    before = server.api.job_count()
    answer = server.api.batch("hired_employees", [row(1), row("x")], atomic="true")
    assert answer.status_code == 422 and [verdict["index"] for verdict in answer.json()["verdicts"]] == [1]
    assert server.api.job_count() == before


def test_a_body_that_is_no_json_names_its_place(server):
    answer = server.api.batch("hired_employees", '[\n{"id": 1,\n"name" 2}]')
    assert answer.status_code == 400
    assert answer.json()["code"] == "json-syntax" and answer.json()["place"]["line"] == 3


def test_long_ndjson_is_one_receipt_and_a_broken_line_a_reject(server):
    body = lines(row(key) for key in range(60_000)) + b'{"id": 1,\n\n'
    answer = ndjson(server.api, gzip.compress(body), {"Content-Encoding": "gzip"})
    assert answer.status_code == 200, answer.text
    first = answer.json()
    assert first["parts"] > 1
    assert (first["rows"]["read"], first["rows"]["rejected"], first["rows"]["blank"]) == (60_002, 1, 1)
    receipt = server.api.ended(first)
    assert receipt["state"] == "committed" and receipt["rows"]["inserted"] == 60_000
    assert len(server.api.rejects("hired_employees")) == 1


def test_a_key_brings_the_first_answer_again_or_a_conflict(server):
    api = server.api
    writes = [
        (lambda key, n: api.batch("hired_employees", [row(n)], {"Idempotency-Key": key})),
        (lambda key, n: ndjson(api, lines([row(n)]), {"Idempotency-Key": key})),
        (lambda key, n: api.request("DELETE", f"/tables/hired_employees/rows/{n}", headers={"Idempotency-Key": key})),
        (lambda key, n: api.post_csv(
            "hired_employees", f"{n},A,2021-01-01T00:00:00Z,1,1\n".encode(), {"Idempotency-Key": key})),
    ]
    for write in writes:
        key = str(uuid.uuid4())
        first, again = write(key, 1), write(key, 1)
        assert first.status_code == again.status_code and first.status_code in (200, 202), first.text
        assert "Idempotency-Replayed" not in first.headers and again.headers["Idempotency-Replayed"] == "true"
        assert first.json() == again.json()
        conflict = write(key, 2)
        assert (conflict.status_code, conflict.json()["code"]) == (422, "idempotency-conflict")


def test_a_delete_takes_the_row_out_of_every_store_and_of_its_partition(server):
    api = server.api
    api.load("hired_employees", b"1,A,2021-01-01T00:00:00Z,1,1\n2,B,2022-06-01T00:00:00Z,1,1\n")
    for expected in (1, 0):
        answer = api.request("DELETE", "/tables/hired_employees/rows/2", params={"wait": 30})
        assert answer.status_code == 200, answer.text
        assert answer.json()["rows"]["deleted"] == expected
        assert answer.json()["rows"]["read"] == 1 == answer.json()["rows"]["accepted"]
    assert ids(api) == [1]
    api.load("hired_employees", b"2,C,2023-06-01T00:00:00Z,1,1\n")
    assert ids(api) == [1, 2]


def test_a_corrected_download_is_linked_to_its_rejects(server):
    api = server.api
    api.load("hired_employees", b"1,A,2021-01-01T00:00:00Z,1,1\nx,B,2021-01-01T00:00:00Z,1,1\n")
    csv = api.get("/rejects/hired_employees", format="csv").text
    assert "dipper_reject" in csv.splitlines()[0]
    corrected = csv.replace("\nx,", "\n2,")
    answer = api.request(
        "POST", "/rejects/hired_employees/replay", data=corrected.encode(), headers={"Content-Type": "text/csv"})
    assert answer.status_code == 200, answer.text
    job = api.ended(answer.json())
    assert job["rows"]["inserted"] == 1
    assert [reject["replayedBy"] for reject in api.rejects("hired_employees")] == [job["id"]]
    assert api.get("/rejects/hired_employees", replayed="false").json() == []
    assert ids(api) == [1, 2]
