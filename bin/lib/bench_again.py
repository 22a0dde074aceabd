"""What a file costs that comes again: the sample, the same with some rows changed, and that once more, into one lake.

Seconds are from the durable upload to the commit. Nothing is left in an operational store.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess

from bench_ingest import sample

STEPS = ("first", "changed", "unchanged")


def change(source, target, every):
    """Another name in every N-th row."""
    with open(source, "rb") as old, open(target, "wb") as new:
        for number, line in enumerate(old):
            fields = line.split(b",")
            if number % every == 0 and fields[1]:
                fields[1] = b"Changed " + str(number).encode()
            new.write(b",".join(fields))


def load(path, out):
    command = [os.environ["DIPPER_BINARY"], "load", "hired_employees", str(path), "--data-dir", str(out)]
    answer = subprocess.run(command + ["--no-operational", "--json"], check=True, capture_output=True, text=True)
    return json.loads(answer.stdout.strip().splitlines()[-1])


def main():
    options = argparse.ArgumentParser(prog="bin/bench again", description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--every", type=int, default=100, help="one row in so many is changed")
    options.add_argument("--folder", type=pathlib.Path, required=True)
    chosen = options.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    csv = sample(chosen.folder, chosen.rows, "clean")
    changed = chosen.folder / "changed.csv"
    change(csv, changed, chosen.every)
    out = chosen.folder / "out-again"
    reports = {step: [] for step in STEPS}
    for _ in range(chosen.runs):
        shutil.rmtree(out, ignore_errors=True)
        for step, path in zip(STEPS, (csv, changed, changed)):
            reports[step].append(load(path, out))
    shutil.rmtree(out)
    changed.unlink()
    print("| load | wall s | CPU s | inserted | updated | unchanged |")
    print("|---|--:|--:|--:|--:|--:|")
    for step in STEPS:
        rows = reports[step][-1]["receipt"]["rows"]
        wall, cpu = (statistics.median(report[key] for report in reports[step]) for key in ("loadSeconds", "loadCPUSeconds"))
        counts = " | ".join(f"{rows[name]:,}" for name in ("inserted", "updated", "unchanged"))
        print(f"| {step} | {wall:.3f} | {cpu:.3f} | {counts} |")


if __name__ == "__main__":
    main()
