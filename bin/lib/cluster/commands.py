"""How servers are started that bin/lib installs: for the cluster, and for the integration tests, which have some of their own."""

import json
import pathlib
import shutil

from .errors import ClusterError
from .machine import LOOPBACK

S3_KEY = "lakeadmin"
# SeaweedFS's options for its ports, in the order of `SEAWEEDFS_PORTS`.
SEAWEEDFS_PORTS = {
    "s3": "s3.port", "master": "master.port", "volume": "volume.port", "filer": "filer.port", "admin": "admin.port",
    "s3Grpc": "s3.port.grpc", "iceberg": "s3.port.iceberg", "masterGrpc": "master.port.grpc", "volumeGrpc": "volume.port.grpc",
    "filerGrpc": "filer.port.grpc", "adminGrpc": "admin.port.grpc"}


def seaweedfs(program, folder, ports, buckets):
    """:param ports: by the names of `SEAWEEDFS_PORTS`; `folder` has `s3.json`, and `data` and `log` as folders."""
    return [
        program, f"-logdir={folder}/log", "mini", f"-dir={folder}/data", f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}",
        *(f"-{option}={ports[name]}" for name, option in SEAWEEDFS_PORTS.items()), "-master.telemetry=false", "-admin.ui=false",
        "-webdav=false", "-s3.port.lance=0", f"-s3.config={folder}/s3.json", f"-bucket={','.join(buckets)}",
        "-s3.autoCreateBucket=false"]


def seaweedfs_identities(secret):
    """What stands in `s3.json`: one key, which may do everything."""
    return json.dumps({"identities": [{
        "name": "admin", "credentials": [{"accessKey": S3_KEY, "secretKey": secret}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]})


def tansu(program, port, storage, clients_port=None):
    """:param storage: `memory://tansu/`, or `s3://BUCKET/`, which is durable.
    :param clients_port: that clients are told, where they go through something else than `port`."""
    return [program, "broker", "--cluster-id", "lake", "--listener-url", f"tcp://{LOOPBACK}:{port}",
            "--advertised-listener-url", f"tcp://{LOOPBACK}:{clients_port or port}", "--storage-engine", storage]


def redis_settings(folder, port, password):
    """The lines of `redis.conf` of a cache that keeps nothing on disk."""
    return (f"bind {LOOPBACK}", f"port {port}", f"requirepass {password}", 'save ""', "appendonly no", f'dir "{folder}"')


def postgresql_tools():
    """The folder of initdb, postgres and psql; Debian keeps them off the PATH."""
    found = shutil.which("initdb")
    if found:
        return pathlib.Path(found).resolve().parent
    folders = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    if not folders:
        raise ClusterError("PostgreSQL is not installed", "apt-get install postgresql")
    return folders[-1]
