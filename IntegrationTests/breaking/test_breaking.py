"""A short version of the breaking machine; `bin/break` and `bin/simulate` run the long ones (docs/testing.md)."""

import errno
import random
import signal
import subprocess
import threading
import time

import pytest

from breaking import checks
from breaking.disk_faults import DiskFaults
from breaking.ledger import Client, Ledger, run_clients
from breaking.machine import MODEL, Machine
from lake.server import binary, free_port


@pytest.mark.parametrize("kind", ["plain", "torn-tails", "clock-jumps"])
def test_killed_again_and_again(tmp_path, kind):
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    machine = Machine(seed, tmp_path, clock_jumps=kind == "clock-jumps", torn_tails=kind == "torn-tails")
    try:
        machine.run(10 if kind == "plain" else 5)
    finally:
        machine.close()
    print(machine.report())


def test_a_stopped_server_keeps_a_second_one_out_and_goes_on_unharmed(new_server, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "model.yaml").write_text(MODEL.read_text())
    first = new_server(folder=folder)
    clients = [Client(number, random.Random(number)) for number in (1, 2)]
    ledger = Ledger(clients)
    stop = threading.Event()
    threads = run_clients(clients, first.api.base, stop)
    time.sleep(0.3)
    first.process.send_signal(signal.SIGSTOP)
    try:
        second = subprocess.run(
            [binary(), "serve", "--data-dir", str(folder), "--listen", f"127.0.0.1:{free_port()}"],
            capture_output=True, text=True, timeout=60)
        assert second.returncode > 0 and "data-folder-in-use" in second.stderr + second.stdout
    finally:
        first.process.send_signal(signal.SIGCONT)
    time.sleep(0.3)
    stop.set()
    for thread in threads:
        thread.join()
    checks.wait_until_worked(first.api, ledger)
    checks.check_all(first.api, ledger, folder)


def test_a_server_that_was_stopped_and_killed_is_taken_over_whole(new_server, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "model.yaml").write_text(MODEL.read_text())
    first = new_server(folder=folder)
    clients = [Client(number, random.Random(number)) for number in (1, 2)]
    ledger = Ledger(clients)
    stop = threading.Event()
    threads = run_clients(clients, first.api.base, stop)
    time.sleep(0.3)
    first.process.send_signal(signal.SIGSTOP)
    time.sleep(0.2)
    first.kill()
    stop.set()
    for thread in threads:
        thread.join()
    second = new_server(folder=folder)
    checks.wait_until_worked(second.api, ledger)
    checks.check_all(second.api, ledger, folder)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_disk_operation_that_fails_loses_and_doubles_nothing(tmp_path, code):
    faults = DiskFaults(tmp_path)
    for number in random.Random(code).sample(range(1, 300), 8):
        faults.fault(number, code)
    faults.fault(40, code, lasts=True)
