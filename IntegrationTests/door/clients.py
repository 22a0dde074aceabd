"""A server with an s3 lake, tokens and the S3 door, and other people's clients on it."""

import json
import subprocess

from lake.server import binary, free_port

BUCKET = "lake"


def token(file, name, *rights):
    """Makes a token: `rights` are options such as "--write", "*". Gives what `dipper token create --json` says."""
    command = [binary(), "token", "create", name, "--tokens-file", str(file), "--json", *rights]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)


class Door:
    """The server, the tokens `all`, `reader` and `sales`, and the door's address."""

    def __init__(self, new_server, folder):
        file = folder / "tokens"
        self.file = file
        self.tokens = {
            "all": token(file, "all", "--write", "*"),
            "reader": token(file, "reader", "--read", "*"),
            "sales": token(file, "sales", "--write", "sales"),
        }
        self.port = free_port()
        self.server = new_server(options=[
            "--tokens-file", str(file), "--location", f"s3://{BUCKET}", "--s3-listen", f"127.0.0.1:{self.port}"])
        self.server.api.session.headers["Authorization"] = f"Bearer {self.tokens['all']['token']}"

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def catalog(self):
        return f"{self.server.api.base}/catalog"

    def boto(self, user="all", **settings):
        import boto3
        from botocore.config import Config

        made = self.tokens[user]
        return boto3.client(
            "s3", endpoint_url=self.endpoint, aws_access_key_id=made["accessKeyId"],
            aws_secret_access_key=made["secretAccessKey"], region_name="us-east-1",
            config=Config(signature_version="s3v4", retries={"max_attempts": 1}, s3={"addressing_style": "path"}, **settings))

    def arrow(self, user="all"):
        from pyarrow import fs

        made = self.tokens[user]
        return fs.S3FileSystem(
            access_key=made["accessKeyId"], secret_key=made["secretAccessKey"], region="us-east-1", scheme="http",
            endpoint_override=f"127.0.0.1:{self.port}")

    def pyiceberg(self, user="all", **options):
        from pyiceberg.catalog import load_catalog

        return load_catalog(
            "lake", type="rest", uri=self.catalog, **(options or {"token": self.tokens[user]["token"]}))
