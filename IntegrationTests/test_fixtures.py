"""Files that the unit tests write into DIPPER_FIXTURE_DIR, judged by the scripts `*/check_*.py` beside this one.

A script gets the folder as its argument and ends with an error when a reader sees something else than was written.
"""

import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
CHECKS = sorted(HERE.glob("*/check_*.py"))
FOLDER = os.environ.get("DIPPER_FIXTURE_DIR")


@pytest.mark.skipif(not FOLDER, reason="DIPPER_FIXTURE_DIR names no folder; `bin/test` runs the unit tests that fill it")
@pytest.mark.parametrize("script", CHECKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_other_readers_see_what_was_written(script):
    assert any(pathlib.Path(FOLDER).iterdir()), f"{FOLDER} is empty"
    done = subprocess.run([sys.executable, str(script), FOLDER], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
