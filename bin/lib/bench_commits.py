"""Commits a second that many writers of one table reach, and what a table with a long history costs to load.

`bin/bench commits` runs Dipper on an empty folder of this disk, Dipper on a bucket of SeaweedFS on it and, in the same run, SeaweedFS's
own Iceberg catalog (`--engines dipper,dipper-s3,seaweedfs`). The writers write metadata alone: each commit adds a snapshot to `main` and asserts the one
before it, so that one wins and the others are told 409, load the table and try again. When they are through, every commit
that was acknowledged must be in the table, none twice, and the snapshots must be one line.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import tempfile
import time
import uuid

import rest_catalogs

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SCHEMA = {"type": "struct", "schema-id": 0,
          "fields": [{"id": 1, "name": "id", "type": "long", "required": True},
                     {"id": 2, "name": "day", "type": "date", "required": False}]}
LOADS = 30
SNAPSHOTS_A_COMMIT = 500
FILES_A_MANIFEST = 1_000


def race(catalog, loader, chosen, work, kind):
    """Lets the writers race for a new table, and judges what they left."""
    table = catalog.create("bench", f"t{uuid.uuid4().hex[:8]}", SCHEMA)
    out = work / "acknowledged"
    before = catalog.cpu_seconds()
    done = subprocess.run(
        [loader, "127.0.0.1", str(catalog.port), table.path, str(chosen.writers), str(chosen.seconds), kind,
         catalog.reload_query, str(chosen.backoff), catalog.token or "-",
         f"{table.metadata()['location']}/metadata/snap-bench.avro", str(out)],
        capture_output=True, text=True)
    if done.returncode != 0:
        return {"failed": done.stderr[-500:]}
    result = json.loads(done.stdout.splitlines()[-1])
    result["serverCpuSeconds"] = round(catalog.cpu_seconds() - before, 2)
    lines = [line.split() for line in out.read_text().splitlines()]
    metadata = table.metadata()
    (check_snapshots if kind == "snapshots" else check_properties)(metadata, lines)
    result["metadataBytes"] = len(json.dumps(metadata))
    return result


def check_snapshots(metadata, lines):
    stored = [snapshot["snapshot-id"] for snapshot in metadata["snapshots"]]
    acknowledged = [int(line[0]) for line in lines]
    assert len(set(acknowledged)) == len(acknowledged) == len(stored), (
        f"{len(acknowledged)} commits were acknowledged, {len(stored)} are there")
    assert set(stored) == set(acknowledged), "a commit was lost or doubled"
    parents = {snapshot["snapshot-id"]: snapshot.get("parent-snapshot-id") for snapshot in metadata["snapshots"]}
    line, at = [], metadata.get("current-snapshot-id")
    while at is not None and at != -1 and len(line) <= len(stored):
        line.append(at)
        at = parents[at]
    assert len(line) == len(stored) and set(line) == set(stored), "the history is no line"
    assert all((parents[int(mark)] or 0) == int(parent) for mark, parent in lines), "a snapshot has another parent"


def check_properties(metadata, lines):
    last = dict(lines)
    found = metadata["properties"]
    assert all(found.get(key) == value for key, value in last.items()), "a commit was lost"


def long_history(catalog, work, snapshots, files):
    """A table with many snapshots, of which the last lists many files, and what it takes to load and to plan it."""
    table = catalog.create("bench", f"long{uuid.uuid4().hex[:8]}", SCHEMA,
                           {"spec-id": 0, "fields": [{"source-id": 2, "field-id": 1000, "name": "day", "transform": "identity"}]})
    metadata = table.metadata()
    location, parent, sequence = metadata["location"], None, 0
    manifest_list = rest_catalogs.write_manifests(metadata, location, files, FILES_A_MANIFEST, snapshots)
    now = int(time.time() * 1000)
    while sequence < snapshots:
        updates, first = [], parent
        for _ in range(min(SNAPSHOTS_A_COMMIT, snapshots - sequence)):
            sequence += 1
            identity = uuid.uuid4().int >> 66
            summary = {"operation": "append", "added-data-files": "10", "added-records": "1000", "added-files-size": "123456",
                       "total-data-files": str(10 * sequence), "total-records": str(1000 * sequence),
                       "total-files-size": str(123456 * sequence), "total-delete-files": "0",
                       "total-position-deletes": "0", "total-equality-deletes": "0", "changed-partition-count": "1"}
            last = sequence == snapshots
            snapshot = {"snapshot-id": rest_catalogs.LAST_SNAPSHOT if last else identity, "sequence-number": sequence,
                        "timestamp-ms": now + sequence,
                        "manifest-list": manifest_list if last else f"{location}/metadata/snap-{identity}.avro",
                        "summary": summary, "schema-id": 0}
            if parent is not None:
                snapshot["parent-snapshot-id"] = parent
            parent = snapshot["snapshot-id"]
            updates.append({"action": "add-snapshot", "snapshot": snapshot})
        updates.append({"action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": parent})
        table.commit([{"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": first}], updates)
    result = {"snapshots": snapshots, "files": files}
    result["firstLoadAfterStart"] = catalog.restart_and(lambda: timed(catalog, "GET", table.path))
    for name, query in [("load", ""), ("loadRefs", "?snapshots=refs")]:
        table.get(query)
        before = catalog.resident_megabytes()
        times = sorted((timed(catalog, "GET", table.path + query) for _ in range(LOADS)), key=lambda t: t["firstByteMilliseconds"])
        result[name] = times[LOADS // 2] | {"slowestFirstByteMilliseconds": times[-1]["firstByteMilliseconds"],
                                            "grownMB": round(catalog.resident_megabytes() - before, 1)}
    if catalog.plans:
        day = 18_000 + 7
        body = {"filter": {"type": "eq", "term": "day", "value": time.strftime("%Y-%m-%d", time.gmtime(day * 86_400))}}
        result["planOneDay"] = timed(catalog, "POST", table.path + "/plan", body)
        result["planAllFirstAnswer"] = timed(catalog, "POST", table.path + "/plan", {})
    result["peakMB"] = catalog.peak_megabytes()
    return result


def timed(catalog, method, path, body=None):
    """Times to the first byte of the body and to its last."""
    import http.client
    connection = http.client.HTTPConnection("127.0.0.1", catalog.port, timeout=120)
    connection.connect()
    headers = {"Content-Type": "application/json"} | catalog.headers
    start = time.perf_counter()
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    first = answer.read(1)
    at = time.perf_counter()
    size = len(first)
    while piece := answer.read(1 << 20):
        size += len(piece)
    end = time.perf_counter()
    connection.close()
    assert answer.status == 200, answer.status
    return {"firstByteMilliseconds": round((at - start) * 1e3, 2), "milliseconds": round((end - start) * 1e3, 2), "bytes": size}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--writers", type=int, default=16)
    options.add_argument("--seconds", type=float, default=30)
    options.add_argument("--kinds", default="snapshots,properties")
    options.add_argument("--backoff", type=int, default=0, help="milliseconds that a writer waits first; doubled with each loss")
    options.add_argument("--reload", default="refs", choices=["refs", "all"], help="snapshots that a writer loads after a loss")
    options.add_argument("--engines", default="dipper,dipper-s3,seaweedfs")
    options.add_argument("--snapshots", type=int, default=10_000)
    options.add_argument("--files", type=int, default=100_000)
    options.add_argument("--folder", required=True)
    chosen = options.parse_args()
    pathlib.Path(chosen.folder).mkdir(parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(dir=chosen.folder))
    try:
        loader = work / "commit_load"
        subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-pthread", "-o", loader, ROOT / "bin/lib/commit_load.c"], check=True)
        print(f"fsync of 4 KiB: {rest_catalogs.fsync_milliseconds(work):.2f} ms", flush=True)
        for engine in chosen.engines.split(","):
            catalog = rest_catalogs.ENGINES[engine](work / engine)
            catalog.reload_query = "?snapshots=refs" if chosen.reload == "refs" else "?snapshots=all"
            catalog.start()
            try:
                for kind in filter(None, chosen.kinds.split(",")):
                    print(json.dumps({"engine": engine, "kind": kind} | race(catalog, loader, chosen, work, kind)), flush=True)
                if chosen.snapshots and catalog.is_local:
                    print(json.dumps({"engine": engine} | long_history(catalog, work, chosen.snapshots, chosen.files)), flush=True)
            finally:
                catalog.stop()
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
