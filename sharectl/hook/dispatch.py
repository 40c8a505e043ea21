"""Which event of libvirt asks for what, and how each failure is one line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from sharectl.errors import SharectlError
from sharectl.foreign import as_ours
from sharectl.model.text import printable

if TYPE_CHECKING:
    from sharectl.ports import HostPorts

_PREPARE, _BOOT = ["prepare", "begin"], ["boot", "begin"]


def run(
    make_app: Callable[[], HostPorts],
    event: Sequence[str],
    read_xml: Callable[[], bytes],
    plain_app: Callable[[], HostPorts] | None = None,
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
            from sharectl.hook import before_start

            xml = read_xml().decode(errors="replace")
            if before_start.concerns((plain_app or make_app)(), xml):
                before_start.prepare(make_app(), xml)
        elif operation == _BOOT:
            from sharectl.hook.at_boot import mount_all

            failures = mount_all(make_app())
    except Exception as error:  # noqa: BLE001 - a traceback is no sentence for virsh to show
        failures = (error,)
    for failure in failures:
        say(f"sharectl: {_sentence(failure, complete)}\n")
    return 1 if failures else 0


def say(text: str) -> None:
    """Write on standard error. That nobody can read it must not change how the hook ends."""
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
