"""`bin/cluster`, behind the installation of what is missing."""

import argparse
import json
import os
import sys

from . import lifecycle, sample, status, tools
from .errors import ClusterError
from .services import SERVICES, Context

SAMPLE_ROWS = 2_000


def up(context, arguments):
    existed = context.state.exists
    with context.state.lock():
        running = {name for name in SERVICES if context.state.process(name)}
        started = lifecycle.start(context, list(SERVICES))
        if running:
            for name in started:
                print(f"{name} was down and runs again")
        elif existed:
            print("the cluster goes on with the data of before")
        if not arguments.no_sample:
            sample.load(context, arguments.rows)
        print(status.table(status.describe(context)))
        print(status.hints(context))
    return 0


def show(context, arguments):
    if not context.state.exists:
        raise ClusterError("there is no cluster here", "bin/cluster up")
    services = status.describe(context)
    if arguments.json:
        print(json.dumps({"folder": str(context.state.folder), "services": services}, indent=1))
    else:
        print(status.table(services))
    return 0 if all(service["state"] == status.UP for service in services) else 1


def down(context, arguments):
    if not context.state.exists:
        print("There is no cluster here.")
        return 0
    folder = os.path.relpath(context.state.folder)
    with context.state.lock():
        stopped = lifecycle.stop(context, list(SERVICES))
        if arguments.data:
            for service in context.services.values():
                service.forget()
            context.state.remove()
    what = "The cluster has stopped" if stopped else "The cluster was not running"
    print(f"{what}; its data is removed." if arguments.data else f"{what}; its data stays in {folder}.")
    return 0


def change(action):
    def run(context, arguments):
        if not context.state.exists:
            raise ClusterError("there is no cluster here", "bin/cluster up")
        for name in arguments.names:
            context.service(name)
        with context.state.lock():
            action(context, arguments.names)
        return 0

    return run


def run_tool(context, arguments):
    if not context.state.exists:
        raise ClusterError("there is no cluster here", "bin/cluster up")
    tools.run(context, arguments.tool, arguments.words)


def parser():
    found = argparse.ArgumentParser(prog="bin/cluster", description="A cluster of Dipper on this machine.")
    commands = found.add_subparsers(required=True, metavar="COMMAND")

    def command(name, action, text):
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(action=action)
        return made

    starting = command("up", up, "start what does not run, load a sample, print the addresses")
    starting.add_argument("--rows", type=int, default=SAMPLE_ROWS, help=f"hires of the sample ({SAMPLE_ROWS})")
    starting.add_argument("--no-sample", action="store_true", help="leave the tables empty")
    showing = command("status", show, "each process; exit code 1 when one is down or not ready")
    showing.add_argument("--json", action="store_true", help="for programs")
    stopping = command("down", down, "stop what was started")
    stopping.add_argument("--data", action="store_true", help="and remove all data")
    for name, action, text in (
            ("start", lifecycle.start, "start processes by name"), ("stop", lifecycle.stop, "end processes by name"),
            ("kill", lifecycle.kill, "kill processes by name at once, as a crash does")):
        command(name, change(action), text).add_argument("names", nargs="+", metavar="NAME", help=", ".join(SERVICES))
    for name, text in tools.TOOLS.items():
        made = command(name, run_tool, text)
        made.set_defaults(tool=name, words=[])
    return found


def parsed(words):
    # What stands behind a tool's name is for the tool alone.
    count = 1 if words[:1] and words[0] in tools.TOOLS else len(words)
    arguments = parser().parse_args(words[:count])
    arguments.words = words[count:]
    return arguments


def main():
    arguments = parsed(sys.argv[1:])
    try:
        return arguments.action(Context(), arguments)
    except ClusterError as failure:
        print(f"error: {failure.message}\n  try: {failure.remedy}", file=sys.stderr)
    except OSError as failure:
        print(f"error: {failure}\n  try: `bin/cluster status` tells what runs", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nstopped waiting; `bin/cluster status` tells what runs, `bin/cluster down` stops it", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
