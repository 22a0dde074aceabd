"""Commits a second that many writers of one table reach: `commit_rate.py http://127.0.0.1:8080/catalog`.

Writes metadata alone, no data files. With `--kind snapshots` every commit adds a snapshot to `main` and asserts the one
before it, so that one writer wins each round and the others load the table again; with `--kind properties` every commit
sets a property of its own, and none stands in another's way. At the end every commit that was acknowledged must be there,
and the snapshots must be one line.
"""

import argparse
import http.client
import json
import threading
import time
import urllib.parse
import uuid

SCHEMA = {"type": "struct", "fields": [{"id": 1, "name": "id", "type": "long", "required": True}]}


class Client:
    def __init__(self, base):
        self.url = urllib.parse.urlparse(base)
        self.connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=60)

    def call(self, method, path, body=None):
        headers = {"Content-Type": "application/json"}
        self.connection.request(method, f"{self.url.path}/v1{path}", body and json.dumps(body), headers)
        answer = self.connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content else None


class Writer(threading.Thread):
    def __init__(self, base, path, kind, number, end):
        super().__init__(daemon=True)
        self.client, self.path, self.kind, self.number, self.end = Client(base), path, kind, number, end
        self.done, self.lost, self.latencies = [], 0, []

    def run(self):
        metadata = self.client.call("GET", self.path)[1]["metadata"]
        while time.monotonic() < self.end:
            mark, body = getattr(self, self.kind)(metadata)
            began = time.monotonic()
            status, answer = self.client.call("POST", self.path, body)
            if status == 200:
                self.latencies.append(time.monotonic() - began)
                self.done.append(mark)
                metadata = answer["metadata"]
            elif status == 409:
                self.lost += 1
                metadata = self.client.call("GET", self.path + "?snapshots=refs")[1]["metadata"]
            else:
                raise AssertionError(f"{status}: {answer}")

    def properties(self, _):
        key = f"w{self.number}-{len(self.done) % 50}"
        return key, {"requirements": [], "updates": [{"action": "set-properties", "updates": {key: str(len(self.done))}}]}

    def snapshots(self, metadata):
        identity, parent = uuid.uuid4().int >> 66, metadata.get("current-snapshot-id")
        parent = None if parent in (None, -1) else parent
        snapshot = {
            "snapshot-id": identity, "sequence-number": metadata["last-sequence-number"] + 1,
            "timestamp-ms": int(time.time() * 1000), "manifest-list": f"{metadata['location']}/metadata/snap-{identity}.avro",
            "summary": {"operation": "append"}, "schema-id": 0}
        if parent:
            snapshot["parent-snapshot-id"] = parent
        return identity, {
            "requirements": [{"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": parent}],
            "updates": [{"action": "add-snapshot", "snapshot": snapshot},
                        {"action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": identity}]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base")
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--kind", choices=["snapshots", "properties"], default="snapshots")
    options = parser.parse_args()
    client, name = Client(options.base), f"t{uuid.uuid4().hex[:8]}"
    client.call("POST", "/namespaces", {"namespace": ["rate"]})
    status, answer = client.call("POST", "/namespaces/rate/tables", {"name": name, "schema": SCHEMA})
    assert status == 200, answer
    path = f"/namespaces/rate/tables/{name}"
    began = time.monotonic()
    writers = [Writer(options.base, path, options.kind, n, began + options.seconds) for n in range(options.writers)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    seconds = time.monotonic() - began
    metadata = client.call("GET", path)[1]["metadata"]
    done = [mark for writer in writers for mark in writer.done]
    if options.kind == "snapshots":
        stored = [snapshot["snapshot-id"] for snapshot in metadata["snapshots"]]
        assert sorted(stored) == sorted(done), "a commit was lost or doubled"
        parents = [snapshot.get("parent-snapshot-id") for snapshot in metadata["snapshots"]]
        assert parents == [None] + stored[:-1], "the history is no line"
    else:
        assert set(done) <= set(metadata["properties"]), "a commit was lost"
    latencies = sorted(latency for writer in writers for latency in writer.latencies)
    print(json.dumps({
        "kind": options.kind, "writers": options.writers, "seconds": round(seconds, 1), "commits": len(done),
        "perSecond": round(len(done) / seconds, 1), "conflicts": sum(writer.lost for writer in writers),
        "p50Milliseconds": round(1000 * latencies[len(latencies) // 2], 1),
        "p99Milliseconds": round(1000 * latencies[len(latencies) * 99 // 100], 1)}))


if __name__ == "__main__":
    main()
