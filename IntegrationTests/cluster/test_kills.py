"""Any one process of a cluster is killed while files and batches come; nothing is lost, nothing doubled, the load goes on.

DIPPER_CLUSTER_ROWS rows of hired employees come as files, DIPPER_CLUSTER_SEED repeats the moments of the kills.
"""

import json
import os
import random
import time

import pytest

from cluster.load import (
    COMMIT_SECONDS, TABLE, Batches, Client, Files, Readers, assert_receipts, assert_tables, ended, expected, goes_on, sample)
from cluster.parts import Cluster, wait_until

ROWS = int(os.environ.get("DIPPER_CLUSTER_ROWS") or 300_000)
SEED = int(os.environ.get("DIPPER_CLUSTER_SEED") or time.time_ns() % 1_000_000)
FILES_A_KILL = 2
# Of Tansu over SeaweedFS, which takes 6,000 rows a second and more.
PUBLISH_SECONDS = 120 + ROWS // 4_000


@pytest.fixture
def cluster(tmp_path):
    made = Cluster(tmp_path, "kills")
    try:
        yield made.start()
    finally:
        made.stop()


class Round:
    """What the kill of one process is, and what has to go on while that is away."""

    def __init__(self, part, takes=True, commits=True):
        self.part, self.takes, self.commits = part, takes, commits


def run_round(turn, cluster, client, uploads, batches, files, chance):
    """Kills a process while files are on their way or at work; how many of them were."""
    before = [len(upload.receipts) for upload in uploads]
    for upload, path in zip(uploads, files):
        upload.waiting.put(path)
    # From the middle of the first upload to the middle of the work.
    time.sleep(chance.uniform(0, 0.2) + chance.choice([0, 0.2, 0.6]))
    receipts = [receipt for upload, count in zip(uploads, before) for receipt in upload.receipts[count:]]
    open_files = len(files) - sum(client.is_committed(receipt) for receipt in receipts)
    turn.part.kill()
    if turn.takes:
        goes_on(client, batches, turn.commits)
    else:
        time.sleep(chance.uniform(0.5, 2))
    turn.part.start()
    goes_on(client, batches)
    return open_files


def turns(cluster):
    busy = cluster.holder(f"lake/{TABLE}")
    idle = next(worker for worker in cluster.workers if worker is not busy)
    return [Round(part) for part in [*cluster.gateways, busy, idle]] + [
        Round(cluster.broker, takes=False), Round(cluster.store, takes=False),
        Round(cluster.postgresql, takes=True, commits=False), Round(cluster.redis)]


def test_any_one_process_is_killed_and_the_load_goes_on(cluster, tmp_path):
    print(f"{ROWS} rows, DIPPER_CLUSTER_SEED={SEED}")
    chance = random.Random(SEED)
    rounds = turns(cluster)
    files = sample(tmp_path / "sample", ROWS, FILES_A_KILL * len(rounds))
    client = Client(cluster.gateways)
    uploads = [Files(client, number) for number in range(FILES_A_KILL)]
    batches, readers = Batches(client, base=1_000_000_000), Readers(client)
    begin = time.monotonic()
    for thread in [*uploads, batches, readers]:
        thread.start()
    hit = {}
    for number, turn in enumerate(rounds):
        own = files[number * FILES_A_KILL:(number + 1) * FILES_A_KILL]
        hit[turn.part.name] = run_round(turn, cluster, client, uploads, batches, own, chance)
        for thread in [*uploads, readers]:
            thread.check()
    for upload in uploads:
        upload.close()
    for thread in [*uploads, batches, readers]:
        thread.ended(COMMIT_SECONDS)
    receipts = [ended(client, receipt) for source in [*uploads, batches] for receipt in source.receipts]
    seconds = time.monotonic() - begin
    check_rows(cluster, files, batches, receipts)
    check_accepted(cluster, receipts)
    assert readers.answers > 0
    print(json.dumps({
        "rows": ROWS, "kills": len(rounds), "files at work when it was killed": hit, "seconds": round(seconds, 1),
        "acknowledged": len(receipts), "batches": len(batches.receipts), "503": client.refused,
        "connections lost": client.lost, "slowest answer": round(client.slowest, 1), "answers": readers.answers}))


def check_rows(cluster, files, batches, receipts):
    wanted = [expected(path) for path in files]
    totals = [sum(values) for values in zip(*(want[1:] for want in wanted), batches.totals())]
    rejected = sum(want[0] - want[1] for want in wanted) + batches.rejected
    # All keys are different but those of batches that change others: each was inserted once.
    assert_receipts(receipts, sum(want[0] for want in wanted) + batches.sent, rejected, totals[0])
    assert_tables(cluster, totals, rejected)


def check_accepted(cluster, receipts):
    """Each accepted row is published under an id of its own; a row comes twice at most after an answer that was lost."""
    accepted = sum(receipt["rows"]["accepted"] for receipt in receipts)
    assert len(cluster.broker.ids(f"{TABLE}.accepted", accepted, PUBLISH_SECONDS)) == accepted
