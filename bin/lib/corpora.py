"""Scores Dipper's CSV reader on public collections of difficult files (see docs/testing.md).

Each collection is a folder under --from, or is cloned into --cache. A reader process answers a request a line.
"""
import argparse
import functools
import glob
import json
import os
import subprocess
import sys

SOURCES = {
    "Pollock": "HPI-Information-Systems/Pollock",
    "csv-spectrum": "maxogden/csv-spectrum",
    "csv-test-data": "sineemore/csv-test-data",
    "duckdb": "duckdb/duckdb",
}
MEASURES = ["success"] + [f"{what}_{how}" for what in ("header", "record", "cell") for how in ("p", "r", "f1")]


class Reader:
    """dipper-fuzz records, one request a line."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            [command, "records"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def read(self, path, **options):
        request = {"file": path} | {key: value for key, value in options.items() if value is not None}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"the reader died on {path}")
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def folder(name, arguments):
    """Where a collection lies; cloned when no folder was given."""
    if arguments.source:
        path = os.path.join(arguments.source, name)
        return path if os.path.isdir(path) else None
    path = os.path.join(arguments.cache, name)
    if not os.path.isdir(path):
        subprocess.run(
            ["git", "clone", "--quiet", "--depth", "1", f"https://github.com/{SOURCES[name]}", path], check=True)
    return path


# Pollock: the measures are the collection's own, taken from its checkout.


def pollock_measures(root):
    sys.path.insert(0, root)
    from pollock import metrics

    metrics.normalize_cell = functools.lru_cache(maxsize=None)(metrics.normalize_cell)
    return metrics


def pollock_rows(reader, path, parameters):
    """The file's rows with the declared parameters, or, without them, as the file shows itself."""
    if parameters is None:
        return reader.read(path)["rows"]
    names = [name.strip() for name in parameters["column_names"] or []]
    count = len(names) or int(parameters["n_columns"])
    if count == 0:
        return reader.read(path)["rows"]
    answer = reader.read(
        path, columnCount=count, delimiter=parameters["delimiter"].strip() or parameters["delimiter"] or None,
        quote=parameters["quotechar"] or None,
        skipRows=int(parameters["preamble_lines"]) + int(parameters["header_lines"]))
    return ([names] if names else []) + answer["rows"]


def pollock_score(metrics, clean, rows, scratch):
    import csv

    with open(scratch, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([[cell or "" for cell in row] for row in rows])
    return [1.0, *metrics.header_record_cell_measures_csv(clean, scratch)]


def pollock(reader, root, arguments):
    metrics = pollock_measures(root)
    base = os.path.join(root, "polluted_files")
    with open(os.path.join(root, "pollock_weights.json"), encoding="utf-8") as file:
        weights = json.load(file)
    scratch = os.path.join(arguments.cache, "pollock.csv")
    for mode in ("declared", "sniffed"):
        scores, weighted, total_weight = {}, 0.0, 0.0
        for path in sorted(glob.glob(os.path.join(base, "csv", "*.csv"))):
            name = os.path.basename(path)
            parameters = None
            if mode == "declared":
                with open(os.path.join(base, "parameters", name + "_parameters.json"), encoding="utf-8") as file:
                    parameters = json.load(file)
            rows = pollock_rows(reader, path, parameters)
            scores[name] = pollock_score(metrics, os.path.join(base, "clean", name), rows, scratch)
            weight = weights.get(name, 0)
            weighted += weight * sum(scores[name])
            total_weight += weight
        simple = sum(sum(values) for values in scores.values()) / len(scores)
        means = [sum(values[index] for values in scores.values()) / len(scores) for index in range(len(MEASURES))]
        print(f"Pollock, {mode}: simple {simple:.3f}, weighted {weighted / total_weight:.3f} of 10, {len(scores)} files")
        if arguments.verbose:
            print("  " + ", ".join(f"{measure} {mean:.4f}" for measure, mean in zip(MEASURES, means)))
            worst = sorted(scores, key=lambda name: sum(scores[name]))[:25]
            for name in worst:
                print(f"  {sum(scores[name]):6.3f} weight {weights.get(name, 0):8.2f} {name}")


# Collections with the expected rows as JSON.


def expected_rows(path):
    with open(path, encoding="utf-8") as file:
        rows = json.load(file)
    if rows and isinstance(rows[0], dict):
        return [list(row.values()) for row in rows], list(rows[0])
    return rows, None


def judged(reader, root, name, arguments):
    folder_name = "csvs" if name == "csv-spectrum" else "csv"
    right, wrong, refused = 0, [], []
    for path in sorted(glob.glob(os.path.join(root, folder_name, "*.csv"))):
        answer_path = os.path.join(root, "json", os.path.basename(path)[:-4] + ".json")
        answer = reader.read(path)
        if not os.path.exists(answer_path):
            # A file that is bad on purpose must not be read as if it were good; what is refused is listed.
            refused.append((os.path.basename(path), answer["rejects"], answer.get("error")))
            continue
        rows, names = expected_rows(answer_path)
        if names is not None:
            rows = [names] + rows
        if not rows:
            # No row but the header, which such an answer does not repeat.
            rows = [[cell or "" for cell in row] for row in answer["rows"][:1]]
        found = [[cell or "" for cell in row] for row in answer["rows"]]
        if found == [[str(cell) for cell in row] for row in rows]:
            right += 1
        else:
            wrong.append((os.path.basename(path), found[:4], rows[:4], answer.get("error"), answer["rejects"]))
    print(f"{name}: {right} of {right + len(wrong)} files as expected, {len(refused)} without an answer")
    if arguments.verbose:
        for item in wrong + refused:
            print("  ", *item)


def survives(reader, root, arguments):
    """DuckDB's own test files come without answers: nothing may break, and every row lands or is refused."""
    read, failed, rejects = 0, {}, 0
    for path in sorted(glob.glob(os.path.join(root, "data", "csv", "**", "*.csv"), recursive=True)):
        answer = reader.read(path)
        if answer.get("error"):
            failed.setdefault(answer["error"].split(":")[0], []).append(os.path.relpath(path, root))
        else:
            read += 1
            rejects += 1 if answer["rejects"] else 0
    refused = ", ".join(f"{len(paths)} {code}" for code, paths in sorted(failed.items())) or "none"
    print(f"duckdb: {read} files read, {rejects} of them with refused rows; not read: {refused}")
    if arguments.verbose:
        for code, paths in failed.items():
            print("  ", code, *paths)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="source", help="a folder that holds the collections")
    parser.add_argument("--cache", required=True, help="where collections are cloned to and scratch files go")
    parser.add_argument("--reader", required=True, help="the dipper-fuzz executable")
    parser.add_argument("--only", choices=SOURCES, help="one collection")
    parser.add_argument("--verbose", action="store_true", help="the worst files, too")
    arguments = parser.parse_args()
    os.makedirs(arguments.cache, exist_ok=True)
    reader = Reader(arguments.reader)
    for name in [arguments.only] if arguments.only else SOURCES:
        root = folder(name, arguments)
        if root is None:
            print(f"{name}: not in {arguments.source}")
        elif name == "Pollock":
            pollock(reader, root, arguments)
        elif name == "duckdb":
            survives(reader, root, arguments)
        else:
            judged(reader, root, name, arguments)
    reader.close()


if __name__ == "__main__":
    main()
