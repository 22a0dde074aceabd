"""What clients know of their writes, and what the lake must therefore hold."""

import collections
import dataclasses
import json
import threading
import uuid

import requests

TABLES = ("items", "events")
# Answers after which nothing of the write was done, for certain.
REFUSALS = (400, 404, 409, 413, 415, 422, 429, 503)


@dataclasses.dataclass
class Write:
    client: int
    table: str
    rows: list  # of (id, name, day); a name of None is to be refused
    is_file: bool
    key: str | None
    state: str = "unknown"  # ok, failed, unknown
    receipt: dict | None = None

    def body(self):
        if self.is_file:
            lines = ["id,name,day"] + [f"{i},{n or ''},{d}" for i, n, d in self.rows]
            return ("\n".join(lines) + "\n").encode()
        return json.dumps([{"id": i, "name": n, "day": d} for i, n, d in self.rows]).encode()

    @property
    def accepted(self):
        return [row for row in self.rows if row[1] is not None]

    @property
    def rejected(self):
        return len(self.rows) - len(self.accepted)


class Client:
    """Sends one write after the other. A write without an answer is sent again with the same Idempotency-Key before
    anything else, so that its order is kept; without a key it stays unknown."""

    KEYS = 40  # ids that a client writes again and again
    THINK_SECONDS_MAX = 0.06  # between two writes, so that a round is many moments and not many commits to wait for

    def __init__(self, number, random):
        self.number = number
        self.random = random
        self.pending = None
        self.writes = []
        self.next_id = number * 10**9 + 1000

    def draw(self):
        random = self.random
        table = random.choice(TABLES)
        key = str(uuid.UUID(int=random.getrandbits(128))) if random.random() < 0.75 else None
        rows = []
        for _ in range(random.choice((1, 1, 2, 5, 20))):
            # Only writes whose fate will be known may touch ids again: then the last value is known too.
            if table == "items" and key and random.random() < 0.7:
                row_id = self.number * 10**9 + random.randrange(self.KEYS)
            else:
                row_id, self.next_id = self.next_id, self.next_id + 1
            name = None if random.random() < 0.06 else f"c{self.number}-{len(self.writes)}-{random.randrange(10**6)}"
            rows.append((row_id, name, random.choice(("2021-01-05", "2022-06-30", "2023-12-31"))))
        return Write(self.number, table, rows, random.random() < 0.4, key)

    def work(self, base, stop):
        """Until told to stop, or until the server is gone."""
        session = requests.Session()
        while not stop.is_set():
            write = self.pending or self.draw()
            if self.pending is None:
                self.writes.append(write)
            self.pending = None
            if not self.send(session, base, write):
                if write.key:
                    self.pending = write
                return
            stop.wait(self.random.uniform(0, self.THINK_SECONDS_MAX))

    def send(self, session, base, write):
        """Whether the server answered."""
        path = f"/api/v2/upload/csv/{write.table}" if write.is_file else f"/api/v2/batch/{write.table}"
        headers = {"Content-Type": "text/csv" if write.is_file else "application/json"}
        if write.key:
            headers["Idempotency-Key"] = write.key
        try:
            answer = session.post(base + path, data=write.body(), headers=headers, timeout=30)
        except requests.RequestException:
            return False
        if answer.status_code in (200, 202):
            receipt = answer.json()
            assert write.receipt is None or write.receipt["id"] == receipt["id"], "a replay got another receipt"
            write.receipt, write.state = receipt, "ok"
            return True
        assert answer.status_code in REFUSALS or answer.status_code >= 500, f"{answer.status_code}: {answer.text[:500]}"
        if answer.status_code in REFUSALS and write.receipt is None and write is not self.pending:
            write.state = "failed"
            return True
        return False


class Ledger:
    def __init__(self, clients):
        self.clients = clients

    @property
    def writes(self):
        return [write for client in self.clients for write in client.writes]

    def expected(self):
        """Rows that must stand once, and groups of rows of unknown writes, of which each stands as a whole or not."""
        certain = {"items": {}, "events": {}}
        doubtful = {"items": [], "events": []}
        for client in self.clients:
            for write in client.writes:
                if write.state == "ok":
                    for row in write.accepted:
                        certain[write.table][row[0]] = row
                elif write.state == "unknown" and write.accepted:
                    doubtful[write.table].append(write)
        return certain, doubtful

    def rejected(self):
        """Refused rows of writes that stand, by table, and of unknown ones: body and place in it, since the same bytes
        sent twice are refused once."""
        refused = collections.defaultdict(set)
        for write in self.writes:
            if write.state != "failed":
                rows = enumerate(write.rows)
                refused[write.table, write.state] |= {(write.body(), place) for place, row in rows if row[1] is None}
        return refused


def run_clients(clients, base, stop):
    threads = [threading.Thread(target=client.work, args=(base, stop)) for client in clients]
    for thread in threads:
        thread.start()
    return threads
