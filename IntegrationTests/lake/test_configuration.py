"""Limits from a configuration file, as `docs/operations.md` tells."""

import pathlib
import re
import subprocess

from lake.server import binary

OPERATIONS = pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "operations.md"


def test_a_limit_from_the_file_holds(new_server, tmp_path):
    configuration = tmp_path / "dipper.yaml"
    configuration.write_text("limits:\n  batchRowsMax: 2\n")
    server = new_server(options=["--config", str(configuration)])
    rows = [{"id": number, "department": f"D{number}"} for number in (1, 2, 3)]
    assert server.api.batch("departments", rows[:2]).status_code == 200
    refused = server.api.batch("departments", rows)
    assert refused.status_code == 413 and "2 are allowed" in refused.text, refused.text


def test_a_name_that_means_nothing_stops_the_start_and_names_the_others(tmp_path):
    configuration = tmp_path / "dipper.yaml"
    configuration.write_text("limits:\n  batchRows: 2\n")
    command = [binary(), "serve", "--data-dir", tmp_path / "data", "--listen", "127.0.0.1:0", "--config", configuration]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert answer.returncode != 0
    assert "batchRows" in answer.stderr and "dipper.yaml" in answer.stderr and "batchRowsMax" in answer.stderr
    # The message names every limit there is, and the documentation has a row for each.
    known = set(re.findall(r"\w+", answer.stderr.split("use one of:")[1].splitlines()[0]))
    documented = set(re.findall(r"^\| `(\w+)` \|", OPERATIONS.read_text(), re.MULTILINE))
    assert documented >= known, known - documented
