"""PID 1 of a node: make its namespaces and its root, say so, and wait.

    python -m tests.lab.trixie.first_process NAME CHROOT READY [SOURCE:TARGET...]

READY is a file that gets the PID, as seen from outside, once the node can be entered; each SOURCE
is seen at TARGET in the node. SIGTERM ends the node with all that runs in it, and so does the end
of whoever started it.
"""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import sys
from pathlib import Path

from tests.lab import private_root, syscalls
from tests.lab.syscalls import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUTS,
    MS_BIND,
    MS_PRIVATE,
    MS_REC,
)

_SCRATCH = Path("/run")  # covered in the node's own mount namespace while its root is built


def main() -> int:
    name, chroot, ready, *binds = sys.argv[1:]
    syscalls.die_with_parent(signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD})
    syscalls.unshare(CLONE_NEWPID)
    told, tell = os.pipe()
    first = os.fork()
    if first == 0:
        _first_process(name, Path(chroot), binds, tell)
    os.close(tell)
    if os.read(told, 1):
        aside = Path(f"{ready}.new")
        aside.write_text(str(first))
        aside.rename(ready)
        signal.sigwait({signal.SIGTERM, signal.SIGCHLD})
    os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)  # returns when everything in its namespace is dead
    return 0


def _first_process(name: str, chroot: Path, binds: list[str], tell: int) -> None:
    try:
        syscalls.die_with_parent(signal.SIGKILL)
        syscalls.unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
        socket.sethostname(name)
        syscalls.loopback_up()
        _enter_root(name, chroot, binds)
    except OSError as error:
        print(f"{name}: {error.strerror}", file=sys.stderr)
        os._exit(1)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps what is left to us
    os.write(tell, b"1")
    while True:
        signal.pause()


def _enter_root(host: str, chroot: Path, binds: list[str]) -> None:
    """Make a writable view of `chroot` the root. What is written is gone with the node."""
    syscalls.mount("none", "/", flags=MS_REC | MS_PRIVATE)
    sources = [os.open(bind.partition(":")[0], os.O_PATH) for bind in binds]
    syscalls.mount("lab", _SCRATCH, "tmpfs", options="mode=755")
    root, upper, work = (_SCRATCH / part for part in ("root", "upper", "work"))
    for folder in (root, upper, work):
        folder.mkdir(mode=0o755)
    layers = f"lowerdir={chroot},upperdir={upper},workdir={work}"
    syscalls.mount("lab", root, "overlay", options=layers)
    # What systemd would make at the first boot: each node is a host of its own.
    machine_id = hashlib.sha256(host.encode()).hexdigest()[:32]
    (root / "etc/machine-id").write_text(f"{machine_id}\n")
    private_root.devices(root / "dev")
    for name, fs_type in (("proc", "proc"), ("sys", "sysfs"), ("run", "tmpfs")):
        syscalls.mount("lab", root / name, fs_type)
    (root / "run/lock").mkdir()
    for source, bind in zip(sources, binds, strict=True):
        target = root / bind.partition(":")[2].lstrip("/")
        target.mkdir(parents=True, exist_ok=True)
        syscalls.mount(f"/proc/self/fd/{source}", target, flags=MS_BIND | MS_REC)
        os.close(source)
    syscalls.pivot_root(root)


if __name__ == "__main__":
    sys.exit(main())
