"""The kinds of storage that a lake may lie on, each with a server and what engines need to reach it.

A further kind is a class with the same members and a line in ``STORAGES``.
"""

import uuid

import pytest

from door.clients import Door
from lake.api import API
from lake.seaweedfs import BUCKET, KEY

from rest.catalogs import duckdb_catalog, pyiceberg, spark_catalog

# What Spark reads S3 with.
S3_FILE_IO = {"io-impl": "org.apache.iceberg.aws.s3.S3FileIO", "http-client.type": "urlconnection"}


def bucket_options(store, prefix, folder):
    """Options of a server whose lake lies below `prefix` in the bucket of `store`, and which hands out keys."""
    keys = folder / "client-keys"
    keys.write_text(f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {store.secret}\n")
    return ["--objects", f"s3://{BUCKET}/{prefix}", "--s3-store-endpoint", store.endpoint,
            "--s3-store-client-credentials", str(keys)]


class FileStorage:
    """Paths of this host; engines read the files where they lie."""

    # The token that clients show; none on loopback without authentication.
    token = None

    def __init__(self, new_server, folder, seaweedfs):
        self.server = new_server()
        self.settings = {}

    def api(self):
        """The product API over a new connection: the server closes one that was idle for long."""
        api = API(self.server.api.base)
        if self.token:
            api.session.headers["Authorization"] = f"Bearer {self.token}"
        return api

    def spark(self, spark):
        """The name of the catalog in the session."""
        return spark_catalog(spark, self.server, self.settings)

    def pyiceberg(self):
        return pyiceberg(self.server, self.token)

    def duckdb(self):
        """A connection with the catalog attached as ``lake``."""
        return duckdb_catalog(self.server, self.token)


class DoorStorage(FileStorage):
    """A local disk with ``s3`` locations, which engines read through the S3 door, with a token each."""

    def __init__(self, new_server, folder, seaweedfs=None):
        self.door = Door(new_server, folder)
        self.server = self.door.server
        self.settings = self.settings_of("all")

    @property
    def token(self):
        return self.door.tokens["all"]["token"]

    def settings_of(self, user):
        return {"token": self.door.tokens[user]["token"], **S3_FILE_IO}


class BucketStorage(FileStorage):
    """A bucket of SeaweedFS, under a prefix of its own; engines read it there, with the keys that the catalog hands out."""

    def __init__(self, new_server, folder, seaweedfs):
        self.store, self.prefix = seaweedfs(), f"lake-{uuid.uuid4().hex[:12]}"
        self.options = bucket_options(self.store, self.prefix, folder)
        self.server = new_server(self.store.environment, options=self.options)
        self.settings = {"header.X-Iceberg-Access-Delegation": "vended-credentials", **S3_FILE_IO}


STORAGES = {"file": FileStorage, "door": DoorStorage, "bucket": BucketStorage}
EVERYWHERE = pytest.mark.parametrize("storage", list(STORAGES), indirect=True)
