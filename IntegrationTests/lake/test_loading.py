"""The main job: hiring CSV files go in, and tables, counts and analytics come out right."""

import base64
import collections
import gzip
import itertools

import pytest
import zstandard

from lake import hiring
from lake.readers import pyiceberg_rows


def load_all(api, texts, order=hiring.TABLES):
    return {table: api.load(table, texts[table].encode()) for table in order}


def expectations(texts):
    return {table: hiring.expect(table, texts[table]) for table in hiring.TABLES}


def sample_texts(folder):
    return {table: (folder / f"{table}.csv").read_text() for table in hiring.TABLES}


def stored(api, table):
    return pyiceberg_rows(api.metadata(table), hiring.SILVER[table])


def test_a_generated_sample_lands_row_for_row(server, sample_of):
    texts = sample_texts(sample_of(5000, seed=7))
    expected = expectations(texts)
    receipts = load_all(server.api, texts)
    for table in hiring.TABLES:
        hiring.count_matches(receipts[table], expected[table])
        assert stored(server.api, table) == expected[table].rows
        assert receipts[table]["durable"] is True
    assert receipts["hired_employees"]["snapshotId"]


def test_the_awkward_rows_of_a_small_file_land_as_they_should(server):
    expected = expectations(hiring.GOLDEN)
    assert (expected["hired_employees"].accepted, expected["hired_employees"].rejected) == (8, 2)
    receipts = load_all(server.api, hiring.GOLDEN)
    for table in hiring.TABLES:
        hiring.count_matches(receipts[table], expected[table])
        assert stored(server.api, table) == expected[table].rows
    rows = receipts["hired_employees"]["rows"]
    assert (rows["inserted"], rows["superseded"]) == (7, 1), "the last valid write of a key wins"


@pytest.mark.parametrize("order", itertools.permutations(hiring.TABLES), ids="-".join)
def test_files_come_in_any_order(server, order):
    expected = expectations(hiring.GOLDEN)
    load_all(server.api, hiring.GOLDEN, order)
    for table in hiring.TABLES:
        assert stored(server.api, table) == expected[table].rows
    answer = server.api.analytics("quarterly-hires", 2021)
    assert answer == hiring.quarterly_hires(
        expected["hired_employees"], expected["departments"], expected["jobs"], 2021)


@pytest.mark.parametrize("year", [2021, 2022])
def test_analytics_count_what_the_files_say(server, sample_of, year):
    texts = sample_texts(sample_of(5000, seed=7))
    expected = expectations(texts)
    load_all(server.api, texts)
    hires, departments, jobs = expected["hired_employees"], expected["departments"], expected["jobs"]
    assert server.api.analytics("quarterly-hires", year) == hiring.quarterly_hires(hires, departments, jobs, year)
    above = server.api.analytics("departments-above-mean", year)
    wanted = hiring.departments_above_mean(hires, departments, year)
    assert [row["hired"] for row in above] == [row["hired"] for row in wanted]
    assert collections.Counter(map(str, above)) == collections.Counter(map(str, wanted))


def test_each_refused_row_is_kept_with_its_place_and_reason(server):
    load_all(server.api, hiring.GOLDEN)
    rejects = sorted(server.api.rejects("hired_employees"), key=lambda reject: reject["line"])
    assert [(reject["line"], reject["column"], reject["code"]) for reject in rejects] == [
        (6, "name", "value-missing"), (7, "hire_datetime", "value-missing")]
    assert all(reject["message"] for reject in rejects)
    lines = hiring.HIRES.encode().splitlines()
    for reject in rejects:
        raw = lines[reject["line"] - 1]
        assert base64.b64decode(reject["rawBase64"]) == raw
        assert reject["byteOffset"] == hiring.HIRES.encode().index(raw)
    assert server.api.rejects("departments") == []


HEADER = "id,name,datetime,department_id,job_id\n"


def rewritten(text, **dialect):
    """The same fields in another dialect."""
    import csv
    import io

    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n", **dialect).writerows(csv.reader(io.StringIO(text, newline="")))
    return out.getvalue()


def with_columns_reversed():
    import csv
    import io

    out = io.StringIO(newline="")
    rows = list(csv.reader(io.StringIO(HEADER + hiring.HIRES, newline="")))
    csv.writer(out, lineterminator="\n").writerows(row[::-1] for row in rows)
    return out.getvalue()


DIALECTS = {
    "byte order mark": "\ufeff" + hiring.HIRES,
    "semicolons": rewritten(hiring.HIRES, delimiter=";"),
    "tabs": rewritten(hiring.HIRES, delimiter="\t"),
    "bars": rewritten(hiring.HIRES, delimiter="|"),
    "crlf": hiring.HIRES.replace("\n", "\r\n"),
    "header": HEADER + hiring.HIRES,
    "header in capitals, by alias": "ID,Name,HIRE_DATE,Department_Id,JOB_ID\n" + hiring.HIRES,
    "columns in another order": with_columns_reversed(),
    "no line ending at the end": hiring.HIRES.rstrip("\n"),
    "every field quoted": rewritten(hiring.HIRES, quoting=1),
    "all of it": "\ufeff" + (rewritten(HEADER + hiring.HIRES, delimiter=";") + ";;;;\n" * 88).replace("\n", "\r\n"),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_the_dialect_of_a_file_is_found_out(server, name):
    expected = hiring.expect("hired_employees", hiring.HIRES)
    receipt = server.api.load("hired_employees", DIALECTS[name].encode())
    assert stored(server.api, "hired_employees") == expected.rows
    rows = receipt["rows"]
    blank = 88 if name == "all of it" else 0
    assert (rows["accepted"], rows["rejected"], rows["blank"]) == (8, 2, blank), receipt
    assert receipt["dialect"]["evidence"], "the receipt says why"


def test_trailing_rows_of_empty_fields_are_blank_and_counted(server):
    receipt = server.api.load("hired_employees", (hiring.HIRES + ",,,,\n" * 88).encode())
    assert receipt["rows"]["blank"] == 88
    assert receipt["rows"]["rejected"] == 2
    assert receipt["rows"]["read"] == 98


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_compressed_uploads_are_read(server, encoding):
    plain = hiring.HIRES.encode()
    body = gzip.compress(plain) if encoding == "gzip" else zstandard.ZstdCompressor().compress(plain)
    server.api.load("hired_employees", body, headers={"Content-Encoding": encoding})
    assert stored(server.api, "hired_employees") == hiring.expect("hired_employees", hiring.HIRES).rows


def test_a_form_upload_does_the_same_as_a_raw_body(server):
    answer = server.api.request(
        "POST", "/upload/csv/hired_employees", params={"wait": 60},
        files={"file": ("hires of 2021.csv", hiring.HIRES.encode(), "text/csv")})
    assert answer.status_code in (200, 202), answer.text
    receipt = server.api.ended(answer.json())
    assert receipt["state"] == "committed"
    assert receipt["fileName"] == "hires of 2021.csv"
    assert stored(server.api, "hired_employees") == hiring.expect("hired_employees", hiring.HIRES).rows


def test_the_time_zone_of_the_machine_changes_nothing(new_server):
    server = new_server({"TZ": "America/Bogota"})
    expected = expectations(hiring.GOLDEN)
    load_all(server.api, hiring.GOLDEN)
    assert stored(server.api, "hired_employees") == expected["hired_employees"].rows
    for year in (2021, 2022):
        assert server.api.analytics("quarterly-hires", year) == hiring.quarterly_hires(
            expected["hired_employees"], expected["departments"], expected["jobs"], year)
    rows = server.api.query("SELECT count(*) FROM silver.employees_cleaned WHERE year(hire_datetime) = 2021")
    assert rows == [[6]], "a SQL session counts years in UTC as well"
