"""What a worker process may open when everything before the kernel has failed: its SQL is put in where only the server's is."""

import json
import os
import pathlib
import socket
import sqlite3
import struct
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lake.server import binary

REQUEST, SETUP, READY, FAILURE, END = b"Q", b"S", b"R", b"E", b"D"


class Worker:
    """Speaks to `dipper query-worker` as the server does (see QueryEngineDuckDB/Wire)."""

    def __init__(self, folders, temporary, database):
        library = pathlib.Path(os.environ["DIPPER_LIBDUCKDB"])
        python = library.with_name("libpython.path").read_text().splitlines()[0]
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(60)
        self.process = subprocess.Popen([binary(), "query-worker"], stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL)
        theirs.close()
        self.send(SETUP, {
            "libraries": [{"library": str(library), "pythons": [python]}], "threads": 2, "memoryBytesMax": 1 << 28,
            "temporaryFolder": str(temporary), "temporaryBytesMax": 1 << 28, "dataFolders": [f"{folder}/" for folder in folders],
            "attachment": {"kind": "sqlite", "address": str(database),
                           "extensionPath": str(library.parent / "extensions" / "sqlite_scanner.duckdb_extension")}})
        kind, answer = self.receive()
        assert kind == READY, answer
        self.ready = answer

    def send(self, kind, value):
        payload = json.dumps(value).encode()
        self.socket.sendall(struct.pack("<I", len(payload) + 1) + kind + payload)

    def receive(self):
        def exactly(count):
            data = b""
            while len(data) < count:
                piece = self.socket.recv(count - len(data))
                assert piece, "the worker has gone"
                data += piece
            return data

        length, kind = struct.unpack("<Ic", exactly(5))
        payload = exactly(length - 1)
        return kind, json.loads(payload) if kind != b"B" else payload

    def run(self, expression, files=(), version=[0]):
        """Reads one row of a view whose only column is an expression of our own: nothing of it is admitted before."""
        version[0] += 1
        name = f"t{version[0]}"
        definition = {"fields": [{"id": 1, "name": "x", "type": "VARCHAR", "isNested": False}], "plainFiles": list(files),
                      "deletedFromFiles": [], "deleteFiles": [], "locationScheme": "file://", "locationRoot": "",
                      "equalityGroups": []}
        if expression:
            definition["attached"] = {"name": "operational.main.own", "expressions": [expression]}
        self.send(REQUEST, {"sql": f"SELECT x FROM a.{name}", "rowsMax": 10, "resultBytesMax": 1 << 20, "reportsProgress": False,
                            "tables": [{"namespace": "a", "name": name, "definition": definition}]})
        seen = b""
        while True:
            kind, answer = self.receive()
            if kind == FAILURE:
                return answer
            if kind == END:
                return seen
            if kind == b"B":
                seen += answer

    def close(self):
        self.socket.close()
        self.process.wait(20)


@pytest.fixture
def folder(tmp_path):
    for name, text in (("own", "our own row"), ("other", "another database")):
        database = sqlite3.connect(tmp_path / f"{name}.db")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(f"CREATE TABLE {name}(x TEXT)")
        database.execute(f"INSERT INTO {name} VALUES ('{text}')")
        database.commit()
        database.close()
    for name in ("data", "hidden", "spill"):
        (tmp_path / name).mkdir()
    field = pa.field("x", pa.string(), metadata={"PARQUET:field_id": "1"})
    for name in ("data", "hidden"):
        pq.write_table(pa.table({"x": [name]}, schema=pa.schema([field])), tmp_path / name / "a.parquet")
    return tmp_path


def test_a_worker_opens_nothing_but_its_own_files(folder):
    writer = sqlite3.connect(folder / "own.db")
    writer.execute("SELECT count(*) FROM own").fetchall()
    worker = Worker([folder / "data"], folder / "spill", folder / "own.db")
    try:
        assert worker.ready["isConfined"], "this kernel has no Landlock"
        assert b"our own row" in worker.run("x")
        assert b"data" in worker.run(None, [str(folder / "data" / "a.parquet")])
        writer.execute("INSERT INTO own VALUES ('a later row')")
        writer.commit()
        assert b"a later row" in worker.run("x")
        for reach in (f"(SELECT x FROM sqlite_scan('{folder}/other.db', 'other'))",
                      f"(SELECT count(*) FROM sqlite_scan('{folder}/hidden/new.db', 'x'))"):
            answer = worker.run(reach)
            assert isinstance(answer, dict) and "unable to open database file" in answer["message"], answer
        # The engine's own lock is in front of these.
        for reach in ("(SELECT content FROM read_text('/etc/passwd'))",
                      f"(SELECT x FROM read_parquet('{folder}/hidden/a.parquet'))"):
            answer = worker.run(reach)
            assert isinstance(answer, dict), answer
        assert isinstance(worker.run(None, [str(folder / "hidden" / "a.parquet")]), dict)
        assert b"our own row" in worker.run("x")
    finally:
        worker.close()
        writer.close()
    assert sorted(path.name for path in (folder / "hidden").iterdir()) == ["a.parquet"]
