"""Quarterly hires of one year by department and job, uncached, beside DuckDB on the same Parquet files."""

import argparse
import glob
import json
import os
import pathlib
import statistics
import subprocess
import time
import urllib.request

import duckdb

from bench_ingest import sample
from bench_server import server, work_folder

# As the built-in model has it for the analytic `quarterly-hires`.
SQL = """
WITH cells AS (
  SELECT department_id, job_id, hire_quarter, count(*) AS hires
  FROM silver.employees_cleaned
  WHERE hire_year = {year}
  GROUP BY department_id, job_id, hire_quarter
)
SELECT d.department, j.job,
       CAST(sum(CASE c.hire_quarter WHEN 1 THEN c.hires ELSE 0 END) AS BIGINT) AS q1,
       CAST(sum(CASE c.hire_quarter WHEN 2 THEN c.hires ELSE 0 END) AS BIGINT) AS q2,
       CAST(sum(CASE c.hire_quarter WHEN 3 THEN c.hires ELSE 0 END) AS BIGINT) AS q3,
       CAST(sum(CASE c.hire_quarter WHEN 4 THEN c.hires ELSE 0 END) AS BIGINT) AS q4
FROM cells c
JOIN silver.departments_cleaned d ON d.id = c.department_id
JOIN silver.jobs_cleaned j ON j.id = c.job_id
WHERE length(d.department) > {salt}
GROUP BY d.department, j.job
ORDER BY d.department, j.job
"""
TABLES = ("employees_cleaned", "departments_cleaned", "jobs_cleaned")


def over_files(connection, data):
    connection.execute("CREATE SCHEMA silver")
    for name in TABLES:
        files = sorted(glob.glob(f"{data}/lake/warehouse/silver/{name}/data/**/*.parquet", recursive=True))
        connection.execute(f"CREATE VIEW silver.{name} AS SELECT * FROM read_parquet({files!r}, hive_partitioning = false)")


def main():
    options = argparse.ArgumentParser(prog="bin/bench hires", description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, default=100_000_000)
    options.add_argument("--runs", type=int, default=9)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--year", type=int, default=2021)
    options.add_argument("--folder", type=pathlib.Path, required=True)
    chosen = options.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    csv = sample(chosen.folder, chosen.rows)
    with work_folder(chosen.folder) as work:
        for name in ("departments", "jobs", "hired_employees"):
            subprocess.run(
                [os.environ["DIPPER_BINARY"], "load", name, str(csv.parent / f"{name}.csv"), "--data-dir", str(work / "data")],
                check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        limits = work / "limits.yaml"
        limits.write_text(f"limits:\n  queryWorkers: 1\n  queryThreads: {chosen.threads}\n  queryMilliseconds: 600000\n")
        with server(work, "--no-operational", "--no-maintenance", "--no-gold", "--log-level", "warning", "--config", str(limits)) as (base, _):
            connection = duckdb.connect()
            connection.execute(f"SET threads = {chosen.threads}")
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET parquet_metadata_cache = true")
            over_files(connection, work / "data")
            ours, theirs, engine = [], [], []
            for run in range(chosen.runs + 1):
                # Another text each time: nothing that keeps answers can have this one.
                sql = SQL.format(year=chosen.year, salt=-1 - run)
                began = time.perf_counter()
                body = json.dumps({"sql": sql, "size": 100_000}).encode()
                request = urllib.request.Request(
                    base + "/api/v2/query", data=body, headers={"Content-Type": "application/json"})
                with urllib.request.urlopen(request, timeout=600) as answer:
                    found = json.load(answer)
                our_seconds = time.perf_counter() - began
                began = time.perf_counter()
                rows = connection.execute(sql).fetchall()
                their_seconds = time.perf_counter() - began
                if [tuple(row) for row in found["rows"]] != rows:
                    raise SystemExit("the answers differ")
                if run:
                    ours.append(our_seconds)
                    theirs.append(their_seconds)
                    engine.append(found["elapsedMicroseconds"] / 1e6)
            our, their = statistics.median(ours), statistics.median(theirs)
            print(f"{chosen.rows:,} rows, {found['filesRead']} of {found['filesRead'] + found['filesSkipped']} files read, "
                  f"{len(rows):,} rows out")
            print(f"Dipper {our:.3f} s ({statistics.median(engine):.3f} s in the engine), DuckDB {their:.3f} s, "
                  f"{our / their:.2f} times as long")


if __name__ == "__main__":
    main()
