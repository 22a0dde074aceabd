"""Small batches for minutes, each in a commit of its own: how many files there are, how long a scan takes, what failed.

A batch of upserts a second goes to a table with maintenance on, and by and by a scan of the whole table is timed. At the
end orphans are planted, and orphan removal by hand must find these and nothing else. It ends with 1 when a bound is passed.
"""

import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import time
import urllib.request

from bench_server import server, work_folder

TABLE, SILVER = "hired_employees", "silver.employees_cleaned"
SCAN = f"SELECT hire_year, hire_quarter, count(*), sum(length(name)) FROM {SILVER} GROUP BY ALL ORDER BY ALL"
SCAN_EVERY_SECONDS = 5
# Data and delete files of a table that is kept in order: as many as wait for a compaction, in each of eight partitions.
FILES_MAX = 300
# The last minute's scans beside the first one's: the middle of each.
SLOWER_MAX = 1.5


def call(base, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{base}/api/v2{path}", data=data, method=method)
    if data is not None:
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.loads(answer.read())


def rows(generator, count, keys):
    return [
        {"id": key, "name": f"Name {generator.randrange(10**6)}",
         "datetime": f"20{20 + generator.randrange(2)}-{generator.randrange(1, 13):02d}-11T00:00:00Z",
         "department_id": 1 + generator.randrange(12), "job_id": 1 + generator.randrange(100)}
        for key in generator.sample(range(keys), count)]


def counters(base):
    """Failures and the runs of maintenance, by action and state."""
    found = {"load_failures": 0, "maintenance": {}}
    for line in urllib.request.urlopen(base + "/metrics", timeout=30).read().decode().splitlines():
        name, _, value = line.rpartition(" ")
        if name.startswith("dipper_load_failures_total"):
            found["load_failures"] += float(value)
        if name.startswith("dipper_maintenance_runs_total"):
            labels = dict(part.split("=", 1) for part in name[name.index("{") + 1:-1].split(","))
            key = f"{labels['action']} {labels['state']}".replace('"', "")
            found["maintenance"][key] = found["maintenance"].get(key, 0) + float(value)
    return found


def work(base, chosen, generator):
    """Writes and scans; gives the scans as (second, milliseconds), the most files, and the jobs that failed."""
    start = time.monotonic()
    scans, files, failed, late, jobs = [], [], 0, 0, []
    next_scan = 0
    for number in range(int(chosen.seconds)):
        now = time.monotonic() - start
        if now < number:
            time.sleep(number - now)
        elif now > number + 1:
            late += 1
        jobs.append(call(base, "POST", f"/batch/{TABLE}", rows(generator, chosen.rows, chosen.keys))["id"])
        if time.monotonic() - start >= next_scan:
            next_scan += SCAN_EVERY_SECONDS
            began = time.perf_counter()
            call(base, "POST", "/query", {"sql": SCAN})
            scans.append((time.monotonic() - start, (time.perf_counter() - began) * 1e3))
            summary = call(base, "GET", f"/tables/{TABLE}")["currentSnapshot"]["summary"]
            files.append(int(summary["total-data-files"]) + int(summary["total-delete-files"]))
    for job in jobs:
        receipt = call(base, "GET", f"/jobs/{job}")
        while receipt["state"] not in ("committed", "failed"):
            time.sleep(0.05)
            receipt = call(base, "GET", f"/jobs/{job}")
        failed += receipt["state"] == "failed"
    return scans, files, failed, late


def orphans(work_at):
    """Plants orphans and has them removed; gives how many were planted, found, and lost besides."""
    folder = work_at / "data" / "lake" / "warehouse" / "silver" / "employees_cleaned"
    # What the removal of snapshots has left over until now is not looked at.
    remove(work_at)
    live = {path for path in folder.rglob("*") if path.is_file()}
    planted = [folder / "data" / f"lost-{number}.parquet" for number in range(5)] + [
        folder / "metadata" / "lost-m0.avro", folder / "metadata" / "snap-1-lost.avro"]
    for path in planted:
        path.write_bytes(b"lost")
    found = {urllib.request.url2pathname(location.removeprefix("file://")) for location in remove(work_at)["locations"]}
    left = {path for path in folder.rglob("*") if path.is_file()}
    return len(planted), len(found & {str(path) for path in planted}), len(live - left) + len(left - live)


def remove(work_at):
    done = subprocess.run(
        [os.environ["DIPPER_BINARY"], "table", "orphans", TABLE, "--older-than", "0", "--data-dir", work_at / "data", "--json"],
        check=True, capture_output=True, text=True, timeout=300)
    return json.loads(done.stdout)


def main():
    options = argparse.ArgumentParser(prog="bin/bench upkeep", description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=float, default=600)
    options.add_argument("--rows", type=int, default=200, help="rows of a batch")
    options.add_argument("--keys", type=int, default=20_000, help="keys that the rows are taken from")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--folder", type=pathlib.Path, required=True)
    chosen = options.parse_args()
    with work_folder(chosen.folder.resolve()) as at:
        with server(at, "--log-level", "warning") as (base, _):
            scans, files, failed, late = work(base, chosen, random.Random(chosen.seed))
            counted = counters(base)
            table = call(base, "GET", f"/tables/{TABLE}")
            snapshots = len(call(base, "GET", f"/tables/{TABLE}/snapshots?size=1000"))
        planted, found, wrong = orphans(at)
    minute = min(60, chosen.seconds / 3)
    first = statistics.median(time for second, time in scans if second <= minute)
    last = statistics.median(time for second, time in scans if second >= scans[-1][0] - minute)
    result = {
        "seconds": chosen.seconds, "batches": int(chosen.seconds), "rowsPerBatch": chosen.rows, "rows": table["rowCount"],
        "filesMost": max(files), "filesMiddle": statistics.median(files), "filesAtEnd": files[-1], "snapshots": snapshots,
        "scanMillisecondsFirstMinute": round(first, 1), "scanMillisecondsLastMinute": round(last, 1),
        "scanMillisecondsMost": round(max(time for _, time in scans), 1), "batchesLate": late, "jobsFailed": failed,
        **counted, "orphansPlanted": planted, "orphansFound": found, "otherFilesChanged": wrong}
    print(json.dumps(result, indent=2))
    bad = [name for name, is_bad in {
        "files": max(files) > FILES_MAX, "scan": last > first * SLOWER_MAX, "jobs": failed > 0,
        "loads": counted["load_failures"] > 0,
        "maintenance": any(count for key, count in counted["maintenance"].items() if key.endswith("failed")),
        "orphans": found != planted or wrong > 0}.items() if is_bad]
    if bad:
        raise SystemExit(f"out of bounds: {', '.join(bad)}")


if __name__ == "__main__":
    main()
