"""CSV to partitioned zstd Parquet, Dipper against other engines, each run in a process of its own.

The engines take turns, so that a machine that slows down slows all of them. Dipper's run does more than the others':
it resolves keys, keeps rejects and commits an Iceberg snapshot. Prints a Markdown table of medians and ratios; with
several variants one more that compares Dipper's loads of them; with --linear Dipper's loads of growing files.
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

DUCKDB = """
import duckdb, sys
c = duckdb.connect(config={"threads": "2", "autoinstall_known_extensions": "false"})
c.execute("SET TimeZone = 'UTC'")
key = "VARCHAR" if sys.argv[3] == "text" else "BIGINT"
c.execute(f'''COPY (
    SELECT *, CAST(year(hire_datetime) AS INTEGER) AS hire_year, CAST(quarter(hire_datetime) AS INTEGER) AS hire_quarter
    FROM read_csv('{sys.argv[1]}', header = false, delim = ',', quote = '"', auto_detect = false, columns = {{
        'id': '{key}', 'name': 'VARCHAR', 'hire_datetime': 'TIMESTAMPTZ', 'department_id': 'INTEGER', 'job_id': 'INTEGER'}})
    WHERE name IS NOT NULL AND hire_datetime IS NOT NULL
) TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (hire_year, hire_quarter))''')
"""

POLARS = """
import polars as pl, sys
key = pl.String if sys.argv[3] == "text" else pl.Int64
schema = {"id": key, "name": pl.String, "hire_datetime": pl.String, "department_id": pl.Int32, "job_id": pl.Int32}
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
types = {"id": pa.string() if sys.argv[3] == "text" else pa.int64(), "name": pa.string(), "hire_datetime": pa.timestamp("us", "UTC"),
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


# What `dipper sample` makes of each variant, and the type of its ids.
VARIANTS = {
    "ordered": ([], "number"),
    "shuffled": (["--shuffle-ids"], "number"),
    "wide-ids": (["--wide-ids", "--shuffle-ids"], "number"),
    "string-keys": (["--string-keys"], "text"),
    "clean": (["--clean"], "number"),
    "bad-rows": (["--clean", "--bad-every", "10"], "number"),
}
ENGINES = ("dipper", "duckdb", "polars", "pyarrow")
# What a row of the sample takes: in the file, in Dipper's copy of it and in Parquet, with room to spare.
CSV_BYTES_PER_ROW = 64
RUN_BYTES_PER_ROW = 64 + 32
DISK_RESERVE_BYTES = 2 << 30


def command(engine, csv, out, key):
    if engine == "dipper":
        return [
            os.environ["DIPPER_BINARY"], "load", "hired_employees", str(csv), "--data-dir", str(out),
            "--no-operational", "--json"]
    script = {"duckdb": DUCKDB, "polars": POLARS, "pyarrow": PYARROW}[engine]
    return [sys.executable, "-c", script, str(csv), str(out), key]


def output_bytes(folder, pattern="*.parquet"):
    return sum(path.stat().st_size for path in folder.rglob(pattern))


def prepare(engine, out, key):
    """An empty place for the engine's output; Dipper gets a model whose key is of the sample's type."""
    shutil.rmtree(out, ignore_errors=True)
    if engine != "dipper" or key != "text":
        return
    model = subprocess.run(
        [os.environ["DIPPER_BINARY"], "model"], check=True, stdout=subprocess.PIPE, text=True).stdout
    changed = model.replace("{name: id, type: long}", "{name: id, type: string}")
    if changed == model:
        sys.exit("error: the hiring model's key is declared in another way than this script expects")
    out.mkdir(parents=True)
    (out / "model.yaml").write_text(changed)


class Result:
    """What one run took: in all, and for Dipper also from the durable upload to the commit."""

    def __init__(self, wall, usage, megabytes, report):
        self.wall = wall
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss / 1024
        self.megabytes = megabytes
        self.load_wall = report.get("loadSeconds", wall)
        self.load_cpu = report.get("loadCPUSeconds", self.cpu)
        self.rows = report.get("receipt", {}).get("rows", {}).get("read", 0)

    FIELDS = ("wall", "cpu", "peak", "megabytes", "load_wall", "load_cpu", "rows")

    @staticmethod
    def median(results):
        middle = object.__new__(Result)
        for field in Result.FIELDS:
            setattr(middle, field, statistics.median(getattr(result, field) for result in results))
        return middle


def measure(engine, csv, out, key="number"):
    prepare(engine, out, key)
    environment = {**os.environ, "POLARS_MAX_THREADS": "2", "TZ": "UTC"}
    log = out.parent / f"{engine}.log"
    started = time.monotonic()
    with open(log, "wb") as sink:
        process = subprocess.Popen(
            command(engine, csv, out, key), stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    text = log.read_text(errors="replace")
    if process.returncode != 0:
        sys.exit(f"error: {engine} ended with {process.returncode}:\n{text[-2000:]}")
    report = json.loads(text.strip().splitlines()[-1]) if engine == "dipper" else {}
    result = Result(wall, usage, output_bytes(out) / 1e6, report)
    # Folders of several engines at once would only fill the disk and its cache.
    shutil.rmtree(out, ignore_errors=True)
    return result


def need_disk(folder, rows, has_sample):
    need = rows * (RUN_BYTES_PER_ROW + (0 if has_sample else CSV_BYTES_PER_ROW)) + DISK_RESERVE_BYTES
    free = shutil.disk_usage(folder).free
    if free < need:
        sys.exit(
            f"error: {rows:,} rows need {need / 1e9:.1f} GB of disk, {folder} has {free / 1e9:.1f} GB\n"
            "  try: fewer rows, or --folder on another disk")


def sample(folder, rows, variant="ordered"):
    """The data, made once for each number of rows and read once, so that every engine finds it in the page cache."""
    target = folder / (f"sample-{rows}" if variant == "ordered" else f"sample-{rows}-{variant}")
    csv = target / "hired_employees.csv"
    need_disk(folder, rows, csv.is_file())
    if not csv.is_file():
        subprocess.run(
            [os.environ["DIPPER_BINARY"], "sample", "--rows", str(rows), "--seed", "1", *VARIANTS[variant][0],
             str(target)], check=True, stdout=subprocess.DEVNULL)
    with open(csv, "rb") as stream:
        while stream.read(1 << 24):
            pass
    return csv


def table(engines, medians, rows, csv, runs, variant):
    first = medians[engines[0]]
    name = "" if variant == "ordered" else f" ({variant})"
    lines = [
        f"{rows:,} rows{name}, {csv.stat().st_size / 1e6:,.0f} MB of CSV, {os.cpu_count()} cores, medians of {runs} runs",
        "",
        "| engine | wall s | CPU s | peak MB | Parquet MB | MB/s | wall ratio | CPU ratio |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for engine in engines:
        result = medians[engine]
        speed = csv.stat().st_size / 1e6 / result.wall
        lines.append(
            f"| {engine} | {result.wall:.2f} | {result.cpu:.2f} | {result.peak:,.0f} | {result.megabytes:,.1f} "
            f"| {speed:,.0f} | {result.wall / first.wall:.2f} | {result.cpu / first.cpu:.2f} |")
    lines += ["", f"A ratio above 1 means more than {engines[0]} took."]
    if "dipper" in medians:
        mine = medians["dipper"]
        text = f"Dipper from the durable upload to the commit: {mine.load_wall:.2f} s, {mine.load_cpu:.2f} CPU s"
        if "duckdb" in medians:
            other = medians["duckdb"]
            text += f"; {mine.load_wall / other.wall:.2f} and {mine.load_cpu / other.cpu:.2f} of duckdb's"
        lines.append(text + ".")
    return "\n".join(lines)


def loads(title, names, results):
    """Dipper's loads beside each other, from the durable upload to the commit."""
    first = results[names[0]]
    lines = [
        f"| {title} | wall s | CPU s | rows per CPU s | peak MB | Parquet MB | wall ratio | CPU ratio |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name in names:
        result = results[name]
        # Ratios are of the times that a row took.
        scale = first.rows / max(1, result.rows)
        lines.append(
            f"| {name} | {result.load_wall:.2f} | {result.load_cpu:.2f} | {result.rows / result.load_cpu:,.0f} "
            f"| {result.peak:,.0f} | {result.megabytes:,.1f} | {result.load_wall * scale / first.load_wall:.2f} "
            f"| {result.load_cpu * scale / first.load_cpu:.2f} |")
    return "\n".join(lines)


def run_variants(options, engines):
    dipper = {}
    datasets = {variant: sample(options.folder, options.rows, variant) for variant in options.variants}
    results = {variant: {} for variant in options.variants}
    for run in range(options.runs):
        for variant in options.variants:
            # The others read files without bad rows only.
            for engine in engines if variant != "bad-rows" else [name for name in engines if name == "dipper"]:
                key = VARIANTS[variant][1]
                result = measure(engine, datasets[variant], options.folder / f"out-{engine}", key)
                results[variant].setdefault(engine, []).append(result)
                print(f"run {run + 1}: {variant}: {engine} {result.wall:.2f} s, {result.cpu:.2f} CPU s", file=sys.stderr)
    for variant in options.variants:
        medians = {engine: Result.median(runs) for engine, runs in results[variant].items()}
        if not medians:
            continue
        if "dipper" in medians:
            dipper[variant] = medians["dipper"]
        if len(medians) > 1 or len(options.variants) == 1:
            names = [engine for engine in engines if engine in medians]
            print(table(names, medians, options.rows, datasets[variant], options.runs, variant))
            print()
    if len(dipper) > 1:
        print(f"Dipper's loads of {options.rows:,} rows from the durable upload to the commit, medians of {options.runs}:")
        print()
        print(loads("sample", list(dipper), dipper))


def run_linear(options):
    """Dipper's loads of one sample after the other, each ten times as large. Samples made for it are removed."""
    results = {}
    for rows in options.sizes:
        known = (options.folder / f"sample-{rows}").exists()
        csv = sample(options.folder, rows)
        name = f"{rows:,} rows, {csv.stat().st_size / 1e9:.1f} GB"
        runs = []
        for run in range(options.runs):
            runs.append(measure("dipper", csv, options.folder / "out-dipper"))
            print(f"run {run + 1}: {name}: {runs[-1].load_wall:.2f} s, {runs[-1].load_cpu:.2f} CPU s", file=sys.stderr)
        results[name] = Result.median(runs)
        if not known:
            shutil.rmtree(csv.parent)
    print("Dipper's loads from the durable upload to the commit; ratios are of the time that a row took:")
    print()
    print(loads("file", list(results), results))


def names(text):
    return text.split(",")


def main():
    parser = argparse.ArgumentParser(prog="bin/bench ingest", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--engines", type=names, default=list(ENGINES))
    parser.add_argument(
        "--variant", dest="variants", type=names, default=["ordered"], help=f"one or more of {', '.join(VARIANTS)}")
    parser.add_argument("--linear", action="store_true", help="Dipper alone, on files of the rows in --sizes")
    parser.add_argument(
        "--sizes", type=lambda text: [int(size) for size in names(text)], default=[2_000_000, 20_000_000, 200_000_000])
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    options = parser.parse_args()
    for what, given, known in (("engines", options.engines, ENGINES), ("variants", options.variants, VARIANTS)):
        unknown = set(given) - set(known)
        if unknown:
            parser.error(f"unknown {what}: {', '.join(sorted(unknown))}")
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.linear:
        run_linear(options)
    else:
        run_variants(options, options.engines)


if __name__ == "__main__":
    main()
