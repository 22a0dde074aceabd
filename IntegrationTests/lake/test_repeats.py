"""Files that come again, and keys that come again."""

from lake import hiring
from lake.readers import pyiceberg_rows, static_table

A = "1,Ada Baker,2021-01-01T00:00:00Z,1,1\n2,Ben Costa,2021-02-01T00:00:00Z,1,1\n3,,2021-02-01T00:00:00Z,1,1\n"
B = "1,Ada Jones,2022-06-01T00:00:00Z,2,2\n2,Ben Costa,2021-02-01T00:00:00Z,1,1\n4,Eva Diaz,2022-07-01T00:00:00Z,2,2\n"
COLUMNS = hiring.SILVER["hired_employees"]


def stored(api):
    return pyiceberg_rows(api.metadata("hired_employees"), COLUMNS)


def test_a_file_that_comes_again_changes_nothing(server, sample_of):
    path = sample_of(2000) / "hired_employees.csv"
    first = server.api.load("hired_employees", path)
    metadata = server.api.metadata("hired_employees")
    before, rejects = stored(server.api), len(server.api.rejects("hired_employees"))
    assert rejects == first["rows"]["rejected"] > 0

    again = server.api.load("hired_employees", path)
    assert again["id"] != first["id"]
    assert again["sha256"] == first["sha256"]
    assert again["rows"]["unchanged"] == again["rows"]["accepted"] == first["rows"]["accepted"]
    assert again["rows"]["rejected"] == rejects
    assert stored(server.api) == before
    assert len(server.api.rejects("hired_employees")) == rejects, "a reject is not doubled"
    old = static_table(metadata).current_snapshot().snapshot_id
    files = static_table(server.api.metadata("hired_employees")).inspect.files().num_rows
    assert files == static_table(metadata).inspect.files().num_rows, f"no file was added since snapshot {old}"


def test_after_a_b_a_the_values_of_a_stand(server):
    for text in (A, B, A):
        server.api.load("hired_employees", text.encode())
    assert stored(server.api) == hiring.expect("hired_employees", A, B, A).rows
    assert len(server.api.rejects("hired_employees")) == 1


def test_a_change_moves_a_row_between_partitions_and_leaves_no_copy(server):
    server.api.load("hired_employees", A.encode())
    receipt = server.api.load("hired_employees", B.encode())
    rows = receipt["rows"]
    assert (rows["updated"], rows["unchanged"], rows["inserted"]) == (1, 1, 1)
    assert stored(server.api) == hiring.expect("hired_employees", A, B).rows


def test_a_refused_row_leaves_the_stored_row_of_its_key(server):
    server.api.load("hired_employees", A.encode())
    server.api.load("hired_employees", b"1,,2022-01-01T00:00:00Z,2,2\n")
    assert stored(server.api) == hiring.expect("hired_employees", A).rows


def test_a_snapshot_stays_readable_after_later_writes(server):
    first = server.api.load("hired_employees", A.encode())
    server.api.load("hired_employees", B.encode())
    then = pyiceberg_rows(server.api.metadata("hired_employees"), COLUMNS, int(first["snapshotId"]))
    assert then == hiring.expect("hired_employees", A).rows


def test_an_idempotency_key_gets_the_first_answer_again(server):
    key = {"Idempotency-Key": "upload-1"}
    first = server.api.upload("hired_employees", A.encode(), headers=key)
    again = server.api.upload("hired_employees", A.encode(), headers=key)
    assert again["id"] == first["id"]
    assert server.api.job_count("hired_employees") == 1
    other = server.api.post_csv("hired_employees", B.encode(), headers=key)
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency-conflict"
    assert stored(server.api) == hiring.expect("hired_employees", A).rows


def test_a_batch_and_a_file_keep_one_order(server):
    row = {"id": 1, "name": "Ada Batch", "datetime": "2021-05-01T00:00:00Z", "department_id": 4, "job_id": None}
    server.api.load("hired_employees", A.encode())
    answer = server.api.batch("hired_employees", [row])
    assert answer.status_code == 200, answer.text
    receipt = server.api.ended(answer.json())
    assert receipt["rows"]["updated"] == 1
    line = "1,Ada Batch,2021-05-01T00:00:00Z,4,\n"
    assert stored(server.api) == hiring.expect("hired_employees", A, line).rows
    server.api.load("hired_employees", A.encode())
    assert stored(server.api) == hiring.expect("hired_employees", A, line, A).rows
