"""Trino's own command line."""

import importlib.util
import pathlib
import subprocess

from lake.hiring import GOLDEN

# The package's own module wants a `java` to start; its jar is all that is needed.
JAR = pathlib.Path(importlib.util.find_spec("trinocli").submodule_search_locations[0]) / "bin" / "trino-cli.jar"


def test_the_command_line_asks(server):
    server.api.load("jobs", GOLDEN["jobs"].encode())
    statements = "SHOW TABLES LIKE 'j%'; DESCRIBE jobs_cleaned; SELECT * FROM jobs_cleaned ORDER BY id DESC LIMIT 2; " \
        "USE lake.information_schema; SELECT count(*) FROM schemata WHERE schema_name = 'silver'; SELECT nope"
    done = subprocess.run(
        ["java", "-jar", str(JAR), "--server", server.api.base, "--catalog", "lake", "--schema", "silver",
         "--output-format", "CSV", "--execute", statements], capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines() == [
        '"jobs_cleaned"', '"id","integer","",""', '"job","varchar","",""', '"3","Nurse"', '"2","Counsel, senior"', '"1"',
    ], done.stdout + done.stderr
    assert "failed: line 1:8: Column 'nope' cannot be resolved" in done.stderr and done.returncode == 1
