"""How the cluster is, as a table and as JSON."""

import concurrent.futures
import os

from .machine import memory

UP, DOWN, UNREADY = "up", "down", "not ready"


def describe(context):
    """Each service's state: `up`, `down`, or `not ready`, when it runs and can't be used."""
    services = list(context.services.values())
    # All are asked at once: one that hangs takes seconds.
    with concurrent.futures.ThreadPoolExecutor(len(services)) as pool:
        return list(pool.map(describe_one, services))


def describe_one(service):
    process = service.process
    state = DOWN if process is None else UP if service.is_ready() else UNREADY
    page = getattr(service, "page", None)
    return {
        "name": service.name, "state": state, "address": service.address, **({"page": page} if page else {}),
        "pid": process and process["pid"], "memoryBytes": memory(process), "log": str(service.log)}


def table(services):
    lines = [("NAME", "STATE", "PID", "MIB", "ADDRESS")]
    for service in services:
        address = " ".join(filter(None, [service["address"], service.get("page")]))
        mebibytes = f"{service['memoryBytes'] / 2**20:.0f}" if service["pid"] else "-"
        lines.append((service["name"], service["state"], str(service["pid"] or "-"), mebibytes, address))
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    rows = []
    for name, state, pid, size, address in lines:
        rows.append(f"{name:{widths[0]}}  {state:{widths[1]}}  {pid:>{widths[2]}}  {size:>{widths[3]}}  {address}")
    return "\n".join(rows)


def hints(context):
    """How to go on."""
    return "\n".join((
        f"keys and passwords  {os.path.relpath(context.state.secrets)}",
        "SQL by other engines: bin/cluster psql | bin/cluster spark-sql",
        "Stop it with bin/cluster down."))
