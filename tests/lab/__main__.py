"""python -m tests.lab: run something in the lab, or prepare the lab for it."""

from __future__ import annotations

import argparse
import importlib
import sys

from tests.lab import pythons, sandbox

# Modules with a setup() that fills the cache; nothing to do must cost next to nothing.
PARTS: tuple[str, ...] = (
    "tests.lab.libvirtd",
    "tests.lab.guest",
    "tests.lab.trixie",
    "tests.lab.cloud",
    "tests.lab.vm",
    "tests.lab.shells",
    "tests.lab.pythons",
)


def setup(parts: tuple[str, ...]) -> int:
    """Install and build what the lab needs; needs root and the network."""
    if sandbox.inside():
        print("lab: setup needs the network: run it outside the sandbox", file=sys.stderr)
        return 1
    for part in parts:
        importlib.import_module(part).setup()
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="run a command in a sandbox that leaves nothing behind")
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND...")
    machine = verbs.add_parser("vm", help="run a command, or a shell, in the lab's VM")
    machine.add_argument("command", nargs=argparse.REMAINDER, metavar="[-- COMMAND...]")
    older = verbs.add_parser("python", help="run a Python with older libraries in a sandbox")
    older.add_argument("name", choices=sorted(pythons.BY_NAME))
    older.add_argument("command", nargs=argparse.REMAINDER, metavar="[ARGUMENT...]")
    prepare = verbs.add_parser("setup", help="install and build what is missing")
    prepare.add_argument("part", nargs="*", help=f"all, or some of: {' '.join(map(_short, PARTS))}")
    arguments = parser.parse_args()
    if arguments.verb == "setup":
        unknown = set(arguments.part) - set(map(_short, PARTS))
        if unknown:
            prepare.error(f"no such part: {' '.join(sorted(unknown))}")
        chosen = set(arguments.part or map(_short, PARTS))
        return setup(tuple(part for part in PARTS if _short(part) in chosen))
    command = arguments.command[arguments.command[:1] == ["--"] :]
    if arguments.verb == "python":
        return sandbox.run([str(pythons.BY_NAME[arguments.name]()), *command])
    if arguments.verb == "vm":
        return sandbox.run([sys.executable, "-m", "tests.lab.vm.cli", *command])
    if not command:
        run.error("no command given")
    return sandbox.run(command)


def _short(part: str) -> str:
    return part.removeprefix("tests.lab.")


if __name__ == "__main__":
    sys.exit(main())
