"""Checks what a running server does on the wire, below what HTTP clients show.

    python check_wire.py http://127.0.0.1:8080 [--table departments] [--pid PID --megabytes 1024]

Requests that break off must leave no job behind; `Expect: 100-continue` must be answered only when the body is wanted;
with --pid, the server's resident set must not grow with the size of an upload. It writes small files into the table, so
point it at a server for tests.
"""

import argparse
import json
import os
import socket
import threading
import time
import urllib.parse

CSV = b"id,department\r\n1,Sales\r\n"


class Wire:
    def __init__(self, base):
        url = urllib.parse.urlsplit(base)
        self.address = (url.hostname, url.port)

    def open(self):
        connection = socket.create_connection(self.address, timeout=20)
        return connection

    def head(self, method, path, **headers):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.address[0]}:{self.address[1]}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def exchange(self, data, half_close=False):
        with self.open() as connection:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            return answer(connection)


def answer(connection, has_body=True):
    """The next answer: status, headers, body."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None, {}, data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {n.lower(): v for n, _, v in (line.partition(": ") for line in lines[1:])}
    while has_body and len(body) < int(headers.get("content-length", 0)):
        more = connection.recv(65536)
        if not more:
            break
        body += more
    return int(lines[0].split()[1]), headers, body


failures = 0


def check(condition, what):
    global failures
    print("ok    " if condition else "FAILED", what)
    failures += not condition


def job_count(wire):
    status, headers, _ = wire.exchange(wire.head("GET", "/api/v2/jobs?size=1", Connection="close"))
    assert status == 200, status
    return int(headers["x-total-count"])


def continuing(wire, upload):
    with wire.open() as c:
        c.sendall(wire.head("POST", upload, Content_Type="text/csv", Content_Length=len(CSV), Expect="100-continue"))
        status, _, _ = answer(c)
        check(status == 100, f"a wanted body is asked for: {status}")
        c.sendall(CSV)
        status, _, body = answer(c)
        check(status == 202, f"... and taken: {status} {body[:200]!r}")
        c.sendall(wire.head("GET", "/healthz"))
        check(answer(c)[0] == 200, "... and the connection goes on")
    for path, code in [("/api/v2/upload/csv/no-such-table", 404), (upload + "?wait=x", 400)]:
        with wire.open() as c:
            c.sendall(wire.head("POST", path, Content_Type="text/csv", Content_Length=10**9, Expect="100-continue"))
            status, headers, _ = answer(c)
            check(status == code and headers.get("connection") == "close", f"an unwanted body is never asked for: {status}")
    with wire.open() as c:
        too_large = 1 << 50
        c.sendall(wire.head("POST", upload, Content_Type="text/csv", Content_Length=too_large, Expect="100-continue"))
        check(answer(c)[0] == 413, "a body announced as too large is refused before it is sent")


def broken(wire, upload):
    before = job_count(wire)
    part = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n" + CSV
    form = "multipart/form-data; boundary=b"
    status, _, body = wire.exchange(
        wire.head("POST", upload, Content_Type="text/csv", Content_Length=10_000) + CSV, half_close=True)
    check(status in (400, None), f"a body that ends before its Content-Length: {status} {body[:120]!r}")
    status, _, body = wire.exchange(
        wire.head("POST", upload, Content_Type="text/csv", Transfer_Encoding="chunked") + b"18\r\n" + CSV + b"\r\n",
        half_close=True)
    check(status in (400, None), f"chunks without the last one: {status} {body[:120]!r}")
    status, _, body = wire.exchange(wire.head("POST", upload, Content_Type=form, Content_Length=len(part)) + part)
    check(status == 400 and json.loads(body)["code"] == "multipart-truncated", f"a form without its last boundary: {status}")
    check(json.loads(body)["place"]["byteOffset"] == len(part), "... with the place")
    for reset in (False, True):
        with wire.open() as c:
            c.sendall(wire.head("POST", upload, Content_Type="text/csv", Content_Length=10_000) + CSV)
            time.sleep(0.2)
            if reset:
                c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    time.sleep(0.5)
    check(job_count(wire) == before, "none of them left a job")


def refused(wire, upload):
    with wire.open() as c:
        c.sendall(wire.head("POST", "/api/v2/upload/csv/no-such-table", Content_Type="text/csv", Content_Length=1_000_000))
        c.sendall(b"x" * 1_000_000)
        check(answer(c)[0] == 404, "a refused request is answered though its body was sent")
        c.sendall(wire.head("GET", "/healthz"))
        check(answer(c)[0] == 200, "... and the connection goes on")
    with wire.open() as c:
        c.sendall(wire.head("POST", "/api/v2/upload/csv/no-such-table", Content_Type="text/csv", Content_Length=1 << 40))
        status = answer(c)[0]
        sent, block = 0, b"x" * (1 << 20)
        try:
            while sent < 1 << 30:
                c.sendall(block)
                sent += len(block)
        except OSError:
            pass
        check(status == 404 and sent < 1 << 30, f"a client that sends on is cut off: after {sent >> 20} MB")
    status, _, _ = wire.exchange(wire.head("GET", "/healthz", X_Long="x" * 100_000))
    check(status in (400, 431), f"long headers: {status}")
    many = {f"X_{number}": "1" for number in range(500)}
    check(wire.exchange(wire.head("GET", "/healthz", **many))[0] in (400, 431), "many headers")
    status, _, body = wire.exchange(wire.head("GET", "/healthz?" + "x" * 10_000))
    check(status in (400, 414), f"a long path: {status}")
    check(wire.exchange(wire.head("GET", "/%00"))[0] == 404, "a NUL in the path")
    check(wire.exchange(wire.head("GET", "/api/v2/jobs/%FF"))[0] == 400, "a path that is not UTF-8")
    check(wire.exchange(b"nonsense\r\n\r\n")[0] in (400, None), "no HTTP")
    with wire.open() as c:
        c.sendall(wire.head("HEAD", "/healthz"))
        status, headers, body = answer(c, has_body=False)
        check(status == 200 and body == b"" and headers["content-length"] == "15", "HEAD has the length and no body")
        c.sendall(wire.head("GET", "/healthz"))
        check(answer(c)[0] == 200, "... and the connection goes on")


def crowded(wire, upload):
    """More uploads at once than are taken: the surplus gets 503 with Retry-After, and places come back."""
    head = wire.head("POST", upload, Content_Type="text/csv", Content_Length=10_000)
    connections = [wire.open() for _ in range(40)]
    for c in connections:
        c.sendall(head + CSV)
    time.sleep(1)
    statuses = []
    for c in connections:
        c.settimeout(0.2)
        try:
            status, headers, _ = answer(c)
            statuses.append((status, headers.get("retry-after")))
        except TimeoutError:
            pass
    for c in connections:
        c.close()
    check(statuses and all(s == (503, "2") for s in statuses), f"{len(statuses)} of 40 uploads got {set(statuses)}")
    time.sleep(0.5)
    status, _, _ = wire.exchange(
        wire.head("POST", upload, Content_Type="text/csv", Content_Length=len(CSV), Connection="close") + CSV)
    check(status == 202, f"afterwards there is a place again: {status}")


# Memory that loading may take beside taking in, in MB; less than one of the bodies sent.
LOAD_MEGABYTES_MAX = 400


def resident(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) >> 10


def large(wire, upload, pid, megabytes):
    before = resident(pid)
    peak = [before]
    stop = threading.Event()

    def watch():
        while not stop.is_set():
            peak[0] = max(peak[0], resident(pid))
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    block = (b"12345,Research and Development\n" * 40_000)[: 1 << 20]
    start = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"big.csv\"\r\n\r\n"
    end = b"\r\n--b--\r\n"
    for form, prefix, suffix in [("text/csv", b"", b""), ("multipart/form-data; boundary=b", start, end)]:
        began = time.monotonic()
        with wire.open() as c:
            c.settimeout(600)
            length = megabytes * len(block) + len(prefix) + len(suffix)
            c.sendall(wire.head("POST", upload, Content_Type=form, Content_Length=length) + prefix)
            for _ in range(megabytes):
                c.sendall(block)
            c.sendall(suffix)
            status, _, body = answer(c)
        seconds = time.monotonic() - began
        check(status == 202, f"{form}: {megabytes} MB, {status}, {megabytes / seconds:.0f} MB/s")
    stop.set()
    watcher.join()
    # The server also loads what has come meanwhile, in buffers of a fixed size; a body that was held would show on top.
    check(peak[0] - before < LOAD_MEGABYTES_MAX, f"resident set {before} MB before, {peak[0]} MB at most")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("base")
    parser.add_argument("--table", default="departments")
    parser.add_argument("--pid", type=int)
    parser.add_argument("--megabytes", type=int, default=768)
    options = parser.parse_args()
    wire, upload = Wire(options.base), f"/api/v2/upload/csv/{options.table}"
    continuing(wire, upload)
    broken(wire, upload)
    refused(wire, upload)
    crowded(wire, upload)
    if options.pid:
        large(wire, upload, options.pid, options.megabytes)
    print("failed:", failures)
    os._exit(1 if failures else 0)


main()
