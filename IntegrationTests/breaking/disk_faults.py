"""ENOSPC and EIO on each N-th disk operation of a load, until a load runs clean.

    python -m breaking.disk_faults --errno ENOSPC --stride 1
"""

import argparse
import contextlib
import errno
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import urllib.parse

from breaking.checks import operational_rows
from breaking.machine import MODEL, build_preload
from lake.readers import as_plain, duckdb_connection
from lake.server import binary

ROWS = [(1, "a"), (3, "c"), (4, "d")]
CSV = "id,name,day\n1,a,2021-01-01\n2,,2021-01-01\n3,c,2022-01-01\n4,d,2022-01-01\n"
MARKER = "id,name,day\n9,marker,2021-01-01\n"


class DiskFaults:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.library = self.folder / "fail_at.so"
        build_preload(self.library, "fail_at.c")
        (self.folder / "rows.csv").write_text(CSV)
        (self.folder / "marker.csv").write_text(MARKER)

    def load(self, data, name, environment=None):
        command = [binary(), "load", "events", str(self.folder / name), "--data-dir", str(data), "--json"]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=120, env={**os.environ, **(environment or {})})

    def fault(self, number, code, lasts=False):
        """Fails operation `number` of a load into a new folder, mends the disk, loads another file and checks.

        Returns whether the fault was met at all.
        """
        data = self.folder / "data"
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir()
        shutil.copy(MODEL, data / "model.yaml")
        count = self.folder / "count"
        count.unlink(missing_ok=True)
        broken = self.load(data, "rows.csv", {
            "LD_PRELOAD": str(self.library), "DIPPER_FAIL_UNDER": str(data), "DIPPER_FAIL_AT": str(number),
            "DIPPER_FAIL_ERRNO": str(code), "DIPPER_FAIL_LASTS": str(int(lasts)), "DIPPER_FAIL_COUNT": str(count)})
        assert broken.returncode >= 0, f"operation {number}: ended by signal {-broken.returncode}: {broken.stderr[-2000:]}"
        if broken.returncode == 0:
            receipt = json.loads(broken.stdout.splitlines()[-1])["receipt"]
            assert receipt["state"] == "committed" and receipt["rows"]["inserted"] == len(ROWS), receipt
        mended = self.load(data, "marker.csv")
        assert mended.returncode == 0, f"operation {number}: the next load fails: {mended.stderr[-2000:]}"
        self.check(data, broken.returncode == 0, number)
        return not count.exists() or int(count.read_text()) >= number

    def check(self, data, was_acknowledged, number):
        with contextlib.closing(sqlite3.connect(data / "catalog.db")) as connection:
            (location,) = connection.execute(
                "SELECT metadata_location FROM tables WHERE namespace = 'silver' AND name = 'events_cleaned'").fetchone()
        with duckdb_connection() as connection:
            metadata = urllib.parse.urlparse(location).path
            found = as_plain(connection.sql(f"SELECT id, name FROM iceberg_scan('{metadata}')").fetchall())
        marker = as_plain([(9, "marker")])
        whole = as_plain(ROWS) + marker
        allowed = [whole] if was_acknowledged else [whole, marker]
        assert found in allowed, f"operation {number}: {found}"
        assert operational_rows(data, "events") == found, f"operation {number}: the operational store differs"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--errno", choices=["ENOSPC", "EIO"], default="ENOSPC")
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--lasts", action="store_true", help="all later operations fail as well")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="dipper-faults-")
    faults = DiskFaults(folder)
    number, tried = options.first, 0
    try:
        while faults.fault(number, getattr(errno, options.errno), options.lasts):
            tried += 1
            number += options.stride
    except BaseException:
        print(f"{folder} keeps the data; again: --errno {options.errno} --first {number}")
        raise
    print(f"{options.errno}: {tried} operations failed one by one, from {options.first} in steps of {options.stride}; "
          f"clean from {number} on")
    shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
