"""Broker, store, PostgreSQL and Redis are away for a while under load: what clients, `/readyz` and `/metrics` tell then.

DIPPER_OUTAGE_SECONDS is how long; when it is given each is killed for as long, too, which test_kills.py does for a moment.
"""

import json
import os
import re
import time

import pytest
import requests

from cluster.load import (
    Batches, Client, Readers, SmallFiles, assert_receipts, assert_tables, ended, goes_on)
from cluster.parts import Cluster, readiness, wait_until

SECONDS = float(os.environ.get("DIPPER_OUTAGE_SECONDS") or 8)
WAYS = ["stopped", "killed"] if os.environ.get("DIPPER_OUTAGE_SECONDS") else ["stopped"]
# What `/readyz` and `dipper_dependency_up` call each; a broker whose records lie in the store is away with it.
CHECKS = {"broker": "log", "store": "objects", "postgresql": "catalog", "redis": "cache"}
READY_ANSWER_SECONDS = 15
# docs/operations.md says how long a request waits for a system that says nothing, at most.
ANSWER_SECONDS = 60
RECOVERY_SECONDS = 90


class Expected:
    """What all tests of this file have written together."""

    def __init__(self):
        self.totals, self.rejected, self.rounds = [0, 0, 0, 0], 0, 0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    made = Cluster(tmp_path_factory.mktemp("cluster"), "outages")
    made.expected = Expected()
    try:
        yield made.start()
    finally:
        made.stop()


def metrics(base):
    answer = requests.get(base + "/metrics", timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.text


def is_up(base, name):
    found = re.search(rf'^dipper_dependency_up{{dependency="{name}"}} (\d)$', metrics(base), re.MULTILINE)
    return found and found[1] == "1"


def failures(base, name):
    found = re.findall(
        rf'^dipper_dependency_failures_total{{code="[a-z-]+",dependency="{name}"}} (\d+)$', metrics(base), re.MULTILINE)
    return sum(map(int, found))


def bases(cluster):
    """Where the metrics of each process are."""
    return [gateway.base for gateway in cluster.gateways] + [
        f"http://127.0.0.1:{worker.metrics}" for worker in cluster.workers]


def watch(cluster, part, before):
    """While the part is away: each process says so by itself, and is alive."""
    name = CHECKS[part.name]
    for gateway in cluster.gateways:
        begin = time.monotonic()
        status, checks = readiness(gateway)
        assert time.monotonic() - begin < READY_ANSWER_SECONDS
        assert checks[name] != "ok", checks
        assert status == (200 if name == "cache" else 503), checks
    for base in bases(cluster)[:2 if name == "cache" else 4]:
        wait_until(lambda: not is_up(base, name), READY_ANSWER_SECONDS, f"{base} tells that {name} is away")
        assert failures(base, name) > before[base]
        assert requests.get(base + "/healthz", timeout=5).status_code == 200


def is_well(cluster):
    return all(
        status == 200 and set(checks.values()) == {"ok"} for status, checks in map(readiness, cluster.gateways))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", list(CHECKS))
def test_what_is_away_is_told_and_costs_nothing_that_was_acknowledged(cluster, name, way):
    part = getattr(cluster, name)
    known = cluster.expected
    wait_until(lambda: is_well(cluster), RECOVERY_SECONDS, "all is well at the begin")
    lives = [process.pids() for process in [*cluster.gateways, *cluster.workers]]
    before = {base: failures(base, CHECKS[name]) for base in bases(cluster)}
    client = Client(cluster.gateways)
    base = 1_000_000_000 * (1 + known.rounds)
    batches, files, readers = Batches(client, base), SmallFiles(client, base + 500_000_000), Readers(client)
    sources = [batches, files, readers]
    for thread in sources:
        thread.start()
    goes_on(client, batches)

    begin = time.monotonic()
    part.pause() if way == "stopped" else part.kill()
    try:
        watch(cluster, part, before)
        time.sleep(max(0, begin + SECONDS - time.monotonic()))
    finally:
        part.resume() if way == "stopped" else part.start()
    away = time.monotonic() - begin
    goes_on(client, batches)
    wait_until(lambda: is_well(cluster), RECOVERY_SECONDS, "all is well again")
    back = time.monotonic() - begin - away
    for thread in sources:
        thread.ended()
    receipts = [ended(client, receipt) for source in (batches, files) for receipt in source.receipts]

    assert [process.pids() for process in [*cluster.gateways, *cluster.workers]] == lives, "nothing was started again"
    assert client.lost == 0 and client.slowest < ANSWER_SECONDS
    for place in bases(cluster)[:2 if name == "redis" else 4]:
        wait_until(lambda: is_up(place, CHECKS[name]), READY_ANSWER_SECONDS, "the metrics tell that it is back")
    new = [sum(pair) for pair in zip(batches.totals(), files.totals())]
    assert_receipts(receipts, batches.sent + files.sent, batches.rejected, new[0])
    known.totals = [sum(pair) for pair in zip(known.totals, new)]
    known.rejected += batches.rejected
    known.rounds += 1
    assert_tables(cluster, known.totals, known.rejected)
    print(json.dumps({
        "part": name, "way": way, "away": round(away, 1), "back after": round(back, 1), "acknowledged": len(receipts),
        "503": client.refused, "slowest answer": round(client.slowest, 1), "answers": readers.answers}))
