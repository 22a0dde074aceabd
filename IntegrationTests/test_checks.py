"""Runs the scripts `*/check_*.py` beside this file, each of which ends with an error when something is wrong.

Those of `gateway` get the address of a running server. The others get the folder DIPPER_FIXTURE_DIR, into which the unit
tests wrote files for other people's readers.
"""

import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
SERVER_CHECKS = sorted(HERE.glob("gateway/check_*.py"))
FILE_CHECKS = sorted(set(HERE.glob("*/check_*.py")) - set(SERVER_CHECKS))
FOLDER = os.environ.get("DIPPER_FIXTURE_DIR")
CHECK_SECONDS = 600


def name_of(script):
    return f"{script.parent.name}/{script.stem}"


def run(script, *arguments):
    command = [sys.executable, str(script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=CHECK_SECONDS)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


@pytest.mark.skipif(not FOLDER, reason="DIPPER_FIXTURE_DIR names no folder; `bin/test` runs the unit tests that fill it")
@pytest.mark.parametrize("script", FILE_CHECKS, ids=name_of)
def test_other_readers_see_what_the_unit_tests_wrote(script):
    assert any(pathlib.Path(FOLDER).iterdir()), f"{FOLDER} is empty"
    run(script, FOLDER)


@pytest.mark.parametrize("script", SERVER_CHECKS, ids=name_of)
def test_a_running_server_passes(server, script):
    run(script, server.api.base, *(["--pid", str(server.process.pid)] if "--pid" in script.read_text() else []))
    server.assert_alive()
