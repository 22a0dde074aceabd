"""Durable batches: acknowledged rows a second, latencies, and how far lake and operational store are behind at the end."""

import argparse
import json
import os
import pathlib
import subprocess
import time
import urllib.request

from bench_server import server, work_folder

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def fsync_milliseconds(folder):
    """The middle of 200 syncs of one 4 KiB page, beside which latencies are to be read."""
    path = pathlib.Path(folder) / "fsync"
    times = []
    with open(path, "wb") as file:
        for _ in range(200):
            file.write(b"x" * 4096)
            file.flush()
            start = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - start)
    path.unlink()
    return sorted(times)[100] * 1e3


def metrics(base):
    values = {}
    for line in urllib.request.urlopen(base + "/metrics", timeout=10).read().decode().splitlines():
        if line.startswith("dipper_") and 'table="hired_employees"' in line:
            values[line.split("{")[0]] = float(line.rsplit(" ", 1)[1])
    return values


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=300)
    options.add_argument("--clients", type=int, default=32)
    options.add_argument("--rows", type=int, default=1000)
    options.add_argument("--rate", type=float, default=0, help="rows a second; 0: as fast as they are acknowledged")
    options.add_argument("--folder", required=True)
    chosen = options.parse_args()
    with work_folder(chosen.folder) as work:
        generator = work / "batch_load"
        subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", generator, ROOT / "bin/lib/batch_load.c"], check=True)
        with server(work, "--log-level", "warning") as (base, port):
            print(f"fsync of 4 KiB: {fsync_milliseconds(work):.2f} ms")
            answer = subprocess.run(
                [generator, "127.0.0.1", str(port), str(chosen.seconds), str(chosen.clients), str(chosen.rows),
                 str(chosen.rate)], check=True, capture_output=True, text=True)
            result = json.loads(answer.stdout.splitlines()[-1])
            result["server"] = metrics(base)
        print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
