"""TPC-H's 22 queries through POST /query beside DuckDB on the same Parquet files, by turns.

With --trino they go through /v1/statement, in Trino's SQL; DuckDB is asked the same in its own.
"""

import argparse
import json
import pathlib
import statistics
import sys
import time
import urllib.request

from bench_server import server, work_folder

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "IntegrationTests"))

from query import tpch  # noqa: E402
from trinoclients import tpch as trino_tpch  # noqa: E402

WAIT_SECONDS = 60
JOB_SECONDS = 3600


def call(url, body=None, headers=None):
    request = urllib.request.Request(url, data=body, headers=headers or {})
    with urllib.request.urlopen(request, timeout=600) as answer:
        return json.load(answer)


def load(base, name, file):
    request = urllib.request.Request(
        f"{base}/api/v2/upload/csv/{name}?wait={WAIT_SECONDS}&header=true", data=open(file, "rb"), method="POST",
        headers={"Content-Type": "text/csv", "Content-Length": str(file.stat().st_size)})
    with urllib.request.urlopen(request, timeout=600) as answer:
        receipt = json.load(answer)
    deadline = time.monotonic() + JOB_SECONDS
    while receipt["state"] not in ("committed", "failed"):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{name} is not loaded after {JOB_SECONDS} s")
        time.sleep(0.5)
        receipt = call(f"{base}/api/v2/jobs/{receipt['id']}")
    if receipt["state"] != "committed" or receipt["rows"]["rejected"]:
        raise RuntimeError(f"{name}: {receipt}")
    return receipt["rows"]["accepted"]


def ask_query(base, sql):
    # A comment that differs each time keeps the answer from being one that was kept.
    ask_query.count += 1
    body = json.dumps({"sql": f"{sql}\n-- {ask_query.count}", "size": 100_000}).encode()
    return call(f"{base}/api/v2/query", body, {"Content-Type": "application/json"})["rows"]


ask_query.count = 0


def ask_trino(base, sql):
    """Follows a statement from page to page, as clients do."""
    headers = {"X-Trino-User": "bench", "X-Trino-Catalog": "lake", "X-Trino-Schema": "silver"}
    page = call(f"{base}/v1/statement", sql.encode(), headers)
    rows = page.get("data", [])
    while "nextUri" in page:
        page = call(page["nextUri"], headers=headers)
        rows += page.get("data", [])
    if "error" in page:
        raise RuntimeError(page["error"]["message"])
    return rows


def timed(work):
    began = time.perf_counter()
    rows = work()
    return time.perf_counter() - began, rows


def main():
    options = argparse.ArgumentParser(prog="bin/bench tpch", description=__doc__.splitlines()[0])
    options.add_argument("--scale", type=float, default=1.0)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--memory-bytes", type=int, default=2 << 30)
    options.add_argument("--trino", action="store_true", help="ask through Trino's protocol, in Trino's SQL")
    options.add_argument("--folder", type=pathlib.Path, required=True)
    chosen = options.parse_args()
    texts = tpch.write_csv(chosen.folder / f"tpch-{chosen.scale:g}", chosen.scale)
    with work_folder(chosen.folder) as work:
        (work / "data").mkdir()
        (work / "data" / "model.yaml").write_text(tpch.model())
        limits = work / "limits.yaml"
        limits.write_text(
            f"limits:\n  queryWorkers: 1\n  queryThreads: {chosen.threads}\n  queryMemoryBytesMax: {chosen.memory_bytes}\n"
            "  queryMilliseconds: 600000\n")
        with server(work, "--no-operational", "--log-level", "warning", "--config", str(limits)) as (base, _):
            began = time.monotonic()
            rows = sum(load(base, name, texts / f"{name}.csv") for name in tpch.TABLES)
            print(f"loaded {rows:,} rows in {time.monotonic() - began:.1f} s")
            compare(base, work / "data", chosen)


def compare(base, data, chosen):
    connection = tpch.engine(chosen.threads, chosen.memory_bytes)
    tpch.over_files(connection, data)
    reference = tpch.answers(chosen.scale)
    if not reference:
        print(f"there are no reference answers for scale {chosen.scale:g}: DuckDB's alone are compared")
    wrong, ours_total, theirs_total = [], 0.0, 0.0
    spelled = dict(zip(tpch.QUERIES, trino_tpch.queries(), strict=True)) if chosen.trino else {}
    ask = ask_trino if chosen.trino else ask_query
    # Trino divides decimals as decimals, DuckDB as floating point numbers.
    same = trino_tpch.same if chosen.trino else tpch.same
    for number, sql in tpch.queries().items():
        sql = tpch.qualified(sql)
        our_sql = spelled.get(number, sql)
        ours, theirs = [], []
        # A run that is not counted opens the files on both sides.
        for run in range(chosen.runs + 1):
            our_seconds, our_rows = timed(lambda: ask(base, our_sql))
            their_seconds, their_rows = timed(lambda: connection.execute(sql).fetchall())
            if run:
                ours.append(our_seconds)
                theirs.append(their_seconds)
        if not same(our_rows, their_rows) or number in reference and not same(our_rows, reference[number]):
            wrong.append(number)
        ours_total += statistics.median(ours)
        theirs_total += statistics.median(theirs)
        print(f"query {number:2}: Dipper {statistics.median(ours):.3f} s, DuckDB {statistics.median(theirs):.3f} s")
    print(f"all 22: Dipper {ours_total:.2f} s, DuckDB {theirs_total:.2f} s, {ours_total / theirs_total:.2f} times as long")
    if wrong:
        raise SystemExit(f"wrong answers: queries {wrong}")
    print("all answers are right")


if __name__ == "__main__":
    main()
