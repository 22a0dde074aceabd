"""CSV to partitioned zstd Parquet, Dipper against other engines, each run in a process of its own.

The engines take turns, so that a machine that slows down slows all of them. Dipper's run does more than the others':
it resolves keys, keeps rejects and commits an Iceberg snapshot. Prints a Markdown table of medians and ratios.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

DUCKDB = """
import duckdb, sys
c = duckdb.connect(config={"threads": "2", "autoinstall_known_extensions": "false"})
c.execute("SET TimeZone = 'UTC'")
c.execute(f'''COPY (
    SELECT *, CAST(year(hire_datetime) AS INTEGER) AS hire_year, CAST(quarter(hire_datetime) AS INTEGER) AS hire_quarter
    FROM read_csv('{sys.argv[1]}', header = false, delim = ',', quote = '"', auto_detect = false, columns = {{
        'id': 'BIGINT', 'name': 'VARCHAR', 'hire_datetime': 'TIMESTAMPTZ', 'department_id': 'INTEGER', 'job_id': 'INTEGER'}})
    WHERE name IS NOT NULL AND hire_datetime IS NOT NULL
) TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (hire_year, hire_quarter))''')
"""

POLARS = """
import polars as pl, sys
schema = {"id": pl.Int64, "name": pl.String, "hire_datetime": pl.String, "department_id": pl.Int32, "job_id": pl.Int32}
time = pl.col("hire_datetime")
frame = (
    pl.scan_csv(sys.argv[1], has_header=False, schema=schema)
    .filter(pl.col("name").is_not_null() & time.is_not_null())
    .with_columns(time.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone="UTC"))
    .with_columns(time.dt.year().alias("hire_year"), time.dt.quarter().cast(pl.Int32).alias("hire_quarter"))
)
frame.sink_parquet(pl.PartitionBy(sys.argv[2], key=["hire_year", "hire_quarter"]), compression="zstd", mkdir=True)
"""

PYARROW = """
import pyarrow as pa, pyarrow.compute as pc, pyarrow.csv as csv, pyarrow.dataset as ds, sys
types = {"id": pa.int64(), "name": pa.string(), "hire_datetime": pa.timestamp("us", "UTC"),
         "department_id": pa.int32(), "job_id": pa.int32()}
pa.set_cpu_count(2)
reader = csv.open_csv(
    sys.argv[1], csv.ReadOptions(column_names=list(types), block_size=16 << 20),
    convert_options=csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""]))
def batches():
    for batch in reader:
        kept = batch.filter(pc.and_(pc.is_valid(batch["name"]), pc.is_valid(batch["hire_datetime"])))
        time = kept["hire_datetime"]
        yield pa.record_batch(
            kept.columns + [pc.year(time).cast(pa.int32()), pc.quarter(time).cast(pa.int32())], schema=schema)
schema = pa.schema(list(types.items()) + [("hire_year", pa.int32()), ("hire_quarter", pa.int32())])
form = ds.ParquetFileFormat()
ds.write_dataset(
    batches(), sys.argv[2], schema=schema, format=form, file_options=form.make_write_options(compression="zstd"),
    partitioning=ds.partitioning(pa.schema(list(schema)[-2:]), flavor="hive"), max_partitions=64)
"""


def command(engine, csv, out):
    if engine == "dipper":
        return [
            os.environ["DIPPER_BINARY"], "load", "hired_employees", str(csv), "--data-dir", str(out),
            "--no-operational", "--json"]
    script = {"duckdb": DUCKDB, "polars": POLARS, "pyarrow": PYARROW}[engine]
    return [sys.executable, "-c", script, str(csv), str(out)]


def output_bytes(folder, pattern="*.parquet"):
    return sum(path.stat().st_size for path in folder.rglob(pattern))


def measure(engine, csv, out):
    """Wall seconds, CPU seconds, peak resident MB and MB of Parquet of one run."""
    shutil.rmtree(out, ignore_errors=True)
    environment = {**os.environ, "POLARS_MAX_THREADS": "2", "TZ": "UTC"}
    log = out.parent / f"{engine}.log"
    started = time.monotonic()
    with open(log, "wb") as sink:
        process = subprocess.Popen(
            command(engine, csv, out), stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"error: {engine} ended with {process.returncode}:\n{log.read_text(errors='replace')[-2000:]}")
    megabytes = output_bytes(out) / 1e6
    # Folders of several engines at once would only fill the disk and its cache.
    shutil.rmtree(out, ignore_errors=True)
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, megabytes


def sample(folder, rows):
    """The data, made once for each number of rows and read once, so that every engine finds it in the page cache."""
    target = folder / f"sample-{rows}"
    csv = target / "hired_employees.csv"
    if not csv.is_file():
        subprocess.run(
            [os.environ["DIPPER_BINARY"], "sample", "--rows", str(rows), "--seed", "1", str(target)], check=True,
            stdout=subprocess.DEVNULL)
    with open(csv, "rb") as stream:
        while stream.read(1 << 24):
            pass
    return csv


def table(engines, medians, rows, csv, runs):
    first = medians[engines[0]]
    lines = [
        f"{rows:,} rows, {csv.stat().st_size / 1e6:,.0f} MB of CSV, {os.cpu_count()} cores, medians of {runs} runs",
        "",
        "| engine | wall s | CPU s | peak MB | Parquet MB | MB/s | wall ratio | CPU ratio |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for engine in engines:
        wall, cpu, memory, size = medians[engine]
        speed = csv.stat().st_size / 1e6 / wall
        lines.append(
            f"| {engine} | {wall:.2f} | {cpu:.2f} | {memory:,.0f} | {size:,.1f} | {speed:,.0f} "
            f"| {wall / first[0]:.2f} | {cpu / first[1]:.2f} |")
    return "\n".join(lines + ["", f"A ratio above 1 means more than {engines[0]} took."])


def main():
    parser = argparse.ArgumentParser(prog="bin/bench ingest", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--engines", default="dipper,duckdb,polars,pyarrow")
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    options = parser.parse_args()
    engines = options.engines.split(",")
    unknown = set(engines) - {"dipper", "duckdb", "polars", "pyarrow"}
    if unknown:
        parser.error(f"unknown engines: {', '.join(sorted(unknown))}")
    options.folder.mkdir(parents=True, exist_ok=True)
    csv = sample(options.folder, options.rows)
    results = {engine: [] for engine in engines}
    for run in range(options.runs):
        for engine in engines:
            results[engine].append(measure(engine, csv, options.folder / f"out-{engine}"))
            print(f"run {run + 1}: {engine} {results[engine][-1][0]:.2f} s", file=sys.stderr)
    medians = {engine: [statistics.median(column) for column in zip(*rows)] for engine, rows in results.items()}
    print(table(engines, medians, options.rows, csv, options.runs))


if __name__ == "__main__":
    main()
