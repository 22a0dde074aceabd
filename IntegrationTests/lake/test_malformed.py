"""Malformed input of each kind: a 4xx or a reject that names place, column and remedy, and a server that stays up."""

import base64
import json
import socket

import pytest

from lake import hiring
from lake.api import assert_problem
from lake.readers import pyiceberg_rows

GOOD = {"id": 1, "name": "Ada Baker", "datetime": "2021-01-01T00:00:00Z", "department_id": 1, "job_id": 1}
GOOD_ROW = "1,Ada Baker,2021-01-01T00:00:00Z,1,1\n"


@pytest.fixture(autouse=True)
def stays_up(server):
    """After each test the server is there and still takes a good file."""
    yield
    server.assert_alive()
    receipt = server.api.load("hired_employees", b"999999,Zed Last,2021-06-01T00:00:00Z,1,1\n")
    assert receipt["rows"]["accepted"] == 1


def stored(api):
    return pyiceberg_rows(api.metadata("hired_employees"), hiring.SILVER["hired_employees"])


# Requests that are refused.

def test_an_unknown_table(server):
    problem = assert_problem(server.api.post_csv("salaries", b"1,2\n"), "unknown-table")
    assert "salaries" in problem["detail"]
    assert_problem(server.api.batch("salaries", [GOOD]), "unknown-table")
    assert_problem(server.api.get("/tables/salaries"), "unknown-table")


PATHS = {"parent": "..%2f..%2fetc%2fpasswd", "NUL": "%00", "long": "a" * 4000, "SQL": "silver.employees_cleaned;--"}


@pytest.mark.parametrize("kind", PATHS)
def test_a_table_name_is_never_a_path(server, kind):
    name = PATHS[kind]
    answer = server.api.request("POST", f"/upload/csv/{name}", data=b"1,2\n", headers={"Content-Type": "text/csv"})
    assert 400 <= answer.status_code < 500, answer.text


def test_a_form_with_a_wrong_field_name(server):
    answer = server.api.request("POST", "/upload/csv/jobs", files={"fil": ("jobs.csv", b"1,Clerk\n", "text/csv")})
    problem = assert_problem(answer, "multipart-part-unknown", "multipart-part-missing")
    assert "file" in problem["remedy"]
    assert server.api.job_count() == 0


def test_an_empty_body(server):
    assert_problem(server.api.post_csv("jobs", b""), "upload-empty", "body-missing")
    assert_problem(server.api.batch("jobs", b""))
    assert_problem(server.api.batch("jobs", "[]"), "batch-empty")
    assert server.api.job_count() == 0


def test_an_unknown_option_is_not_ignored(server):
    assert_problem(server.api.post_csv("jobs", b"1,Clerk\n", on_error="fail"), "option-unknown")
    assert_problem(server.api.post_csv("jobs", b"1,Clerk\n", mode="replace"), "option-invalid")
    assert_problem(server.api.post_csv("jobs", b"1,Clerk\n", wait="soon"), "option-invalid")


def test_append_to_a_table_with_a_key(server):
    answer = server.api.post_csv("jobs", b"1,Clerk\n", mode="append")
    assert_problem(answer)


# Batches.

def test_a_batch_with_more_than_a_thousand_rows(server):
    rows = [{**GOOD, "id": number} for number in range(1001)]
    problem = assert_problem(server.api.batch("hired_employees", rows), "batch-too-large")
    assert "1000" in (problem["detail"] + problem["remedy"]).replace(",", "")
    assert server.api.batch("hired_employees", rows[:1000]).status_code == 200


BAD_BODIES = {
    "cut off": '[{"id": 1', "one object": json.dumps(GOOD), "numbers": "[1, 2]", "text": '"text"', "arrays": "[[1]]",
    "NUL": "\x00", "depth": "[" * 100_000, "infinity": '[{"id": 1e999}]', "a key twice": '[{"id": 1, "id": 2}]',
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_batch_that_is_no_array_of_objects(server, name):
    answer = server.api.batch("hired_employees", BAD_BODIES[name])
    if answer.status_code == 200:
        assert answer.json()["verdicts"], answer.text
    else:
        assert_problem(answer)


BAD_ROWS = {
    "unknown field": ({**GOOD, "salary": 10}, "salary"),
    "text for a number": ({**GOOD, "id": "one"}, "id"),
    "fraction for a whole number": ({**GOOD, "department_id": 1.5}, "department_id"),
    "number for text": ({**GOOD, "name": 7}, "name"),
    "object for text": ({**GOOD, "name": {"first": "Ada"}}, "name"),
    "missing required": ({key: value for key, value in GOOD.items() if key != "name"}, "name"),
    "null required": ({**GOOD, "name": None}, "name"),
    "past 32 bits": ({**GOOD, "job_id": 2**31}, "job_id"),
    "past 64 bits": ({**GOOD, "id": 2**63}, "id"),
    "no such day": ({**GOOD, "datetime": "2021-02-30T00:00:00Z"}, "hire_datetime"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_refused_row_of_a_batch_gets_a_verdict(server, name):
    row, column = BAD_ROWS[name]
    answer = server.api.batch("hired_employees", [{**GOOD, "id": 50}, row])
    assert answer.status_code == 200, answer.text
    receipt = server.api.ended(answer.json())
    verdicts = answer.json()["verdicts"]
    assert [(verdict["index"], verdict["column"]) for verdict in verdicts] == [(1, column)], verdicts
    assert verdicts[0]["code"] and verdicts[0]["message"]
    assert (receipt["rows"]["accepted"], receipt["rows"]["rejected"]) == (1, 1)

    refused = server.api.batch("hired_employees", [{**GOOD, "id": 51}, row], atomic="true")
    problem = assert_problem(refused, "rows-refused")
    assert problem["verdicts"][0]["index"] == 1
    assert [row[0] for row in stored(server.api)] == [50]


# Files that are no CSV.

BINARIES = {
    "PNG": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
    "Parquet": b"PAR1" + bytes(range(256)) * 20 + b"PAR1",
    "zip": b"PK\x03\x04" + bytes(range(256)) * 20,
    "UTF-16": hiring.HIRES.encode("utf-16"),
    "NUL bytes": b"1,Ada\x00,2021-01-01T00:00:00Z,1,1\n" * 5,
    "JSON": json.dumps([GOOD]).encode(),
    "HTML": b"<!doctype html><html><body>502 Bad Gateway</body></html>",
}


@pytest.mark.parametrize("name", BINARIES)
def test_a_file_that_is_no_csv(server, name):
    answer = server.api.post_csv("hired_employees", BINARIES[name], wait=30)
    if 400 <= answer.status_code < 500:
        assert_problem(answer)
        return
    receipt = server.api.ended(answer.json())
    if receipt["state"] == "failed":
        assert receipt["error"]["code"] and receipt["error"]["message"] and receipt["error"]["remedy"], receipt
    else:
        assert receipt["rows"]["accepted"] == 0 and receipt["rows"]["rejected"] > 0, receipt


def test_a_header_that_does_not_fit(server):
    answer = server.api.post_csv("hired_employees", b"id,name,salary\n1,Ada,100\n", wait=30)
    receipt = server.api.ended(answer.json()) if answer.status_code in (200, 202) else None
    if receipt is None:
        assert_problem(answer, "header-mismatch", "header-column-unknown")
    else:
        assert receipt["state"] == "failed", receipt
        assert receipt["error"]["code"] in ("header-mismatch", "header-column-unknown"), receipt
        assert receipt["error"]["remedy"]


# Rows that are refused.

BAD_LINES = {
    "not a number": (b"one,Ada,2021-01-01T00:00:00Z,1,1", "id", "value-invalid"),
    "past 64 bits": (b"9223372036854775808,Ada,2021-01-01T00:00:00Z,1,1", "id", "value-out-of-range"),
    "past 32 bits": (b"2,Ada,2021-01-01T00:00:00Z,2147483648,1", "department_id", "value-out-of-range"),
    "no such day": (b"2,Ada,2021-02-30T00:00:00Z,1,1", "hire_datetime", None),
    "no such hour": (b"2,Ada,2021-02-03T25:00:00Z,1,1", "hire_datetime", None),
    "too many fields": (b"2,Ada,2021-01-01T00:00:00Z,1,1,extra", None, "too-many-fields"),
    "too few fields": (b"2,Ada", None, "too-few-fields"),
    "invalid UTF-8": (b"2,Zo\xeb,2021-01-01T00:00:00Z,1,1", "name", "utf8-invalid"),
    "no key": (b",Ada,2021-01-01T00:00:00Z,1,1", "id", "value-missing"),
    "quote in the middle": (b'2,"Ada"x,2021-01-01T00:00:00Z,1,1', None, "quote-misplaced"),
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_bad_row_is_rejected_with_its_place(server, name):
    line, column, code = BAD_LINES[name]
    before = GOOD_ROW.encode() * 3
    receipt = server.api.load("hired_employees", before + line + b"\n" + GOOD_ROW.encode())
    assert (receipt["rows"]["read"], receipt["rows"]["rejected"]) == (5, 1), receipt
    (reject,) = server.api.rejects("hired_employees")
    assert (reject["line"], reject["byteOffset"]) == (4, len(before)), reject
    if column:
        assert reject["column"] == column, reject
    if code:
        assert reject["code"] == code, reject
    assert reject["message"]
    assert base64.b64decode(reject["rawBase64"]) == line
    assert sum(stored(server.api).values()) == 1


def test_a_quote_that_never_ends(server):
    body = GOOD_ROW + '2,"Ada,2021-01-01T00:00:00Z,1,1\n' + GOOD_ROW * 1000
    receipt = server.api.upload("hired_employees", body.encode())
    assert receipt["state"] == "failed" or receipt["rows"]["rejected"] >= 1, receipt
    if receipt["state"] == "committed":
        assert receipt["rows"]["accepted"] >= 1
        assert server.api.rejects("hired_employees")[0]["line"] == 2


def test_a_field_of_64_megabytes(server):
    huge = b"2," + b"a" * (64 << 20) + b",2021-01-01T00:00:00Z,1,1\n"
    receipt = server.api.upload("hired_employees", GOOD_ROW.encode() + huge + b"3" + GOOD_ROW.encode()[1:])
    assert receipt["state"] == "committed", receipt
    rows = receipt["rows"]
    assert (rows["read"], rows["accepted"], rows["rejected"]) == (3, 2, 1), receipt
    (reject,) = server.api.rejects("hired_employees")
    assert reject["line"] == 2
    assert reject["code"] in ("row-too-long", "field-too-long"), reject
    assert sorted(row[0] for row in stored(server.api)) == [1, 3]


def test_all_malformed_rows_of_a_sample_are_rejected(server, sample_of):
    folder = sample_of(3000, "--clean", "--bad-every", "10")
    receipt = server.api.load("hired_employees", folder / "hired_employees.csv")
    assert (receipt["rows"]["rejected"], receipt["rows"]["accepted"]) == (300, 2700), receipt
    rejects = server.api.rejects("hired_employees")
    assert sorted(reject["line"] for reject in rejects) == list(range(10, 3001, 10))


def test_on_error_fail_applies_nothing(server):
    body = (GOOD_ROW + "2,,2021-01-01T00:00:00Z,1,1\n").encode()
    receipt = server.api.upload("hired_employees", body, onError="fail")
    assert receipt["state"] == "failed", receipt
    assert receipt["error"]["code"] and receipt["error"]["remedy"]


# Broken connections.

def raw_request(server, head, body):
    """Sends the bytes, closes the sending side and returns what comes back."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + body)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while block := connection.recv(65536):
                answer += block
        except ConnectionError:
            pass  # a reset is an answer as well
        return answer


def form_head(server, length):
    return (
        f"POST /api/v2/upload/csv/hired_employees HTTP/1.1\nHost: 127.0.0.1:{server.port}\n"
        f"Content-Type: multipart/form-data; boundary=cut\nContent-Length: {length}\nConnection: close\n\n")


PART = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\n'


def test_a_form_that_ends_early(server):
    body = PART + GOOD_ROW.encode() * 100
    answer = raw_request(server, form_head(server, len(body)), body)  # whole by its length, no closing boundary
    assert answer.startswith(b"HTTP/1.1 4"), answer[:200]
    assert b"multipart-truncated" in answer or b"body-truncated" in answer
    assert server.api.job_count() == 0


def test_a_connection_that_breaks_inside_a_form(server):
    answer = raw_request(server, form_head(server, 10_000_000), PART + GOOD_ROW.encode() * 100)
    assert not answer.startswith(b"HTTP/1.1 2"), answer[:200]
    assert server.api.job_count() == 0


def test_a_chunked_body_that_breaks_off(server):
    head = (
        f"POST /api/v2/upload/csv/hired_employees HTTP/1.1\nHost: 127.0.0.1:{server.port}\n"
        "Content-Type: text/csv\nTransfer-Encoding: chunked\nConnection: close\n\n")
    answer = raw_request(server, head, b"100\r\n" + GOOD_ROW.encode())
    assert not answer.startswith(b"HTTP/1.1 2"), answer[:200]
    assert server.api.job_count() == 0


NO_REQUESTS = {
    "NUL bytes": b"\x00" * 100, "version": b"GET / HTTP/9.9\r\n\r\n", "no host": b"POST /api/v2/query HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("kind", NO_REQUESTS)
def test_bytes_that_are_no_request(server, kind):
    answer = raw_request(server, "", NO_REQUESTS[kind])
    assert not answer.startswith(b"HTTP/1.1 2"), answer[:200]
