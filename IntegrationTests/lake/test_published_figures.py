"""The published hiring data set and its known answers. The folder of its three files is named by DIPPER_HIRING_DIR."""

import csv
import io
import os
import pathlib

import pytest

FOLDER = os.environ.get("DIPPER_HIRING_DIR")

pytestmark = pytest.mark.skipif(not FOLDER, reason="DIPPER_HIRING_DIR names no folder with the published data set")

ABOVE_MEAN_2021 = [
    ("Support", 220), ("Engineering", 206), ("Services", 202), ("Human Resources", 201),
    ("Business Development", 185), ("Research and Development", 150), ("Marketing", 143)]


HEADERS = {
    "departments": "ID,Department", "jobs": "Id,JOB", "hired_employees": "id,Name,hire_date,DEPARTMENT_ID,job_id"}
EMPTY_ROWS = 88


def plain(table):
    return (pathlib.Path(FOLDER) / f"{table}.csv").read_bytes()


def disguised(table):
    """The same rows as a spreadsheet exports them: byte order mark, semicolons, CRLF, a header, rows of empty fields."""
    rows = list(csv.reader(io.StringIO(plain(table).decode())))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADERS[table].split(","))
    writer.writerows(rows)
    out.write((";" * (len(rows[0]) - 1) + "\r\n") * EMPTY_ROWS)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


@pytest.fixture(params=["plain", "other order", "disguised", "twice", "far from UTC"])
def loaded(request, new_server):
    server = new_server({"TZ": "America/Bogota"} if request.param == "far from UTC" else None)
    tables = ["departments", "jobs", "hired_employees"]
    if request.param == "other order":
        tables.reverse()
    content = disguised if request.param == "disguised" else plain
    receipts = {table: server.api.load(table, content(table)) for table in tables}
    if request.param == "disguised":
        assert receipts["hired_employees"]["rows"].pop("blank") == EMPTY_ROWS
        receipts["hired_employees"]["rows"]["read"] -= EMPTY_ROWS
    if request.param == "twice":
        for table in tables:
            again = server.api.load(table, content(table))["rows"]
            assert again["unchanged"] == again["accepted"] == receipts[table]["rows"]["accepted"]
    return server.api, receipts


def test_the_published_rows(loaded):
    api, receipts = loaded
    assert receipts["departments"]["rows"]["accepted"] == 12
    assert receipts["jobs"]["rows"]["accepted"] == 183
    rows = receipts["hired_employees"]["rows"]
    assert (rows["read"], rows["accepted"], rows["rejected"]) == (1999, 1966, 33)
    rejects = api.rejects("hired_employees")
    assert len(rejects) == 33, "a repeated upload doubles no reject"
    assert all(reject["line"] >= 1 and reject["raw"] and reject["code"] == "value-missing" for reject in rejects)
    assert sum(reject["column"] == "name" for reject in rejects) == 19
    assert sum(reject["column"] == "hire_datetime" for reject in rejects) == 14


def test_the_published_answers(loaded):
    api, _ = loaded
    quarters = api.analytics("quarterly-hires", 2021)
    assert len(quarters) == 933
    assert sum(row["q1"] + row["q2"] + row["q3"] + row["q4"] for row in quarters) == 1643
    assert quarters[0]["department"] == "Accounting"
    above = api.analytics("departments-above-mean", 2021)
    assert [(row["department"], row["hired"]) for row in above] == ABOVE_MEAN_2021
