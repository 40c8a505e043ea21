"""What the hook script of libvirt starts, and `sharectl hook run`.

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
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sharectl.errors import ExitCode, SharectlError
from sharectl.foreign import as_ours
from sharectl.hints import Context
from sharectl.model.text import printable

if TYPE_CHECKING:
    from sharectl.ports import App

_USAGE = "python3 -m sharectl.hook CONFIG DOMAIN OPERATION SUBOPERATION EXTRA"
_PREPARE, _BOOT = ["prepare", "begin"], ["boot", "begin"]


def run(
    make_app: Callable[[], App],
    event: Sequence[str],
    read_xml: Callable[[], bytes],
    plain_app: Callable[[], App] | None = None,
    complete: Callable[[str], str] = str,
) -> int:
    """Do what the event asks for; returns the exit status.

    Args:
        make_app: gives the ports; called only when they are needed.
        event: libvirt's arguments: domain, operation, sub-operation, extra.
        read_xml: gives the domain's XML.
        plain_app: gives ports that depend on no configuration file, to see whether the domain has
            a share at all: a damaged file must keep no other domain from starting.
        complete: gives the commands in a hint the options that they need.

    Only `prepare` may fail: a failing `restore` loses a managed-save image, a failing
    `reconnect` kills the guest. Each failure is one line on standard error, which libvirt shows
    to whoever started the domain.
    """
    operation = list(event[1:3])
    failures: Sequence[Exception] = ()
    try:
        if operation == _PREPARE:
            from sharectl.operations import hook

            xml = read_xml().decode(errors="replace")
            if hook.concerns((plain_app or make_app)(), xml):
                hook.prepare(make_app(), xml)
        elif operation == _BOOT:
            from sharectl.operations import hook

            failures = hook.mount_all(make_app())
    except Exception as error:  # noqa: BLE001 - a traceback is no sentence for virsh to show
        failures = (error,)
    for failure in failures:
        _say(f"sharectl: {_sentence(failure, complete)}\n")
    return 1 if failures else 0


def _say(text: str) -> None:
    """That nobody can read it must not change how the hook ends."""
    with suppress(OSError, ValueError, AttributeError):  # closed, perhaps no stream at all
        sys.stderr.write(text)
        sys.stderr.flush()


def _sentence(error: Exception, complete: Callable[[str], str]) -> str:
    """Why, and what to do, in one line."""
    ours = as_ours(error)
    if ours is not None:
        text = ours.message
        if ours.advice != SharectlError.usual_hint:  # which is for a command line
            text += f"; {complete(ours.advice)}"
    else:
        text = f"internal error in the hook: {type(error).__name__}: {error}"
    return printable(" ".join(text.splitlines()))


def main(arguments: Sequence[str]) -> int:
    """Run for the hook script; returns the exit status."""
    if not arguments:
        _say(
            "sharectl: usage: python3 -m sharectl.hook CONFIG DOMAIN OPERATION SUBOPERATION EXTRA\n"
        )
        return ExitCode.USAGE
    file, *event = arguments
    chosen = Context(config_file=Path(file) if file else None)

    def make_app() -> App:
        from sharectl import config
        from sharectl.app import RealApp
        from sharectl.ports.events import Events

        nonlocal chosen
        settings = config.load(chosen.config_file, environment=os.environ)
        # Whoever reads the hint has an environment of their own, which is not known here.
        chosen = chosen.configured(settings, {})
        return RealApp(settings, Events())

    def plain_app() -> App:
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
