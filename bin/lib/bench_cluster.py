"""A cluster on this machine beside the embedded server: files and batches into both, two workers against one over three tables, and
the operational sink against PostgreSQL's own COPY.

Store, broker, PostgreSQL, gateway and workers share this machine's cores, so a cluster can only be slower here: the figures say by
how much, and what a second worker brings all the same.
"""

import argparse
import contextlib
import json
import pathlib
import re
import subprocess
import sys
import time

from bench_ingest import sample
from bench_server import server, work_folder

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "IntegrationTests"), str(ROOT / "bin")]
from cluster.parts import Cluster, wait_until  # noqa: E402
from lake.api import API  # noqa: E402
from lake.postgresql import tools  # noqa: E402

TABLE = "hired_employees"
TABLES = ("hires_a", "hires_b", "hires_c")
WAIT_SECONDS = 3_600
MODEL = "version: 1\ntables:\n" + "".join(f"""  - name: {name}
    columns:
      - {{name: id, type: long}}
      - {{name: name, type: string, required: true}}
      - {{name: hire_datetime, type: timestamptz, required: true}}
      - {{name: department_id, type: int}}
      - {{name: job_id, type: int}}
    key: [id]
""" for name in TABLES)


@contextlib.contextmanager
def cluster(work, name, workers, model=None):
    """One gateway and so many workers, which keep no gold and publish nothing, as the embedded server does neither here."""
    folder = work / name
    folder.mkdir()
    made = Cluster(folder, f"bench-{name}", roles="lake,operational", threads=2)
    made.gateways, made.workers = made.gateways[:1], made.workers[:workers]
    try:
        for part in [*made.gateways, *made.workers]:
            if model:
                data = part.server.folder if part in made.gateways else part.folder
                data.mkdir(parents=True)
                (data / "model.yaml").write_text(model)
        for part in made.parts:
            part.start()
        time.sleep(2)
        yield made
    finally:
        made.stop()


def ended(api, receipt):
    """The receipt once it is committed, and the moment of that as it was seen."""
    while receipt["state"] not in ("committed", "failed"):
        time.sleep(0.02)
        receipt = api.job(receipt["id"])
    assert receipt["state"] == "committed", receipt
    return receipt, time.monotonic()


def load(api, table, csv):
    """Seconds until a file is acknowledged, and until it is committed."""
    start = time.monotonic()
    with open(csv, "rb") as stream:
        answer = api.post_csv(table, stream)
    assert answer.status_code == 202, answer.text
    taken = time.monotonic()
    receipt, done = ended(api, answer.json())
    return {"acknowledged": taken - start, "committed": done - start, "id": receipt["id"]}


def applied(api, job):
    """Waits until the operational database has the rows of a job."""
    wait_until(lambda: (api.job(job).get("operational") or {}).get("state") == "applied", WAIT_SECONDS, "operational rows")
    return time.monotonic()


def batches(base, generator, options):
    host, port = re.fullmatch(r"http://([0-9.]+):(\d+)", base).groups()
    answer = subprocess.run(
        [generator, host, port, str(options.seconds), str(options.clients), str(options.batch_rows), "0"], check=True,
        capture_output=True, text=True)
    return json.loads(answer.stdout.splitlines()[-1])


def copy_seconds(made, csv):
    """How long psql takes to COPY the file's good rows into a table of the sink's shape, from its own side of the connection."""
    postgresql = made.postgresql.server
    postgresql.sql("CREATE TABLE plain (id bigint PRIMARY KEY, name text NOT NULL, hire_datetime timestamptz NOT NULL, "
                   "department_id integer, job_id integer, hire_year integer, hire_quarter integer)")
    start = time.monotonic()
    subprocess.run(
        [str(tools() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", postgresql.address(), "-c",
         f"\\copy plain (id, name, hire_datetime, department_id, job_id) FROM '{csv}' (FORMAT csv)"], check=True)
    return time.monotonic() - start


def good_rows(csv, target):
    """The rows that the model accepts: COPY knows no quarantine."""
    with open(csv) as source, open(target, "w") as out:
        count = 0
        for line in source:
            fields = line.split(",")
            if fields[1] and fields[2]:
                out.write(line)
                count += 1
    return count


def measure_load(work, csv, generator, options):
    found = {}
    with server(work, "--log-level", "warning", "--no-gold") as (base, _):
        api = API(base)
        found["embedded"] = {**load(api, TABLE, csv), "batches": batches(base, generator, options)}
    with cluster(work, "one", 1) as made:
        api = made.gateways[0].server.api
        found["cluster"] = {**load(api, TABLE, csv), "batches": batches(api.base, generator, options)}
    return found


def measure_workers(work, csv):
    found = {}
    for count in (1, 2):
        with cluster(work, f"workers-{count}", count, MODEL) as made:
            api = made.gateways[0].server.api
            start = time.monotonic()
            receipts = []
            for table in TABLES:
                with open(csv, "rb") as stream:
                    receipts.append(api.post_csv(table, stream).json())
            taken = time.monotonic()
            done = max(ended(api, receipt)[1] for receipt in receipts)
            all_applied = max(applied(api, receipt["id"]) for receipt in receipts)
            found[count] = {"acknowledged": taken - start, "committed": done - start, "applied": all_applied - start}
    return found


def measure_sink(work, csv):
    """The lake first, by a worker without the role; then the sink by itself."""
    with cluster(work, "sink", 1) as made:
        api, worker = made.gateways[0].server.api, made.workers[0]
        worker.kill()
        roles = worker.options.index("--roles") + 1
        worker.options[roles] = "lake"
        worker.start()
        job = load(api, TABLE, csv)["id"]
        worker.kill()
        worker.options[roles] = "operational"
        # The lease of the killed one runs out first.
        time.sleep(5)
        worker.start()
        wait_until(lambda: f"operational/{TABLE}" in worker.roles(), 60, "the role")
        start = time.monotonic()
        sink = applied(api, job) - start
        good = work / "good.csv"
        rows = good_rows(csv, good)
        return rows, sink, copy_seconds(made, good)


def main():
    options = argparse.ArgumentParser(prog="bin/bench cluster", description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, default=5_000_000)
    options.add_argument("--seconds", type=float, default=30)
    options.add_argument("--clients", type=int, default=16)
    options.add_argument("--batch-rows", type=int, default=100)
    options.add_argument("--folder", type=pathlib.Path, required=True)
    options = options.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    csv = sample(options.folder, options.rows)
    with work_folder(options.folder) as work:
        generator = work / "batch_load"
        subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", generator, ROOT / "bin/lib/batch_load.c"], check=True)
        loads = measure_load(work, csv, generator, options)
        workers = measure_workers(work, csv)
        rows, sink, copy = measure_sink(work, csv)
    print(f"A file of {options.rows:,} rows ({csv.stat().st_size / 1e6:.0f} MB), and {options.clients} clients with batches of "
          f"{options.batch_rows} rows:\n")
    print("| lake | file acknowledged s | committed s | rows/s | batches/s | their rows/s | p50 ms | p99 ms |\n"
          "|---|--:|--:|--:|--:|--:|--:|--:|")
    for name, row in loads.items():
        many = row["batches"]
        print(f"| {name} | {row['acknowledged']:.2f} | {row['committed']:.2f} | {options.rows / row['committed']:,.0f} | "
              f"{many['requestsPerSecond']:,.0f} | {many['rowsPerSecond']:,.0f} | {many['p50Milliseconds']:.1f} | "
              f"{many['p99Milliseconds']:.1f} |")
    print(f"\nThe file into each of {len(TABLES)} tables:\n")
    print("| workers | acknowledged s | committed s | operational rows s |\n|---|--:|--:|--:|")
    for count, row in workers.items():
        print(f"| {count} | {row['acknowledged']:.2f} | {row['committed']:.2f} | {row['applied']:.2f} |")
    print(f"\nOperational sink: {rows:,} rows in {sink:.2f} s ({rows / sink:,.0f}/s); `COPY` of the same rows into a table of the "
          f"same shape: {copy:.2f} s ({rows / copy:,.0f}/s); {sink / copy:.2f} times as long")


if __name__ == "__main__":
    main()
