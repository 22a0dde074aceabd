"""The breaking machine: a server that is killed again and again, clients that note what they were told, and checks.

    python -m breaking.machine --rounds 250 --seed 1
"""

import argparse
import collections
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import requests

from breaking import checks
from breaking.ledger import Client, Ledger, run_clients
from lake.api import API
from lake.server import Server, binary, free_port

MODEL = pathlib.Path(__file__).parent / "model.yaml"
CLIENTS = 3
TRAFFIC_SECONDS_MAX = 0.5
ROUNDS_PER_FOLDER = 50  # without expiry a table's metadata grows with every commit
ROUNDS_PER_FULL_CHECK = 10
CLOCK_JUMP_HOURS = 10  # two jumps stay below the day that idempotency keys are remembered


def build_preload(library, source):
    """Compiles a library that changes what a server sees of its machine."""
    path = pathlib.Path(__file__).parent / source
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", str(library), str(path), "-ldl"], check=True)


class Machine:
    def __init__(self, seed, folder, clock_jumps=False, torn_tails=False):
        self.random = random.Random(seed)
        self.seed = seed
        self.root = pathlib.Path(folder)
        self.clock_jumps = clock_jumps
        self.torn_tails = torn_tails
        self.counts = collections.Counter()
        self.start_seconds = []
        self.folder_number = 0
        self.server = None
        self.new_folder()

    def new_folder(self):
        self.folder_number += 1
        self.folder = self.root / f"data-{self.folder_number}"
        self.folder.mkdir(parents=True)
        shutil.copy(MODEL, self.folder / "model.yaml")
        self.clients = [Client(number + 1, self.random) for number in range(CLIENTS)]
        self.ledger = Ledger(self.clients)
        self.server = Server(self.folder, self.root / "server.log")

    def environment(self):
        if not self.clock_jumps or self.random.random() < 0.3:
            return {}
        self.counts["clock jumps"] += 1
        seconds = self.random.randint(-CLOCK_JUMP_HOURS * 3600, CLOCK_JUMP_HOURS * 3600)
        library = self.root / "clock_jump.so"
        if not library.exists():
            build_preload(library, "clock_jump.c")
        return {"LD_PRELOAD": str(library), "DIPPER_CLOCK_SECONDS": str(seconds)}

    def start(self):
        self.server.environment = {**os.environ, **self.environment()}
        while self.random.random() < 0.1:
            # Killed while it starts, too.
            self.counts["kills during start"] += 1
            command = [binary(), "serve", "--data-dir", str(self.folder)]
            command += ["--listen", f"127.0.0.1:{free_port()}"]
            with open(self.server.log, "ab") as log:
                process = subprocess.Popen(command, stdout=log, stderr=log, env=self.server.environment)
            time.sleep(self.random.uniform(0, 0.8))
            process.kill()
            process.wait()
        before = time.monotonic()
        self.server.start()
        self.start_seconds.append(time.monotonic() - before)

    def tear_tails(self):
        """What a write that was under way at a power loss leaves behind the last whole record of a write-ahead log."""
        for wal in self.folder.glob("*.db-wal"):
            if self.random.random() < 0.5:
                self.counts["torn tails"] += 1
                with open(wal, "ab") as file:
                    file.write(self.random.randbytes(self.random.randrange(1, 6000)))
        for shm in self.folder.glob("*.db-shm"):
            shm.unlink()  # memory, which no power loss leaves

    def round(self, is_full):
        self.start()
        self.counts["waited for receipts"] += checks.wait_until_worked(self.server.api, self.ledger)
        if is_full:
            self.counts["full checks"] += 1
            stop = threading.Event()
            # Writes without an answer find out first what became of them.
            for client in self.clients:
                if client.pending:
                    pending, client.pending = client.pending, None
                    assert client.send(requests.Session(), self.server.api.base, pending), "a replay was not answered"
            checks.wait_until_worked(self.server.api, self.ledger)
            checks.check_all(self.server.api, self.ledger, self.folder, pyiceberg=self.random.random() < 0.2)
        stop = threading.Event()
        threads = run_clients(self.clients, self.server.api.base, stop)
        time.sleep(self.random.uniform(0.01, TRAFFIC_SECONDS_MAX))
        self.server.assert_process()
        self.server.kill()
        self.counts["kills"] += 1
        stop.set()
        for thread in threads:
            thread.join()
        if self.torn_tails and self.random.random() < 0.5:
            self.tear_tails()

    def run(self, rounds):
        began = time.monotonic()
        for number in range(1, rounds + 1):
            is_last = number % ROUNDS_PER_FOLDER == 0 or number == rounds
            self.round(number % ROUNDS_PER_FULL_CHECK == 0)
            self.counts["rounds"] += 1
            if is_last:
                self.finish_folder()
                if number < rounds:
                    self.new_folder()
        self.counts["seconds"] = round(time.monotonic() - began)

    def finish_folder(self):
        self.start()
        for client in self.clients:
            if client.pending:
                pending, client.pending = client.pending, None
                assert client.send(requests.Session(), self.server.api.base, pending), "a replay was not answered"
        checks.wait_until_worked(self.server.api, self.ledger)
        checks.check_all(self.server.api, self.ledger, self.folder, pyiceberg=True)
        for write in self.ledger.writes:
            self.counts[f"writes {write.state}"] += 1
            self.counts["rows"] += len(write.rows) if write.state == "ok" else 0
        self.server.stop()
        shutil.rmtree(self.folder)

    def close(self):
        if self.server.is_running:
            self.server.kill()

    def report(self):
        starts = sorted(self.start_seconds)
        line = ", ".join(f"{count} {name}" for name, count in sorted(self.counts.items()))
        return f"seed {self.seed}: {line}; start p50 {starts[len(starts) // 2]:.2f} s, max {starts[-1]:.2f} s"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--clock-jumps", action="store_true", help="start servers at other times of day")
    parser.add_argument("--torn-tails", action="store_true", help="leave torn records behind the write-ahead logs")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2**32)
    folder = tempfile.mkdtemp(prefix="dipper-break-")
    machine = Machine(seed, folder, options.clock_jumps, options.torn_tails)
    try:
        machine.run(options.rounds)
    except BaseException:
        machine.close()
        print(f"broken in round {machine.counts['rounds'] + 1}; {folder} keeps the data folder and the server's log")
        print(f"again: bin/break --rounds {options.rounds} --seed {seed}")
        raise
    print(machine.report())
    shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
