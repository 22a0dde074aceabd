"""Requests a second of cached answers and of 304, beside an empty route of the same HTTP library, by turns.

Each address is asked by wrk over some connections that stay open. `empty` is a server with one route that answers nothing
and logs nothing (`dipper bench-route`); `health` is /healthz of the server that is measured, with its access log as the
others have it.
"""

import argparse
import contextlib
import os
import pathlib
import re
import socket
import statistics
import subprocess
import time
import urllib.request

from bench_ingest import sample
from bench_server import server, work_folder

PATH = "/api/v2/analytics/departments-above-mean/2021"


@contextlib.contextmanager
def empty_route():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [os.environ["DIPPER_BINARY"], "bench-route", "--port", str(port)], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2)
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(30)


def load(base, folder):
    for table in ("departments", "jobs", "hired_employees"):
        body = (folder / f"{table}.csv").read_bytes()
        request = urllib.request.Request(
            f"{base}/api/v2/upload/csv/{table}?wait=60", data=body, headers={"Content-Type": "text/csv"})
        urllib.request.urlopen(request, timeout=120).read()


def rate(url, options, header=None):
    """Requests a second; fails when an answer is neither 2xx nor 3xx."""
    command = ["wrk", "-t", "1", "-c", str(options.connections), "-d", f"{options.seconds}s", url]
    if header:
        command[1:1] = ["-H", header]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError(out)
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", out).group(1))


def main():
    options = argparse.ArgumentParser(prog="bin/bench answers", description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=int, default=5)
    options.add_argument("--connections", type=int, default=32)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--folder", type=pathlib.Path, required=True)
    chosen = options.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    source = pathlib.Path(sample(chosen.folder, chosen.rows)).parent
    rates = {}
    with work_folder(chosen.folder) as work, server(work) as (base, _), empty_route() as empty:
        load(base, source)
        answer = urllib.request.urlopen(base + PATH, timeout=60)
        tag, body = answer.headers["ETag"], answer.read()
        # Until the refresh of gold is over.
        time.sleep(5)
        asked = {
            "empty": (empty, None), "health": (base + "/healthz", None), "cached": (base + PATH, None),
            "304": (base + PATH, f"If-None-Match: {tag}")}
        for run in range(chosen.runs):
            for name, (url, header) in asked.items():
                rates.setdefault(name, []).append(rate(url, chosen, header))
            print(f"run {run + 1}: " + ", ".join(f"{name} {found[-1]:,.0f}/s" for name, found in rates.items()))
        again = urllib.request.urlopen(base + PATH, timeout=60)
        assert again.read() == body and again.headers["ETag"] == tag
    middle = {name: statistics.median(found) for name, found in rates.items()}
    for name, found in middle.items():
        print(f"{name}: {found:,.0f} requests/s, {found / middle['empty']:.2f} of the empty route")


if __name__ == "__main__":
    main()
