"""Clients without keys: the catalog signs their requests to the door, with PyIceberg's own signer."""

import io

import boto3.s3.transfer
import botocore
import pyarrow
import pyarrow.parquet
import pytest
import requests
from botocore.config import Config
from pyiceberg.exceptions import SignError
from pyiceberg.io.fsspec import S3V4RestSigner

from door.clients import BUCKET, Door

MIB = 1 << 20


@pytest.fixture
def door(new_server, tmp_path):
    return Door(new_server, tmp_path)


def keyless(door, user, **properties):
    """An S3 client that knows no key; what it sends is signed by the catalog, as PyIceberg's file access does it."""
    signer = S3V4RestSigner({"uri": door.catalog, "token": door.tokens[user]["token"], **properties})
    client = boto3.client(
        "s3", endpoint_url=door.endpoint, region_name="us-east-1",
        config=Config(signature_version=botocore.UNSIGNED, retries={"max_attempts": 1}, s3={"addressing_style": "path"}))
    client.meta.events.register_last("before-sign.s3", signer)
    return client


def test_a_client_without_keys_works_through_the_door(door):
    s3 = keyless(door, "sales")
    key = "warehouse/sales/a b+é=1/x.bin"
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"0123456789")
    assert s3.get_object(Bucket=BUCKET, Key=key, Range="bytes=2-4")["Body"].read() == b"234"
    assert s3.head_object(Bucket=BUCKET, Key=key)["ContentLength"] == 10
    body = bytes(range(256)) * (12 * MIB // 256)
    config = boto3.s3.transfer.TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_fileobj(io.BytesIO(body), BUCKET, "warehouse/sales/large", Config=config)
    target = io.BytesIO()
    s3.download_fileobj(BUCKET, "warehouse/sales/large", target, Config=config)
    assert target.getvalue() == body
    s3.copy_object(Bucket=BUCKET, Key="warehouse/sales/copy", CopySource={"Bucket": BUCKET, "Key": key})
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="warehouse/sales/")
    assert sorted(item["Key"] for item in listed["Contents"]) == sorted([key, "warehouse/sales/copy", "warehouse/sales/large"])
    for name in [key, "warehouse/sales/copy", "warehouse/sales/large"]:
        s3.delete_object(Bucket=BUCKET, Key=name)
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix="warehouse/sales/")


def test_nothing_is_signed_beyond_the_rights_of_the_token(door):
    door.boto("all").put_object(Bucket=BUCKET, Key="warehouse/other/a", Body=b"x")
    sales, reader = keyless(door, "sales"), keyless(door, "reader")
    assert reader.get_object(Bucket=BUCKET, Key="warehouse/other/a")["Body"].read() == b"x"
    for call in [
        lambda: sales.get_object(Bucket=BUCKET, Key="warehouse/other/a"),
        lambda: sales.put_object(Bucket=BUCKET, Key="warehouse/other/b", Body=b"x"),
        lambda: sales.list_objects_v2(Bucket=BUCKET, Prefix="warehouse/"),
        lambda: sales.copy_object(
            Bucket=BUCKET, Key="warehouse/sales/a", CopySource={"Bucket": BUCKET, "Key": "warehouse/other/a"}),
        lambda: reader.delete_object(Bucket=BUCKET, Key="warehouse/other/a"),
        lambda: reader.put_object(Bucket=BUCKET, Key="warehouse/other/b", Body=b"x"),
    ]:
        with pytest.raises(SignError):
            call()
    body = {"method": "GET", "uri": f"{door.endpoint}/{BUCKET}/warehouse/other/a", "region": "us-east-1", "headers": {}}
    for path in ["/v1/aws/s3/sign", "/v1/namespaces/sales/tables/t/sign"]:
        assert requests.post(door.catalog + path, json=body, timeout=10).status_code == 401


def test_a_table_is_read_with_what_the_catalog_tells_those_who_want_signatures(door):
    catalog = door.pyiceberg("all")
    catalog.create_namespace("sales")
    table = catalog.create_table("sales.t", schema=pyarrow.schema([("id", pyarrow.int64())]))
    table.append(pyarrow.table({"id": [1, 2, 3]}))
    wishes = {"token": door.tokens["sales"]["token"], "header.X-Iceberg-Access-Delegation": "remote-signing"}
    told = door.pyiceberg(**wishes).load_table("sales.t").io.properties
    assert told["s3.remote-signing-enabled"] == "true" and told["s3.signer"] == "S3V4RestSigner"
    assert not {"s3.access-key-id", "s3.secret-access-key"} & set(told)
    s3 = keyless(door, "sales", **{"s3.signer.endpoint": "v1/namespaces/sales/tables/t/sign"})
    [task] = table.scan().plan_files()
    key = task.file.file_path.removeprefix(f"s3://{BUCKET}/")
    data = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert pyarrow.parquet.read_table(io.BytesIO(data))["id"].to_pylist() == [1, 2, 3]
