"""A job as curl follows it: server-sent events while the file loads, the receipt at their end."""

import json
import subprocess

ROWS = 5_000_000


def follow(url):
    """What `curl -N` writes: the data of each event `receipt` and its id, until the server ends the stream."""
    command = ["curl", "-sSN", "--fail", "--max-time", "120", "-H", "Accept: text/event-stream", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as curl:
        events, fields = [], {}
        for line in curl.stdout:
            name, _, value = line.rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif fields.get("event") == "receipt":
                events.append((int(fields["id"]), json.loads(fields["data"])))
                fields = {}
        error = curl.stderr.read()
        assert curl.wait() == 0, error
    return events


def test_the_events_of_a_load_tell_how_far_it_is_and_end_with_the_receipt(server, sample_of):
    path = sample_of(ROWS, seed=3) / "hired_employees.csv"
    with open(path, "rb") as stream:
        answer = server.api.post_csv("hired_employees", stream)
    assert answer.status_code == 202, answer.text
    events = follow(server.api.base + answer.headers["Location"])
    assert [number for number, _ in events] == list(range(len(events)))
    receipts = [receipt for _, receipt in events]
    assert all(receipt["state"] in ("accepted", "running") for receipt in receipts[:-1])
    # How far the operational store is changes behind the commit.
    last, job = ({**receipt, "operational": None} for receipt in (receipts[-1], server.api.job(receipts[-1]["id"])))
    assert last == job
    assert receipts[-1]["state"] == "committed" and receipts[-1]["rows"]["read"] == ROWS

    steps = [receipt["progress"] for receipt in receipts if "progress" in receipt]
    assert len(steps) > 1, "no progress was told"
    for name, most in (("bytesDone", path.stat().st_size), ("rowsDone", ROWS)):
        counts = [step[name] for step in steps]
        assert counts == sorted(counts) and 0 < counts[-1] <= most, counts
    assert all(step["rowsPerSecond"] > 0 for step in steps if step["rowsDone"])
    assert any(step.get("secondsLeft", 0) > 0 for step in steps)
    assert "progress" not in receipts[-1], "what has ended makes no progress"


def test_the_events_of_a_job_that_has_ended_are_its_receipt(server):
    receipt = server.api.load("departments", b"1,Sales\n")
    events = follow(f"{server.api.base}/api/v2/jobs/{receipt['id']}")
    assert [(number, event["state"]) for number, event in events] == [(0, "committed")]
