"""The kinds of storage that a lake may lie on, each with a server and what engines need to reach it.

A further kind is a class with the same members and a line in ``STORAGES``.
"""

from door.clients import Door
from lake.api import API

from rest.catalogs import spark_catalog


class FileStorage:
    """Paths of this host; engines read the files where they lie."""

    def __init__(self, new_server, folder):
        self.server = new_server()
        self.settings = {}

    def api(self):
        """The product API over a new connection: the server closes one that was idle for long."""
        return API(self.server.api.base)

    def spark(self, spark):
        """The name of the catalog in the session."""
        return spark_catalog(spark, self.server, self.settings)


class DoorStorage(FileStorage):
    """A local disk with ``s3`` locations, which engines read through the S3 door, with a token each."""

    def __init__(self, new_server, folder):
        self.door = Door(new_server, folder)
        self.server = self.door.server
        self.settings = self.settings_of("all")

    def settings_of(self, user):
        return {
            "token": self.door.tokens[user]["token"],
            "io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
            "http-client.type": "urlconnection",
        }

    def api(self):
        api = API(self.server.api.base)
        api.session.headers["Authorization"] = f"Bearer {self.door.tokens['all']['token']}"
        return api


STORAGES = {"file": FileStorage, "door": DoorStorage}
