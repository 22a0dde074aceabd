"""A broker counts messages at the end of each partition that it never kept, as Tansu does when it is killed between the two.

Whoever begins to read then gets no answer for those offsets, and no word of an end. Gateways and workers start all the same, keys hold,
and each accepted row is in its topic.
"""

import json
from concurrent import futures

import pytest

from cluster.load import COMMIT_SECONDS, TABLE, Batches, Client, assert_receipts, assert_tables, ended, goes_on
from cluster.parts import LOG_BUCKET, Cluster

COUNTED = 3
PUBLISH_SECONDS = 120


@pytest.fixture
def cluster(tmp_path):
    made = Cluster(tmp_path, "hole")
    try:
        yield made.start()
    finally:
        made.stop()


def written(client, base):
    """Batches that were committed, and what they amount to."""
    batches = Batches(client, base)
    batches.start()
    for _ in range(5):
        goes_on(client, batches)
    batches.ended(COMMIT_SECONDS)
    return batches


def count_more(store):
    """Moves the end of every partition that has messages; the topics' names."""
    moved = []
    for entry in store.list_objects_v2(Bucket=LOG_BUCKET)["Contents"]:
        if not entry["Key"].endswith("/watermark.json"):
            continue
        mark = json.loads(store.get_object(Bucket=LOG_BUCKET, Key=entry["Key"])["Body"].read())
        if mark["high"]:
            store.put_object(
                Bucket=LOG_BUCKET, Key=entry["Key"], Body=json.dumps({**mark, "high": mark["high"] + COUNTED}))
            moved.append(entry["Key"].split("/topics/")[1].split("/")[0])
    return moved


def test_who_starts_before_an_end_that_never_comes_goes_on(cluster):
    client = Client(cluster.gateways)
    before = written(client, base=1_000_000_000)
    processes = [*cluster.gateways, *cluster.workers]
    for part in [*processes, cluster.broker]:
        part.kill()
    moved = count_more(cluster.store.server.boto())
    assert {TABLE, f"{TABLE}.accepted", "_dipper.claims", "_dipper.meta"} <= set(moved)
    cluster.broker.start()
    with futures.ThreadPoolExecutor(len(processes)) as pool:
        list(pool.map(lambda part: part.start(), processes))
    repeat = client.persist(
        1, "POST", f"/api/v2/batch/{TABLE}", json=before.fresh(0), headers={"Idempotency-Key": f"batch-{before.base}-0"})
    assert repeat.json()["id"] == before.receipts[0]["id"]
    after = written(client, base=2_000_000_000)
    receipts = [ended(client, receipt) for batches in (before, after) for receipt in batches.receipts]
    totals = [sum(values) for values in zip(before.totals(), after.totals())]
    rejected = before.rejected + after.rejected
    assert_receipts(receipts, before.sent + after.sent, rejected, totals[0])
    assert_tables(cluster, totals, rejected)
    accepted = sum(receipt["rows"]["accepted"] for receipt in receipts)
    assert len(cluster.broker.ids(f"{TABLE}.accepted", accepted, PUBLISH_SECONDS)) == accepted
