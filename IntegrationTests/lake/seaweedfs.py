"""Starts SeaweedFS: `seaweedfs.py FOLDER SECRET` prints http://KEY:SECRET@HOST:PORT/BUCKET once it takes objects.

The folder keeps the objects, the log and the process id. Integration tests import `SeaweedFS`, which they stop and start.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUCKET = "lake"
KEY = "lakeadmin"
START_SECONDS_MAX = 60


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for item in sockets:
        item.bind(("127.0.0.1", 0))
    ports = [item.getsockname()[1] for item in sockets]
    for item in sockets:
        item.close()
    return ports


class SeaweedFS:
    """A store on a folder, with ports that stay the same when it is started again."""

    def __init__(self, folder, secret="lakeadminsecret"):
        self.folder = pathlib.Path(folder)
        self.secret = secret
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        (self.folder / "s3.json").write_text(json.dumps({"identities": [{
            "name": "admin", "credentials": [{"accessKey": KEY, "secretKey": secret}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}))
        self.ports = free_ports(7)
        self.process = None

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.ports[4]}"

    @property
    def address(self):
        return f"http://{KEY}:{self.secret}@127.0.0.1:{self.ports[4]}/{BUCKET}"

    @property
    def environment(self):
        return {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": self.secret}

    def start(self):
        master, volume, filer, admin, s3, s3_grpc, iceberg = self.ports
        command = [
            os.environ.get("WEED_BINARY") or str(ROOT / ".deps" / "seaweedfs" / "weed"), f"-logdir={self.folder}", "mini", f"-dir={self.folder}/data", "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1", f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}",
            f"-admin.port={admin}", f"-s3.port={s3}", f"-s3.port.grpc={s3_grpc}", f"-s3.port.iceberg={iceberg}",
            "-master.telemetry=false", "-admin.ui=false", "-webdav=false", "-s3.port.lance=0",
            f"-s3.config={self.folder}/s3.json", f"-bucket={BUCKET}", "-s3.autoCreateBucket=false"]
        with open(self.folder / "log", "ab") as log:
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
                    raise RuntimeError("SeaweedFS did not start: " + (self.folder / "log").read_text()[-2000:])
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
