"""The published hiring data set and its known answers. The folder of its three files is named by DIPPER_HIRING_DIR."""

import os
import pathlib

import pytest

FOLDER = os.environ.get("DIPPER_HIRING_DIR")

pytestmark = pytest.mark.skipif(not FOLDER, reason="DIPPER_HIRING_DIR names no folder with the published data set")

ABOVE_MEAN_2021 = [
    ("Support", 220), ("Engineering", 206), ("Services", 202), ("Human Resources", 201),
    ("Business Development", 185), ("Research and Development", 150), ("Marketing", 143)]


@pytest.fixture
def loaded(server):
    folder = pathlib.Path(FOLDER)
    receipts = {
        table: server.api.load(table, folder / f"{table}.csv") for table in ("departments", "jobs", "hired_employees")}
    return server.api, receipts


def test_the_published_rows(loaded):
    api, receipts = loaded
    assert receipts["departments"]["rows"]["accepted"] == 12
    assert receipts["jobs"]["rows"]["accepted"] == 183
    rows = receipts["hired_employees"]["rows"]
    assert (rows["read"], rows["accepted"], rows["rejected"]) == (1999, 1966, 33)
    rejects = api.rejects("hired_employees")
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
