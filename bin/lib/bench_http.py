"""What the way over HTTP costs: `curl -F` to a server on loopback beside `dipper load` of the same file, by turns.

Both end with the committed snapshot; neither has an operational store.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import time

from bench_ingest import measure, sample
from bench_server import server, work_folder

# A server that has just been started still does what it does once.
REST_SECONDS = 1
WAIT_SECONDS = 60


def over_http(folder, csv):
    with work_folder(folder) as work, server(work, "--no-operational", "--log-level", "warning") as (base, _):
        time.sleep(REST_SECONDS)
        url = f"{base}/api/v2/upload/csv/hired_employees?wait={WAIT_SECONDS}"
        began = time.monotonic()
        answer = subprocess.run(
            ["curl", "-sS", "--fail-with-body", "-F", f"file=@{csv}", url], check=True, capture_output=True, text=True)
        seconds = time.monotonic() - began
        receipt = json.loads(answer.stdout)
        if receipt["state"] != "committed":
            raise RuntimeError(f"the job is {receipt['state']} after {seconds:.0f} s")
    return seconds


def main():
    options = argparse.ArgumentParser(prog="bin/bench http", description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, default=20_000_000)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--folder", type=pathlib.Path, required=True)
    chosen = options.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    csv = sample(chosen.folder, chosen.rows)
    loads, posts = [], []
    for run in range(chosen.runs):
        loads.append(measure("dipper", csv, chosen.folder / "out-dipper").wall)
        time.sleep(REST_SECONDS)
        posts.append(over_http(chosen.folder, csv))
        time.sleep(REST_SECONDS)
        print(f"run {run + 1}: load {loads[-1]:.2f} s, HTTP {posts[-1]:.2f} s")
    load, post = statistics.median(loads), statistics.median(posts)
    print(f"{chosen.rows:,} rows: load {load:.2f} s, HTTP {post:.2f} s, {post / load:.2f} times as long")


if __name__ == "__main__":
    main()
