"""What the hook costs: a domain without shares next to nothing, one with shares little."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sharectl.model.hook_files import HOOK
from tests.bench.timing import Amount, Comparison, compare
from tests.lab.cloud.cloud import Cloud
from tests.lab.guest import Guest

# What libvirt gives to its hooks, and no more.
_ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
_ROUNDS = 200
_SHARES = 3
# Brings the XML to the size that a domain on a real host has: about 6 KB.
_PORTS = "".join(
    f"<controller type='pci' index='{index}' model='pcie-root-port'/>" for index in range(1, 15)
)


@dataclass(frozen=True)
class _Run:
    seconds: float
    cpu: float


def _run(argv: Sequence[str], xml: bytes) -> _Run:
    """Run as libvirt runs a hook; CPU is that of the process and all its children."""
    start = time.perf_counter()
    child = subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=_ENVIRONMENT, cwd="/"
    )
    assert child.stdin is not None
    with suppress(BrokenPipeError):  # a shell that does nothing does not read either
        child.stdin.write(xml)
        child.stdin.close()
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise subprocess.CalledProcessError(child.returncode, argv)
    return _Run(seconds, used.ru_utime + used.ru_stime)


def _hook(xml: bytes) -> _Run:
    return _run([str(HOOK), "bench", "prepare", "begin", "-"], xml)


def without_shares(connection: Any, folder: Path) -> Comparison:
    """The hook for a domain without shares, against a shell that does nothing."""
    guest = Guest.define(connection, "unshared", folder / "guests", devices=_PORTS)
    xml = guest.domain.XMLDesc().encode()
    shell = ["/bin/sh", "-c", ":"]
    return compare(
        f"hook, no share, {len(xml) / 1000:.1f} KB XML / sh -c :",
        lambda: _hook(xml).seconds,
        lambda: _run(shell, xml).seconds,
        _ROUNDS,
    )


def with_shares(connection: Any, cloud: Cloud, folder: Path, sharectl: Sequence[str]) -> Amount:
    """CPU of the hook for a domain whose shares are all mounted."""
    guest = Guest.define(connection, "shared", folder / "guests", devices=_PORTS)
    for number in range(_SHARES):
        share = cloud.create_share(f"hook{number}", "CEPHFS", backend="ceph")
        subprocess.run(
            [*sharectl, "add", "shared", share.id], check=True, stdout=subprocess.DEVNULL
        )
    xml = guest.domain.XMLDesc().encode()
    _hook(xml)
    runs = tuple(_hook(xml).cpu for _ in range(15))
    return Amount(f"hook, {_SHARES} shares mounted, CPU", runs)
