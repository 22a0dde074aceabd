"""A sample of the hiring data, through both gateways, until both answer."""

import json
import subprocess
import time

from .errors import ClusterError
from .service import get

# Which table goes through which gateway.
WAYS = (("departments", "gateway-a"), ("jobs", "gateway-b"), ("hired_employees", "gateway-a"))
SEED = 1
LOAD_SECONDS = 600
ANSWER_SECONDS = 60
HIRES = "SELECT count(*) FROM silver.employees_cleaned"


def run(gateway, *arguments):
    """Runs the command line of Dipper; its output goes to the log of samples."""
    log = gateway.context.state.folder / "logs" / "sample.log"
    with open(log, "ab") as out:
        done = subprocess.run(
            [gateway.context.dipper, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            timeout=LOAD_SECONDS, env=gateway.environment())
    if done.returncode:
        raise ClusterError(f"`dipper {arguments[0]}` ended with {done.returncode}", f"read {log}")


def job_count(gateway, table):
    status, headers, body = get(gateway.port(), f"/api/v2/jobs?table={table}&size=1", seconds=30)
    if status != 200:
        raise ClusterError(f"{gateway.name} does not tell its jobs: {body.decode(errors='replace')[:500]}", f"read {gateway.log}")
    return int(headers["X-Total-Count"])


def count_of_hires(gateway):
    """A number, or what there was in place of an answer."""
    body = json.dumps({"sql": HIRES})
    try:
        status, _, answer = get(
            gateway.port(), "/api/v2/query", "POST", body, {"Content-Type": "application/json"}, seconds=ANSWER_SECONDS)
    except OSError as failure:
        return str(failure)
    return json.loads(answer)["rows"][0][0] if status == 200 else answer.decode(errors="replace")[:500]


def load(context, rows):
    """Loads the sample into the tables that have had no data yet, and returns their names."""
    loaded = []
    folder = context.state.folder / "sample"
    for table, name in WAYS:
        gateway = context.service(name)
        if job_count(gateway, table):
            continue
        if not (folder / f"{table}.csv").is_file():
            run(gateway, "sample", "--rows", rows, "--seed", SEED, folder)
        # It ends when the rows are committed.
        run(gateway, "load", table, folder / f"{table}.csv", "--server", gateway.address)
        loaded.append(table)
    if loaded:
        wait_for_answers(context)
    return loaded


def wait_for_answers(context):
    gateways = sorted({name for _, name in WAYS})
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        counts = [count_of_hires(context.service(name)) for name in gateways]
        if isinstance(counts[0], int) and len(set(counts)) == 1:
            return
        if time.monotonic() > deadline:
            raise ClusterError(f"the gateways do not give the same answer to `{HIRES}`: {counts}",
                               "read the logs of the gateways")
        time.sleep(0.5)
