"""What it costs to keep the lake in an S3 store: the sample, the same with some rows changed, and that once more, into a lake on
the local disk and into one in SeaweedFS on the same disk, by turns.

Wall time is of the whole command, seconds of the load are from the durable upload to the commit. Nothing is left in an
operational store. SeaweedFS's own processor time is not counted in, though it takes it from the same cores.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

from bench_again import STEPS, change
from bench_ingest import sample

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "IntegrationTests"))
from lake.seaweedfs import BUCKET, SeaweedFS  # noqa: E402

PLACES = ("local disk", "SeaweedFS")


def load(path, out, environment):
    command = [os.environ["DIPPER_BINARY"], "load", "hired_employees", str(path), "--data-dir", str(out)]
    start = time.monotonic()
    answer = subprocess.run(
        command + ["--no-operational", "--json"], check=True, capture_output=True, text=True, env={**os.environ, **environment})
    report = json.loads(answer.stdout.strip().splitlines()[-1])
    return {"wall": time.monotonic() - start, "load": report["loadSeconds"], "cpu": report["loadCPUSeconds"],
            "peak": report["peakResidentBytes"] / 1e6}


def main():
    options = argparse.ArgumentParser(prog="bin/bench objects", description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, default=5_000_000)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--every", type=int, default=100, help="one row in so many is changed")
    options.add_argument("--folder", type=pathlib.Path, required=True)
    options = options.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    csv = sample(options.folder, options.rows)
    changed = options.folder / "objects-changed.csv"
    change(csv, changed, options.every)
    files = dict(zip(STEPS, (csv, changed, changed)))
    results = {(place, step): [] for place in PLACES for step in STEPS}
    store = SeaweedFS(options.folder / "seaweedfs").start()
    try:
        for run in range(options.runs):
            for place in PLACES:
                out = options.folder / "objects-lake"
                shutil.rmtree(out, ignore_errors=True)
                environment = {} if place == PLACES[0] else {
                    **store.environment, "DIPPER_OBJECTS": f"s3://{BUCKET}/bench-{os.getpid()}-{run}",
                    "DIPPER_S3_STORE_ENDPOINT": store.endpoint}
                for step in STEPS:
                    results[place, step].append(load(files[step], out, environment))
                    print(f"run {run + 1}: {place}, {step}: {results[place, step][-1]['wall']:.2f} s", file=sys.stderr)
                shutil.rmtree(out)
    finally:
        store.kill()
        shutil.rmtree(options.folder / "seaweedfs", ignore_errors=True)
    print(f"{options.rows:,} rows ({csv.stat().st_size / 1e6:.0f} MB), one in {options.every} changed; "
          f"medians of {options.runs} runs\n")
    print("| file | lake | wall s | load s | load CPU s | peak MB | wall ratio |\n|---|---|--:|--:|--:|--:|--:|")
    for step in STEPS:
        middle = {place: {key: statistics.median(run[key] for run in results[place, step]) for key in results[place, step][0]}
                  for place in PLACES}
        for place in PLACES:
            row = middle[place]
            print(f"| {step} | {place} | {row['wall']:.2f} | {row['load']:.2f} | {row['cpu']:.2f} | {row['peak']:,.0f} | "
                  f"{row['wall'] / middle[PLACES[0]]['wall']:.2f} |")


if __name__ == "__main__":
    main()
