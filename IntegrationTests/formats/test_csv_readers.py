"""Reads random CSV files with Dipper, Python's csv and DuckDB: the same rows, the same refusals."""

import csv
import json
import os
import pathlib
import random
import subprocess

import duckdb
import pytest

FILES = 300
# One more than what an empty line may be taken for: with one column, readers differ about it.
COLUMNS = (2, 7)
ROWS = (1, 40)
TEXTS = [
    "", " ", "  ", "a", "Zoë", "日本", "NULL", "null", "\\N", "NA", "-", "0", "007", "1e5", "1,5", "1.50", "-0", "true", "TRUE",
    "2021-11-07", "2021-11-07T02:48:42Z", "07/11/2021", "12:30", "#x", "=1+1", "a b", " a", "b ", "\\", "a\\", "\t.",
]


def dipper_fuzz():
    root = pathlib.Path(__file__).resolve().parent.parent.parent
    path = pathlib.Path(os.environ.get("DIPPER_FUZZ_BINARY") or root / ".build" / "release" / "dipper-fuzz")
    assert path.is_file(), f"{path} is not built; `bin/test integration` builds it"
    return str(path)


class Dipper:
    """The reader of the records of one file after the other; each request is a line."""

    def __init__(self):
        self.process = subprocess.Popen(
            [dipper_fuzz(), "records"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def read(self, path, case):
        request = {
            "file": str(path), "columnCount": case.columns, "delimiter": case.delimiter, "quote": case.quote, "skipRows": 0}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return [tuple(value or "" for value in row) for row in answer["rows"]], answer["rejects"]

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(60) == 0


class Case:
    """A file with the rows that it was made of."""

    def __init__(self, numbers):
        self.numbers = numbers
        self.delimiter = numbers.choice(",,;|\t")
        self.quote = numbers.choice("\"\"\"'")
        self.line_end = numbers.choice(["\n", "\n", "\r\n"])
        self.columns = numbers.randint(*COLUMNS)
        self.quoting = numbers.choice([0.0, 0.1, 0.5, 1.0])
        # As many fields as there are columns.
        self.whole = []
        # What Dipper takes: the whole ones, and those that end early, filled with nulls.
        self.taken = []
        self.too_long = 0
        self.is_ragged = False
        # Rows of delimiters alone, which are blank rows to Dipper.
        self.bare = 0
        self.blank = 0
        lines = []
        breaks = numbers.choice([[], [], [self.line_end, self.line_end * 2], ["\n", "\r", "\r\n"]])
        ragged = numbers.random() < 0.3
        for _ in range(numbers.randint(*ROWS)):
            count = self.columns
            if ragged and numbers.random() < 0.1:
                count = numbers.choice([n for n in range(2, self.columns + 3) if n != self.columns])
            fields = [self.text(breaks) for _ in range(count)]
            if count > self.columns:
                # Empty surplus is forgiven by Dipper and refused by the others.
                fields[-1] += "x"
            written = [self.written(field) for field in fields]
            lines.append(self.delimiter.join(written))
            if count == self.columns:
                self.whole.append(tuple(fields))
            if count > self.columns:
                self.too_long += 1
            elif not any(written):
                self.bare += 1
            else:
                self.taken.append(tuple(fields + [""] * (self.columns - count)))
            if numbers.random() < 0.03:
                lines.append("")
                self.blank += 1
            self.is_ragged = self.is_ragged or count != self.columns
        self.content = self.line_end.join(lines)
        if numbers.random() < 0.8:
            self.content += self.line_end
        # DuckDB 1.5.5 refuses some files with line ends of two kinds, those in quotes counted.
        rest = self.content.replace(self.line_end, "")
        self.is_for_duckdb = "\r" not in rest and "\n" not in rest

    def text(self, breaks):
        text = self.numbers.choice(TEXTS)
        special = [self.delimiter, self.quote, self.quote * 2, "'", '"', ",", ";", *breaks]
        while self.numbers.random() < 0.2:
            at = self.numbers.randint(0, len(text))
            text = text[:at] + self.numbers.choice(special) + text[at:]
        return text

    def written(self, text):
        needed = any(character in text for character in (self.delimiter, self.quote, "\n", "\r"))
        if not needed and self.numbers.random() >= self.quoting:
            return text
        return self.quote + text.replace(self.quote, self.quote * 2) + self.quote


def python_rows(path, case):
    with open(path, newline="", encoding="utf-8") as file:
        read = csv.reader(file, delimiter=case.delimiter, quotechar=case.quote, doublequote=True, strict=True)
        return [tuple(row) for row in read if row]


def duckdb_rows(path, case):
    connection = duckdb.connect()
    names = {f"column {index}": "VARCHAR" for index in range(case.columns)}
    read = connection.execute(
        "SELECT * FROM read_csv(?, delim = ?, quote = ?, escape = ?, columns = ?, header = false, "
        "auto_detect = false, strict_mode = true, all_varchar = true, null_padding = false, ignore_errors = ?)",
        [str(path), case.delimiter, case.quote, case.quote, names, case.is_ragged])
    return [tuple(value or "" for value in row) for row in read.fetchall()]


@pytest.fixture(scope="module")
def dipper():
    reader = Dipper()
    yield reader
    reader.close()


def test_dipper_reads_what_python_and_duckdb_read(dipper, tmp_path):
    seed = int(os.environ.get("DIPPER_CSV_SEED") or random.randrange(1 << 32))
    print(f"DIPPER_CSV_SEED={seed}")
    read = refused = blank = 0
    for number in range(FILES):
        case = Case(random.Random(f"{seed} {number}"))
        path = tmp_path / f"{number}.csv"
        path.write_bytes(case.content.encode())
        where = f"DIPPER_CSV_SEED={seed}, file {number}: {case.content!r}, delimiter {case.delimiter!r}, quote {case.quote}"
        rows, rejects = dipper.read(path, case)
        assert rows == case.taken, f"Dipper: {where}"
        assert len(rejects) == case.too_long, f"Dipper refuses {rejects}: {where}"
        python = python_rows(path, case)
        assert [row for row in python if len(row) == case.columns] == case.whole, f"Python: {where}"
        assert len(python) == len(rows) + len(rejects) + case.bare, f"Python: {where}"
        if case.is_for_duckdb:
            try:
                assert duckdb_rows(path, case) == case.whole, f"DuckDB: {where}"
            except duckdb.Error as error:
                raise AssertionError(f"DuckDB: {where}") from error
        path.unlink()
        read, refused, blank = read + len(rows), refused + len(rejects), blank + case.blank + case.bare
    assert read and refused and blank
    print(f"{read} rows read, {refused} refused, {blank} blank")
