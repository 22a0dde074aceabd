"""A server in front of a Trino cluster: a second server plays the cluster, and a small fake one that is busy at first."""

import http.server
import json
import threading

import pytest
import requests
import trino

from lake.hiring import GOLDEN
from trinoclients.connections import connect, rows

COUNT = "SELECT count(*) FROM jobs_cleaned"


def test_statements_go_to_the_cluster_and_come_back(new_server):
    cluster = new_server()
    cluster.api.load("jobs", GOLDEN["jobs"].encode())
    front = new_server(options=["--trino", cluster.api.base])
    front.api.load("jobs", b"1,Only one\n")
    assert rows(front, COUNT) == [(3,)]
    long = "SELECT x, rpad('y', 100, 'y') FROM UNNEST(sequence(1, 30000)) t(x)"
    assert len(rows(front, long)) == 30000
    with connect(front) as connection:
        cursor = connection.cursor()
        cursor.execute("USE lake.information_schema")
        cursor.fetchall()
        cursor.execute("SELECT current_schema")
        assert cursor.fetchall() == [["information_schema"]]
    first = requests.post(
        front.api.base + "/v1/statement", data=b"SELECT 1", headers={"X-Trino-User": "ada"}, timeout=30).json()
    assert first["nextUri"].startswith(front.api.base + "/v1/statement/")
    with pytest.raises(trino.exceptions.TrinoUserError, match="COLUMN_NOT_FOUND"):
        rows(front, "SELECT nope FROM jobs_cleaned")
    cluster.kill()
    assert rows(front, COUNT) == [(1,)], "the embedded engine answers while the cluster is gone"


def test_without_fallback_the_cluster_is_missed(new_server):
    front = new_server(options=["--trino", "http://127.0.0.1:9", "--no-trino-fallback"])
    answer = requests.post(
        front.api.base + "/v1/statement", data=b"SELECT 1", headers={"X-Trino-User": "ada"}, timeout=30)
    assert answer.status_code == 503 and "Retry-After" in answer.headers
    assert answer.json()["code"] == "cluster-unreachable"


class Busy(http.server.BaseHTTPRequestHandler):
    """Answers 503 twice, then as Trino does."""

    requests = []

    def answer(self):
        Busy.requests.append((self.command, self.path, dict(self.headers)))
        busy = len(Busy.requests) <= 2
        body = {"id": "20260101_000000_00001_aaaaa", "stats": {"state": "RUNNING"}}
        address = f"http://127.0.0.1:{self.server.server_port}"
        if self.command == "POST":
            body["nextUri"] = f"{address}/v1/statement/queued/{body['id']}/slug/1"
        else:
            body["columns"] = [{"name": "nextUri", "type": "map(varchar, varchar)"}]
            body["data"] = [[{"nextUri": f"{address}/v1/statement/x"}]]
        text = b"" if busy else json.dumps(body).encode()
        self.send_response(503 if busy else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET = answer

    def log_message(self, *_):
        pass


def test_a_busy_cluster_is_asked_again(new_server):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Busy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        front = new_server(options=["--trino", address])
        headers = {"X-Trino-User": "ada", "X-Trino-Catalog": "hive", "Cookie": "secret=1", "X-Other": "kept here"}
        first = requests.post(front.api.base + "/v1/statement", data=b"SELECT 1", headers=headers, timeout=30).json()
        assert first["nextUri"] == f"{front.api.base}/v1/statement/queued/{first['id']}/slug/1"
        second = requests.get(first["nextUri"], timeout=30).json()
        # What the rows hold is not changed.
        assert second["data"] == [[{"nextUri": f"{address}/v1/statement/x"}]]
        assert [command for command, _, _ in Busy.requests] == ["POST", "POST", "POST", "GET"]
        sent = {name.lower(): value for name, value in Busy.requests[0][2].items()}
        assert sent["x-trino-user"] == "ada" and sent["x-trino-catalog"] == "hive"
        assert "cookie" not in sent and "x-other" not in sent and "authorization" not in sent
    finally:
        server.shutdown()
        server.server_close()
