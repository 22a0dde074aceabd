"""Statements that try to get out: each is refused or stopped, and nobody else notices."""

import glob
import pathlib
import re
import subprocess
import threading
import time

import pytest
import requests

from lake import hiring
from lake.server import binary

FILE = pathlib.Path(__file__).with_name("escapes.txt")
ATTEMPT_SECONDS = 20
LIMITS = """
limits:
  queryMilliseconds: 1500
  queryMemoryBytesMax: 268435456
  queryTemporaryBytesMax: 33554432
  queryResultBytesMax: 8388608
  queryWorkers: 2
  queryThreads: 1
"""


def attempts():
    found = []
    for line in FILE.read_text().splitlines():
        if line and not line.startswith("#"):
            codes, sql = re.match(r"((?:[a-z]+-?[a-z-]* )+) *(.*)", line).groups()
            found.append((codes.split(), sql))
    return found


@pytest.fixture
def guarded(new_server, tmp_path):
    """A server with a reader who may read silver, and rows in quarantine that they may not read."""
    folder = tmp_path / "data"
    folder.mkdir()
    tokens, config = folder / "tokens", tmp_path / "limits.yaml"
    config.write_text(LIMITS)

    def token(name, *rights):
        made = subprocess.run([binary(), "token", "create", name, *rights, "--tokens-file", str(tokens)], check=True,
                              capture_output=True, text=True)
        return re.search(r"\bdpt_\S+|\b[A-Za-z0-9_-]{32,}", made.stdout).group(0)

    everything, reader = token("everything", "--write", "*"), token("reader", "--read", "silver")
    server = new_server(folder=folder, options=["--tokens-file", str(tokens), "--config", str(config)])
    server.api.session.headers["Authorization"] = f"Bearer {everything}"
    server.api.load("jobs", hiring.JOBS.encode() + b"x,not a number\n")
    server.api.load("hired_employees", hiring.HIRES.encode())
    return server, reader


class Neighbour(threading.Thread):
    """Asks plain questions all the while."""

    def __init__(self, base, token):
        super().__init__(daemon=True)
        self.base, self.token, self.ended = base, token, threading.Event()
        self.answered, self.failures = 0, []

    def run(self):
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {self.token}"
        while not self.ended.is_set():
            answer = session.post(self.base + "/api/v2/query", timeout=60, json={
                "sql": "SELECT count(*) FROM silver.jobs_cleaned"})
            if answer.status_code != 200 or answer.json()["rows"] != [[3]]:
                self.failures.append(answer.text)
            self.answered += 1
            time.sleep(0.05)


def test_a_hundred_attempts_are_refused_or_stopped(guarded):
    server, reader = guarded
    all_attempts = attempts()
    assert len(all_attempts) >= 100
    data = glob.glob(str(server.folder / "lake/warehouse/quarantine/jobs/data/**/*.parquet"), recursive=True)[0]
    before = sorted(path for path in server.folder.rglob("*") if "tmp" not in path.parts)
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {reader}"

    def ask(sql):
        return session.post(server.api.base + "/api/v2/query", json={"sql": sql}, timeout=ATTEMPT_SECONDS)

    assert ask("SELECT count(*) FROM ops.jobs, silver.jobs_cleaned").status_code == 200
    neighbour = Neighbour(server.api.base, reader)
    neighbour.start()
    wrong = []
    for codes, text in all_attempts:
        sql = text.replace("{passwd}", "/etc/passwd").replace("{folder}", str(server.folder)).replace("{data}", data)
        answer = ask(sql)
        code = answer.json().get("code")
        if code not in codes or "root:" in answer.text or not answer.headers["Content-Type"].startswith("application/problem"):
            wrong.append((text, answer.status_code, answer.text[:300]))
        if ask("SELECT job FROM silver.jobs_cleaned WHERE id = 1").text.count("Clerk") != 1:
            wrong.append((text, "the next query failed", ""))
        if requests.get(server.api.base + "/healthz", timeout=10).status_code != 200:
            wrong.append((text, "the server is not well", ""))
    neighbour.ended.set()
    neighbour.join(60)
    assert not wrong, "\n".join(map(str, wrong))
    assert neighbour.answered > len(all_attempts) and not neighbour.failures, neighbour.failures[:3]
    server.assert_alive()
    after = sorted(path for path in server.folder.rglob("*") if "tmp" not in path.parts)
    assert [path for path in after if path not in before and path.suffix not in (".db-shm", ".db-wal")] == []
    assert list((server.folder / "tmp").rglob("*.tmp")) == [], "what was spilled is removed with its process"
