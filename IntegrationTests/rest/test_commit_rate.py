"""Many writers of one table lose no commit. The figures are printed, not judged: the machine may be busy."""

import pathlib
import subprocess
import sys

import pytest

from rest.catalogs import address

SCRIPT = pathlib.Path(__file__).with_name("commit_rate.py")


@pytest.mark.parametrize("kind", ["snapshots", "properties"])
def test_sixteen_writers_lose_no_commit(server, kind):
    done = subprocess.run(
        [sys.executable, str(SCRIPT), address(server), "--seconds", "3", "--kind", kind],
        capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-4000:]
    print(done.stdout)
