"""What the hook script of libvirt starts, and the boot unit.

`python -m sharectl.hook CONFIG DOMAIN OPERATION SUBOPERATION EXTRA`, the domain's XML on standard
input. CONFIG is the configuration file, or empty. The boot unit calls it with the operation
`boot`, which is no operation of libvirt's.

Each start of a domain with shares waits for it, so it imports neither Click nor Rich, libvirt,
TinyDB or the OpenStack libraries. Other libraries, which may be damaged, are imported where what
goes wrong is told in one line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sharectl.errors import ExitCode
from sharectl.hints import Context
from sharectl.hook.dispatch import run, say

if TYPE_CHECKING:
    from sharectl.ports import HostPorts


def main(arguments: Sequence[str]) -> int:
    """Run for the hook script; returns the exit status."""
    if not arguments:
        say(
            "sharectl: usage: python3 -m sharectl.hook CONFIG DOMAIN OPERATION SUBOPERATION EXTRA\n"
        )
        return ExitCode.USAGE
    file, *event = arguments
    chosen = Context(config_file=Path(file) if file else None)

    def make_app() -> HostPorts:
        from sharectl import config
        from sharectl.app import RealApp
        from sharectl.ports.events import Events

        nonlocal chosen
        settings = config.load(chosen.config_file, environment=os.environ)
        # Whoever reads the hint has an environment of their own, which is not known here.
        chosen = chosen.configured(settings, {})
        return RealApp(settings, Events())

    def plain_app() -> HostPorts:
        from sharectl import config
        from sharectl.app import RealApp
        from sharectl.ports.events import Events

        return RealApp(config.folders(os.environ), Events())

    def complete(text: str) -> str:
        return chosen.complete(text)  # as it is chosen by then

    return run(make_app, event, _read_stdin, plain_app, complete)


def _read_stdin() -> bytes:
    return sys.stdin.buffer.read() if sys.stdin is not None else b""


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.argv[1:] = ["hook"]  # by which others know the holder of a lock
    sys.exit(main(given))
