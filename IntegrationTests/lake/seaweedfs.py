"""Starts SeaweedFS: `seaweedfs.py FOLDER SECRET` prints http://KEY:SECRET@HOST:PORT/BUCKET once it takes objects.

The folder keeps the objects, the log and the process id. Integration tests import `SeaweedFS`, which they stop and start.
"""

import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# What bin/cluster shares with the tests; this file runs as a program, too.
sys.path.append(str(ROOT / "bin"))
from lib.cluster import commands  # noqa: E402
from lib.cluster.machine import free_ports  # noqa: E402

BUCKET = "lake"
KEY = commands.S3_KEY
START_SECONDS_MAX = 60


class SeaweedFS:
    """A store on a folder, with ports that stay the same when it is started again."""

    def __init__(self, folder, secret="lakeadminsecret"):
        self.folder = pathlib.Path(folder)
        self.secret = secret
        for name in ("data", "log"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "s3.json").write_text(commands.seaweedfs_identities(secret))
        self.ports = dict(zip(commands.SEAWEEDFS_PORTS, free_ports(len(commands.SEAWEEDFS_PORTS))))
        self.output = self.folder / "output"
        self.process = None

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.ports['s3']}"

    @property
    def address(self):
        return f"http://{KEY}:{self.secret}@127.0.0.1:{self.ports['s3']}/{BUCKET}"

    @property
    def environment(self):
        return {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": self.secret}

    def start(self):
        program = os.environ.get("WEED_BINARY") or str(ROOT / ".deps" / "seaweedfs" / "weed")
        command = commands.seaweedfs(program, self.folder, self.ports, [BUCKET])
        with open(self.output, "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        self.wait()
        return self

    def wait(self):
        """Until an object can be put and read again: the store answers before its bucket is there."""
        import botocore.exceptions

        end = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                client = self.boto()
                client.put_object(Bucket=BUCKET, Key="probe", Body=b"1")
                client.get_object(Bucket=BUCKET, Key="probe")["Body"].read()
                client.delete_object(Bucket=BUCKET, Key="probe")
                return
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("SeaweedFS did not start: " + self.output.read_text()[-2000:])
            time.sleep(0.1)

    def boto(self):
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3", endpoint_url=self.endpoint, aws_access_key_id=KEY, aws_secret_access_key=self.secret,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, connect_timeout=2, read_timeout=10))

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


if __name__ == "__main__":
    store = SeaweedFS(*sys.argv[1:3]).start()
    (store.folder / "pid").write_text(str(store.process.pid))
    print(store.address)
