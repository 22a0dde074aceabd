"""The S3 door as other people's clients use it: boto3, PyArrow, PyIceberg, DuckDB."""

import io
import os
import threading

import boto3.s3.transfer
import botocore.exceptions
import pyarrow
import pyarrow.parquet
import pytest
import requests

from door.clients import BUCKET, Door
from lake.server import free_port
from rest.catalogs import duckdb_catalog, hires

MIB = 1 << 20


@pytest.fixture
def door(new_server, tmp_path):
    return Door(new_server, tmp_path)


def code(call, **arguments):
    """The code of the error that a call of boto3 ends with."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(Bucket=BUCKET, **arguments)
    return caught.value.response["Error"]["Code"]


def test_boto3_writes_reads_lists_copies_and_deletes(door):
    s3 = door.boto()
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == [BUCKET]
    s3.head_bucket(Bucket=BUCKET)
    key = "warehouse/sales/a b+é=1/x.bin"
    body = os.urandom(3 * MIB)
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == body
    assert s3.get_object(Bucket=BUCKET, Key=key, Range="bytes=5-9")["Body"].read() == body[5:10]
    head = s3.head_object(Bucket=BUCKET, Key=key)
    assert head["ContentLength"] == len(body)
    assert code(s3.put_object, Key=key, Body=b"x", IfNoneMatch="*") == "PreconditionFailed"
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"new", IfMatch=head["ETag"])
    assert code(s3.put_object, Key=key, Body=b"x", IfMatch=head["ETag"]) == "PreconditionFailed"
    s3.copy_object(Bucket=BUCKET, Key="warehouse/sales/copy", CopySource={"Bucket": BUCKET, "Key": key})
    assert s3.get_object(Bucket=BUCKET, Key="warehouse/sales/copy")["Body"].read() == b"new"
    for algorithm in ["CRC32", "SHA1", "SHA256"]:
        s3.put_object(Bucket=BUCKET, Key="warehouse/sales/sum", Body=b"text", ChecksumAlgorithm=algorithm)
    for number in range(25):
        s3.put_object(Bucket=BUCKET, Key=f"warehouse/sales/many/{number % 5}/{number}", Body=b"")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=BUCKET, Prefix="warehouse/sales/many/", PaginationConfig={"PageSize": 7})
    keys = [item["Key"] for page in pages for item in page["Contents"]]
    assert len(keys) == 25 and keys == sorted(keys)
    folders = s3.list_objects_v2(Bucket=BUCKET, Prefix="warehouse/sales/many/", Delimiter="/")
    assert [item["Prefix"] for item in folders["CommonPrefixes"]] == [f"warehouse/sales/many/{n}/" for n in range(5)]
    gone = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in keys]})
    assert len(gone["Deleted"]) == 25 and "Errors" not in gone
    assert code(s3.get_object, Key=keys[0]) == "NoSuchKey"
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=60)
    assert requests.get(url, timeout=10).content == b"new"
    assert requests.get(url.replace("X-Amz-Expires=60", "X-Amz-Expires=6000"), timeout=10).status_code == 403
    assert requests.get(f"{door.endpoint}/{BUCKET}/warehouse/sales/copy", timeout=10).status_code == 403


def test_boto3_uploads_in_parts(door):
    s3 = door.boto()
    body = os.urandom(23 * MIB)
    config = boto3.s3.transfer.TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=6 * MIB)
    s3.upload_fileobj(io.BytesIO(body), BUCKET, "warehouse/sales/large", Config=config)
    got = s3.get_object(Bucket=BUCKET, Key="warehouse/sales/large")
    assert got["ETag"].endswith('-4"') and got["Body"].read() == body
    target = io.BytesIO()
    s3.download_fileobj(BUCKET, "warehouse/sales/large", target, Config=config)
    assert target.getvalue() == body


def test_pyarrow_writes_and_reads_parquet(door):
    arrow = door.arrow()
    table = pyarrow.table({"id": range(1000), "name": [f"n{number}" for number in range(1000)]})
    path = f"{BUCKET}/warehouse/sales/p/x.parquet"
    pyarrow.parquet.write_table(table, path, filesystem=arrow)
    assert pyarrow.parquet.read_table(path, filesystem=arrow) == table
    with arrow.open_output_stream(f"{BUCKET}/warehouse/sales/p/large") as stream:
        for _ in range(30):
            stream.write(b"x" * MIB)
    assert arrow.get_file_info(f"{BUCKET}/warehouse/sales/p/large").size == 30 * MIB
    from pyarrow import fs

    names = [item.base_name for item in arrow.get_file_info(fs.FileSelector(f"{BUCKET}/warehouse/sales", recursive=True))]
    assert sorted(names) == ["large", "p", "x.parquet"]
    arrow.copy_file(path, f"{BUCKET}/warehouse/sales/p/y.parquet")
    arrow.delete_file(path)
    assert arrow.get_file_info(path).type == fs.FileType.NotFound
    with pytest.raises(OSError):
        door.arrow("reader").open_output_stream(f"{BUCKET}/warehouse/sales/z").close()


def test_pyiceberg_uses_the_lake_with_what_the_catalog_tells_it(door):
    api = door.server.api
    api.load("hired_employees", hires(1, 50))
    api.load("hired_employees", hires(40, 20))
    lake = door.pyiceberg()
    table = lake.load_table("silver.employees_cleaned")
    assert table.metadata_location.startswith(f"s3://{BUCKET}/warehouse/silver/")
    assert sorted(table.scan().to_arrow()["id"].to_pylist()) == list(range(1, 60))

    # With a key of one namespace, by client credentials.
    made = door.tokens["sales"]
    sales = door.pyiceberg(credential=f"sales:{made['token']}", **{"oauth2-server-uri": f"{door.catalog}/v1/oauth/tokens"})
    sales.create_namespace("sales")
    data = pyarrow.table({"id": pyarrow.array(range(100), pyarrow.int64()), "kind": ["a", "b"] * 50})
    mine = sales.create_table("sales.orders", schema=data.schema)
    mine.append(data)
    mine.append(data)
    mine.delete("id < 10")
    assert mine.scan().to_arrow().num_rows == 180
    answer = api.request("POST", "/query", json={"sql": "SELECT count(*), sum(id)::BIGINT FROM sales.orders"})
    assert answer.status_code == 200 and answer.json()["rows"] == [[180, 2 * sum(range(10, 100))]], answer.text
    # Its own rows, deletes and all, are read by SQL.
    api.load("departments", b"id,department\n1,Sales\n2,IT\n")
    api.load("departments", b"id,department\n1,Support\n")
    answer = api.request(
        "POST", "/query", json={"sql": "SELECT id, department FROM silver.departments_cleaned ORDER BY id"})
    assert answer.json()["rows"] == [[1, "Support"], [2, "IT"]], answer.text
    assert lake.load_table("silver.departments_cleaned").scan().to_arrow().num_rows == 2
    answer = api.request("POST", "/query", json={"sql": "SELECT count(*) FROM silver.employees_cleaned"})
    assert answer.json()["rows"] == [[59]], answer.text


def test_a_token_of_one_namespace_opens_nothing_else(door):
    api = door.server.api
    api.load("hired_employees", hires(1, 5))
    door.pyiceberg().create_namespace("sales")
    bearer = {"Authorization": f"Bearer {door.tokens['sales']['token']}"}
    reader = {"Authorization": f"Bearer {door.tokens['reader']['token']}"}

    def query(sql, headers):
        return api.request("POST", "/query", json={"sql": sql}, headers=headers)

    for sql in ["SELECT * FROM silver.employees_cleaned", 'SELECT * FROM "SILVER"."Employees_Cleaned"',
                "WITH x AS (SELECT * FROM silver.employees_cleaned) SELECT count(*) FROM x",
                "SELECT 1 WHERE EXISTS (SELECT * FROM quarantine.hired_employees)"]:
        answer = query(sql, bearer)
        assert answer.status_code == 403 and answer.json()["code"] == "forbidden", answer.text
        assert query(sql, reader).status_code == 200
    assert query("SELECT * FROM silver.nothing", bearer).status_code == 400
    assert query("SELECT 1", bearer).status_code == 200
    assert api.request("GET", "/tables", headers=bearer).json() == []
    assert api.request("GET", "/jobs", headers=bearer).status_code == 403
    assert api.request("POST", "/batch/departments", json=[{"id": 1}], headers=reader).status_code == 403
    lake = door.pyiceberg("sales")
    assert lake.list_namespaces() == [("sales",)]
    for call in [lambda: lake.load_table("silver.employees_cleaned"), lambda: lake.create_namespace("other")]:
        with pytest.raises(Exception, match="may not"):
            call()
    s3 = door.boto("sales")
    files = door.boto().list_objects_v2(Bucket=BUCKET, Prefix="warehouse/silver/")["Contents"]
    assert code(s3.get_object, Key=files[0]["Key"]) == "AccessDenied"
    assert code(s3.delete_object, Key=files[0]["Key"]) == "AccessDenied"
    assert code(s3.list_objects_v2, Prefix="warehouse/") == "AccessDenied"
    assert code(door.boto("reader").put_object, Key="warehouse/sales/x", Body=b"") == "AccessDenied"


def test_a_table_that_names_files_of_another_namespace_is_not_read(door):
    api = door.server.api
    api.load("departments", b"id,department\n1,Secret\n")
    door.pyiceberg().create_namespace("sales")
    theirs = door.pyiceberg().load_table("silver.departments_cleaned")
    stolen = theirs.inspect.files()["file_path"].to_pylist()
    mine = door.pyiceberg("sales").create_table("sales.t", schema=theirs.schema())
    # The footer of the file is read to add it, with a key that may; the commit is made with one that may not.
    entry = door.pyiceberg().load_table("sales.t")
    entry.add_files(stolen)
    bearer = {"Authorization": f"Bearer {door.tokens['sales']['token']}"}
    answer = api.request("POST", "/query", json={"sql": "SELECT * FROM sales.t"}, headers=bearer)
    assert answer.status_code == 403, answer.text
    answer = api.request("POST", "/tables/sales.t/backup", headers=bearer)
    assert answer.status_code == 403 and answer.json()["code"] == "forbidden", answer.text
    assert api.request("POST", "/tables/sales.t/backup").status_code == 200
    assert mine.name() == ("sales", "t")


def test_duckdb_attaches_the_lake_of_another_machine(door):
    door.server.api.load("hired_employees", hires(1, 50))
    connection = duckdb_catalog(door.server, door.tokens["all"]["token"])
    assert connection.execute("SELECT count(*), sum(id) FROM lake.silver.employees_cleaned").fetchone() == (
        50, sum(range(1, 51)))
    connection.execute("CREATE SCHEMA lake.duck")
    connection.execute("CREATE TABLE lake.duck.t (id BIGINT, name VARCHAR)")
    connection.execute("INSERT INTO lake.duck.t SELECT range, 'n' || range FROM range(10)")
    connection.execute("DELETE FROM lake.duck.t WHERE id < 5")
    assert connection.execute("SELECT count(*) FROM lake.duck.t").fetchone() == (5,)


def test_an_upload_that_is_killed_leaves_nothing_visible(door):
    s3 = door.boto()
    key = "warehouse/sales/killed"
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    body = os.urandom(6 * MIB)
    done = s3.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=1, Body=body)

    class Slow(io.RawIOBase):
        """A part that comes so slowly that the server is gone before its end."""

        def __init__(self):
            self.left = 6 * MIB
            self.started = threading.Event()

        def read(self, size=-1):
            piece = min(self.left, 64 << 10)
            self.left -= piece
            if self.left < 5 * MIB:
                self.started.set()
                threading.Event().wait(0.05)
            return b"x" * piece

    slow = Slow()

    def send():
        url = s3.generate_presigned_url(
            "upload_part", Params={"Bucket": BUCKET, "Key": key, "UploadId": upload, "PartNumber": 2}, ExpiresIn=600)
        with pytest.raises(requests.RequestException):
            requests.put(url, data=iter(lambda: slow.read(), b""), timeout=60)

    sender = threading.Thread(target=send)
    sender.start()
    assert slow.started.wait(60)
    door.server.kill()
    sender.join(60)
    door.server.start()
    door.server.api.session.headers["Authorization"] = f"Bearer {door.tokens['all']['token']}"
    warehouse = door.server.folder / "lake" / "warehouse"
    assert not (warehouse / "sales").exists() or not list((warehouse / "sales").iterdir())
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix="warehouse/sales/")
    parts = s3.list_parts(Bucket=BUCKET, Key=key, UploadId=upload)["Parts"]
    assert [(part["PartNumber"], part["Size"]) for part in parts] == [(1, len(body))]
    # What was acknowledged is there, so that the upload can go on.
    s3.complete_multipart_upload(
        Bucket=BUCKET, Key=key, UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": done["ETag"]}]})
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == body


def test_tokens_come_and_go_while_the_server_runs(door):
    from door.clients import token
    import subprocess
    import time

    from lake.server import binary

    made = token(door.file, "late", "--read", "silver")
    headers = {"Authorization": f"Bearer {made['token']}"}

    def status():
        return door.server.api.request("GET", "/tables", headers=headers).status_code

    time.sleep(1.2)
    assert status() == 200
    listed = subprocess.run(
        [binary(), "token", "list", "--tokens-file", str(door.file)], check=True, capture_output=True, text=True).stdout
    assert "late" in listed and made["token"] not in listed and made["secretAccessKey"] not in listed
    assert oct(door.file.stat().st_mode & 0o777) == "0o600"
    subprocess.run([binary(), "token", "revoke", "late", "--tokens-file", str(door.file)], check=True)
    time.sleep(1.2)
    assert status() == 401


def test_a_lake_keeps_its_location(new_server, tmp_path):
    server = new_server(options=["--location", "s3://lake"])
    server.stop()
    with pytest.raises(AssertionError, match="location-fixed"):
        new_server(folder=server.folder, options=["--location", "file"])
    again = new_server(folder=server.folder, options=["--s3-listen", f"127.0.0.1:{free_port()}"])
    again.api.load("departments", b"id,department\n1,Sales\n")
    detail = again.api.get("/tables/departments").json()
    assert detail["metadataLocation"].startswith("s3://lake/warehouse/"), detail
