"""How soon a batch is seen: from the answer that says it is durable to the first `POST /query` that counts its row.

A probe, a batch of one row with a key of its own, goes every 100 ms; a second connection asks for the newest keys with one
query after another. Once under a load of batches at a given rate, once while a long file loads beside the probes.
Prints milliseconds of p50, p99 and the slowest, for each.
"""

import argparse
import http.client
import json
import os
import pathlib
import subprocess
import threading
import time
import urllib.request

from bench_server import server, work_folder

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROBE_SECONDS = 0.1
# Keys above those of the generators, so that one range holds the probes alone.
FIRST_PROBE = 9_000_000_000_000
SEEN_SECONDS_MAX = 120
FILE_SECONDS_MAX = 900
JSON = {"Content-Type": "application/json"}


class Probes:
    """Sends probes until it is stopped, and asks which of them are there."""

    def __init__(self, port, first):
        self.port, self.next, self.first = port, first, first
        self.answered, self.latencies, self.answer_times, self.query_times = {}, [], [], []
        self.stopped, self.lock, self.failure = threading.Event(), threading.Lock(), None
        self.threads = [threading.Thread(target=self.guard, args=(work,), daemon=True) for work in (self.send, self.ask)]
        for thread in self.threads:
            thread.start()

    def guard(self, work):
        try:
            work(http.client.HTTPConnection("127.0.0.1", self.port, timeout=120))
        except Exception as failure:  # told by `end`
            self.failure = failure

    def call(self, connection, path, body):
        connection.request("POST", path, json.dumps(body), JSON)
        answer = connection.getresponse()
        content = json.loads(answer.read())
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {content}")
        return content

    def send(self, connection):
        due = time.monotonic()
        while not self.stopped.is_set():
            due = max(due + PROBE_SECONDS, time.monotonic())
            row = {"id": self.next, "name": "Probe", "datetime": "2021-06-01T00:00:00Z", "department_id": 1, "job_id": 1}
            began = time.monotonic()
            self.call(connection, "/api/v2/batch/hired_employees", [row])
            now = time.monotonic()
            with self.lock:
                self.answered[self.next] = now
            self.answer_times.append(now - began)
            self.next += 1
            self.stopped.wait(max(0, due - time.monotonic()))

    def ask(self, connection):
        """Keys come in order, so the greatest that is seen tells of all before it."""
        seen, end = self.first - 1, None
        while True:
            began = time.monotonic()
            sql = f"SELECT max(id), count(*) FROM silver.employees_cleaned WHERE id > {seen}"
            greatest, count = self.call(connection, "/api/v2/query", {"sql": sql})["rows"][0]
            now = time.monotonic()
            self.query_times.append(now - began)
            if greatest is not None:
                if int(count) != int(greatest) - seen:
                    raise RuntimeError(f"{count} probes are seen behind {seen}, up to {greatest}")
                with self.lock:
                    # One that is seen before its answer has come was seen at once.
                    self.latencies += [max(0, now - self.answered.pop(key, now)) for key in range(seen + 1, int(greatest) + 1)]
                seen = int(greatest)
            if self.stopped.is_set():
                end = end or now + SEEN_SECONDS_MAX
                if seen == self.next - 1 or now > end:
                    return
            time.sleep(0.01)

    def end(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(SEEN_SECONDS_MAX * 2)
        if self.failure:
            raise self.failure
        return {
            "probes": self.next - self.first, "neverSeen": self.next - self.first - len(self.latencies),
            "visibleMilliseconds": spread(self.latencies), "answerMilliseconds": spread(self.answer_times),
            "queryMilliseconds": spread(self.query_times)}


def spread(seconds):
    ordered = sorted(seconds)
    at = lambda part: round(1000 * ordered[min(len(ordered) - 1, int(len(ordered) * part))], 1)
    return {"p50": at(0.5), "p99": at(0.99), "max": at(1)} if ordered else None


def metric(base, name):
    for line in urllib.request.urlopen(base + "/metrics", timeout=30).read().decode().splitlines():
        if line.startswith(name + "{") and 'table="hired_employees"' in line:
            return float(line.rsplit(" ", 1)[1])
    return 0


def under_batches(base, port, work, chosen):
    generator = work / "batch_load"
    subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", generator, ROOT / "bin/lib/batch_load.c"], check=True)
    probes = Probes(port, FIRST_PROBE)
    done = subprocess.run(
        [generator, "127.0.0.1", str(port), str(chosen.seconds), "4", "1000", str(chosen.rate)], check=True,
        capture_output=True, text=True)
    load = json.loads(done.stdout.splitlines()[-1])
    return {"load": load, **probes.end()}


def beside_a_file(base, port, work, chosen):
    folder = work / "sample"
    subprocess.run(
        [os.environ["DIPPER_BINARY"], "sample", "--rows", str(chosen.file_rows), folder], check=True, capture_output=True)
    path = folder / "hired_employees.csv"
    slices = metric(base, "dipper_slices_total")
    answer = subprocess.run(
        ["curl", "-sS", "--fail", "-T", path, "-X", "POST", "-H", "Content-Type: text/csv",
         f"{base}/api/v2/upload/csv/hired_employees"], check=True, capture_output=True, text=True)
    job = json.loads(answer.stdout)["id"]
    began = time.monotonic()
    probes = Probes(port, FIRST_PROBE + 1_000_000)
    while True:
        receipt = json.load(urllib.request.urlopen(f"{base}/api/v2/jobs/{job}", timeout=30))
        if receipt["state"] in ("committed", "failed"):
            break
        if time.monotonic() > began + FILE_SECONDS_MAX:
            raise RuntimeError(f"the file did not load within {FILE_SECONDS_MAX} s")
        time.sleep(0.1)
    seconds = time.monotonic() - began
    result = probes.end()
    return {
        "file": {"rows": receipt["rows"]["read"], "bytes": path.stat().st_size, "state": receipt["state"],
                 "seconds": round(seconds, 1), "slices": metric(base, "dipper_slices_total") - slices},
        **result}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--rate", type=float, default=10_000, help="rows a second of the load of batches")
    options.add_argument("--file-rows", type=int, default=20_000_000, help="rows of the file; 0: no file")
    options.add_argument("--folder", required=True)
    chosen = options.parse_args()
    results = {}
    with work_folder(chosen.folder) as work, server(work) as (base, port):
        if chosen.seconds > 0:
            results["underBatches"] = under_batches(base, port, work, chosen)
        if chosen.file_rows > 0:
            results["besideAFile"] = beside_a_file(base, port, work, chosen)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
