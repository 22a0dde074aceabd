"""`dipper load` of files that can't be read to their end, or change while they are read."""

import errno
import os
import subprocess

import pytest

from breaking.machine import build_preload
from lake.server import binary


@pytest.fixture(params=["server", "data-dir"])
def load(request, tmp_path):
    """Runs `dipper load` through a server or into a folder."""
    if request.param == "server":
        server = request.getfixturevalue("server")
        target = ["--server", server.api.base]
    else:
        target = ["--data-dir", str(tmp_path / "data")]

    def run(path, environment=None, **options):
        return subprocess.run(
            [binary(), "load", "hired_employees", str(path), *target], capture_output=True, text=True, timeout=120,
            env={**os.environ, **(environment or {})}, **options)

    return run


@pytest.mark.parametrize(
    "code, number, said", [("file-unreadable", errno.EIO, "Input/output error"), ("file-changed", 0, "has 4194304")])
def test_a_file_that_fails_half_way_is_named_and_nothing_of_it_is_loaded(load, sample_of, tmp_path, code, number, said):
    path = (sample_of(100_000, "--clean", seed=11) / "hired_employees.csv").resolve()
    library = tmp_path / "fail_read.so"
    build_preload(library, "fail_read.c")
    broken = load(path, {
        "LD_PRELOAD": str(library), "DIPPER_BAD_FILE": str(path), "DIPPER_BAD_AFTER": str(4 << 20),
        "DIPPER_BAD_ERRNO": str(number)})
    assert broken.returncode == 1, broken.stdout
    for text in (code, str(path), said, "try: "):
        assert text in broken.stderr, broken.stderr
    mended = load(path)
    assert mended.returncode == 0, mended.stderr
    assert "100000 inserted" in mended.stdout


def test_a_folder_is_no_file(load, tmp_path):
    done = load(tmp_path)
    assert done.returncode == 1
    assert "file-unreadable" in done.stderr and str(tmp_path) in done.stderr


def test_rows_can_come_through_a_pipe(load):
    done = load("/dev/stdin", input="1,Ada Baker,2021-01-01T00:00:00Z,1,1\n")
    assert done.returncode == 0, done.stderr
    assert "1 inserted" in done.stdout
