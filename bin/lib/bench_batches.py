"""Durable batches: acknowledged rows a second, latencies, and how far lake and operational store are behind at the end."""

import argparse
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
READY_SECONDS = 60


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
    pathlib.Path(chosen.folder).mkdir(parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(dir=chosen.folder))
    generator = work / "batch_load"
    subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", generator, ROOT / "bin/lib/batch_load.c"], check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [os.environ["DIPPER_BINARY"], "serve", "--data-dir", work / "data", "--listen", f"127.0.0.1:{port}",
         "--log-level", "warning"], stderr=open(work / "server.log", "wb"))
    try:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                urllib.request.urlopen(base + "/readyz", timeout=2)
                break
            except (urllib.error.URLError, ConnectionError):
                assert time.monotonic() < deadline and server.poll() is None, "the server is not ready"
                time.sleep(0.05)
        print(f"fsync of 4 KiB: {fsync_milliseconds(work):.2f} ms")
        answer = subprocess.run(
            [generator, "127.0.0.1", str(port), str(chosen.seconds), str(chosen.clients), str(chosen.rows),
             str(chosen.rate)], check=True, capture_output=True, text=True)
        result = json.loads(answer.stdout.splitlines()[-1])
        result["server"] = metrics(base)
        print(json.dumps(result, indent=2))
    finally:
        server.terminate()
        server.wait(60)
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
