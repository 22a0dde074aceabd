"""Iceberg REST catalogs of a benchmark: servers on folders of their own, and their tables by plain requests."""

import http.client
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "IntegrationTests"))
from lake import seaweedfs as objects  # noqa: E402

READY_SECONDS = 60
LAST_SNAPSHOT = 4_611_686_018_427_387_903
FIRST_DAY = 18_000


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def fsync_milliseconds(folder):
    """The middle of 200 syncs of one 4 KiB page, beside which latencies are to be read."""
    path, times = pathlib.Path(folder) / "fsync", []
    with open(path, "wb") as file:
        for _ in range(200):
            file.write(b"x" * 4096)
            file.flush()
            start = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - start)
    path.unlink()
    return sorted(times)[100] * 1e3


class Table:
    def __init__(self, catalog, path):
        self.catalog, self.path = catalog, path

    def get(self, query=""):
        return self.catalog.call("GET", self.path + query)

    def metadata(self):
        return self.get()["metadata"]

    def commit(self, requirements, updates):
        return self.catalog.call("POST", self.path, {"requirements": requirements, "updates": updates})


class Catalog:
    """What both servers share. `base` is the path before `/namespaces`."""

    is_local, plans, token, reload_query = True, False, None, ""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.process, self.port, self.base = None, None, None

    @property
    def headers(self):
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def call(self, method, path, body=None, form=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        headers = {"Content-Type": "application/x-www-form-urlencoded" if form else "application/json"} | self.headers
        connection.request(method, path, form or (json.dumps(body) if body is not None else None), headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        assert answer.status < 300, f"{method} {path} answered {answer.status}: {content[:500]}"
        return json.loads(content) if content else None

    def create(self, namespace, name, schema, spec=None):
        try:
            self.call("POST", f"{self.base}/namespaces", {"namespace": [namespace]})
        except AssertionError as error:
            assert "answered 409" in str(error), error
        body = {"name": name, "schema": schema} | ({"partition-spec": spec} if spec else {})
        self.call("POST", f"{self.base}/namespaces/{namespace}/tables", body)
        return Table(self, f"{self.base}/namespaces/{namespace}/tables/{name}")

    def wait(self, is_ready):
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                if is_ready():
                    return
            except (OSError, AssertionError, http.client.HTTPException):
                pass
            assert self.process.poll() is None and time.monotonic() < deadline, "the server is not ready"
            time.sleep(0.05)

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def status_megabytes(self, name):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return round(int(line.split()[1]) / 1024, 1)
        return 0

    def resident_megabytes(self):
        return self.status_megabytes("VmRSS")

    def peak_megabytes(self):
        return self.status_megabytes("VmHWM")

    def restart_and(self, work):
        self.stop()
        self.start()
        return work()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(30)


class Dipper(Catalog):
    plans = True

    def environment(self):
        return {}

    def start(self):
        self.port, = free_ports(1)
        self.base = "/catalog/v1"
        self.process = subprocess.Popen(
            [os.environ["DIPPER_BINARY"], "serve", "--data-dir", self.folder / "data", "--listen", f"127.0.0.1:{self.port}",
             "--log-level", "warning"], stdin=subprocess.DEVNULL, stderr=open(self.folder / "log", "ab"),
            env={**os.environ, **self.environment()})
        self.wait(lambda: self.call("GET", "/catalog/v1/config"))


class DipperOnS3(Dipper):
    """The same with its lake in a bucket of SeaweedFS, which writes to the same disk and takes from the same cores."""

    is_local, store = False, None

    def environment(self):
        if not self.store:
            self.store = objects.SeaweedFS(self.folder / "store").start()
        return {**self.store.environment, "DIPPER_OBJECTS": f"s3://{objects.BUCKET}/bench",
                "DIPPER_S3_STORE_ENDPOINT": self.store.endpoint}

    def stop(self):
        super().stop()
        if self.store:
            self.store.kill()


class SeaweedFS(Catalog):
    """`weed mini` with its catalog over the table bucket `warehouse`; everything lies in one folder of this disk."""

    is_local = False

    def start(self):
        ports = free_ports(7)
        master, volume, filer, admin, s3, s3_grpc, self.port = ports
        (self.folder / "data").mkdir(exist_ok=True)
        (self.folder / "s3.json").write_text(json.dumps({"identities": [{
            "name": "admin", "credentials": [{"accessKey": "lakeadmin", "secretKey": "lakeadminsecret"}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}))
        command = [os.environ["WEED_BINARY"], f"-logdir={self.folder}", "mini", f"-dir={self.folder}/data", "-ip=127.0.0.1",
                   "-ip.bind=127.0.0.1", f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}",
                   f"-admin.port={admin}", f"-s3.port={s3}", f"-s3.port.grpc={s3_grpc}", f"-s3.port.iceberg={self.port}",
                   "-master.telemetry=false", "-admin.ui=false", "-webdav=false", "-s3.port.lance=0",
                   f"-s3.config={self.folder}/s3.json", "-bucket=lake", "-tableBucket=warehouse", "-s3.autoCreateBucket=false"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=open(self.folder / "log", "ab"), stderr=subprocess.STDOUT)
        self.wait(self.sign_in)
        config = self.call("GET", "/v1/config?warehouse=warehouse")
        prefix = (config.get("overrides") or {}).get("prefix") or (config.get("defaults") or {}).get("prefix") or "warehouse"
        self.base = f"/v1/{urllib.parse.quote(prefix, safe='')}"
        # The catalog answers before its bucket is made.
        self.wait(lambda: self.call("GET", f"{self.base}/namespaces") is not None)

    def sign_in(self):
        form = urllib.parse.urlencode({
            "grant_type": "client_credentials", "client_id": "lakeadmin", "client_secret": "lakeadminsecret", "scope": "catalog"})
        self.token = None
        self.token = self.call("POST", "/v1/oauth/tokens", form=form)["access_token"]
        return True


ENGINES = {"dipper": Dipper, "dipper-s3": DipperOnS3, "seaweedfs": SeaweedFS}


def write_manifests(metadata, location, files, files_a_manifest, sequence):
    """Manifests over files that are not there, a day a manifest, and the manifest list over them; its location is returned."""
    from pyiceberg.io.pyarrow import PyArrowFileIO
    from pyiceberg.manifest import (
        DataFile, DataFileContent, FileFormat, ManifestEntry, ManifestEntryStatus, write_manifest, write_manifest_list)
    from pyiceberg.table.metadata import TableMetadataUtil
    from pyiceberg.typedef import Record

    table, io = TableMetadataUtil.parse_obj(metadata), PyArrowFileIO()
    schema, spec = table.schema(), table.spec()
    manifests, numbers = [], random.Random(1)
    for number in range((files + files_a_manifest - 1) // files_a_manifest):
        day = FIRST_DAY + number
        output = io.new_output(f"{location}/metadata/bench-{number}.avro")
        with write_manifest(2, spec, schema, output, LAST_SNAPSHOT, "deflate") as writer:
            for index in range(min(files_a_manifest, files - number * files_a_manifest)):
                low = numbers.randrange(1 << 40)
                writer.add_entry(ManifestEntry.from_args(
                    status=ManifestEntryStatus.ADDED, snapshot_id=LAST_SNAPSHOT, sequence_number=None, file_sequence_number=None,
                    data_file=DataFile.from_args(
                        content=DataFileContent.DATA, file_path=f"{location}/data/day={day}/{number:05}-{index:05}.parquet",
                        file_format=FileFormat.PARQUET, partition=Record(day), record_count=1000, file_size_in_bytes=123456,
                        column_sizes={1: 8000, 2: 40}, value_counts={1: 1000, 2: 1000}, null_value_counts={1: 0, 2: 0},
                        nan_value_counts={}, lower_bounds={1: low.to_bytes(8, "little"), 2: day.to_bytes(4, "little")},
                        upper_bounds={1: (low + 5000).to_bytes(8, "little"), 2: day.to_bytes(4, "little")}, key_metadata=None,
                        split_offsets=[4], equality_ids=None, sort_order_id=0)))
        manifests.append(writer.to_manifest_file())
    output = io.new_output(f"{location}/metadata/snap-bench.avro")
    with write_manifest_list(2, output, LAST_SNAPSHOT, None, sequence, "deflate") as writer:
        writer.add_manifests(manifests)
    return output.location
