"""A second libvirtd of the sandbox, with domains of its own, at a socket of its own.

It is what an admin reaches who names another libvirt by mistake. Its folders lie in a mount
namespace of its own, since their places are compiled in.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.lab import libvirtd, processes
from tests.lab.processes import Daemon

# Then it becomes libvirtd. Guests log without virtlogd, whose socket is hidden.
_SCRIPT = """
set -e
for folder in /run/libvirt /var/lib/libvirt /var/log/libvirt /etc/libvirt; do
    mount -t tmpfs second $folder
done
cp "$1"/qemu.conf /etc/libvirt/
exec libvirtd --config "$1"/libvirtd.conf --pid-file "$1"/pid
"""


def start(run: Path) -> tuple[Daemon, str]:
    """Start it, its socket and its files in the folder `run`; returns it and its URI."""
    shutil.rmtree(run, ignore_errors=True)
    run.mkdir(parents=True)
    more = {"qemu.conf": 'stdio_handler = "file"', "libvirtd.conf": f'unix_sock_dir = "{run}"'}
    for name, line in more.items():
        (run / name).write_text(f"{libvirtd.FILES[name]}{line}\n")
    become = ["unshare", "--mount", "--propagation", "slave", "sh", "-c", _SCRIPT, "sh", str(run)]
    daemon = processes.start(become, log=run / "log")
    uri = f"qemu+unix:///system?socket={run}/libvirt-sock"
    processes.wait_until(
        lambda: libvirtd.answers(uri), timeout=20, what="the second libvirtd", daemon=daemon,
        interval=0.01,
    )  # fmt: skip
    return daemon, uri
