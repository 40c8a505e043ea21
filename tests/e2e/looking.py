"""What the libvirt adapter sees on a host, told by a process that runs there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.hosts import Host
from tests.lab.processes import wait_until

_ROOT = Path(__file__).parents[2]
_LOOK = """
import json, sys, time
from sharectl.adapters.libvirt_domains import LibvirtDomains
start, used = time.monotonic(), time.process_time()
seen = LibvirtDomains("qemu:///system", 10).look(brief=sys.argv[1:] == ["brief"])
print(json.dumps({
    "seconds": time.monotonic() - start,
    "cpu": time.process_time() - used,
    "complete": sorted(seen.complete),
    "domains": {item.name: {
        "running": item.running,
        "filesystems": [[f.tag, f.source, f.driver] for f in item.filesystems],
        "live": [[f.tag, f.source, f.served] for f in item.live_filesystems],
        "paths": sorted(item.paths),
    } for item in seen.domains.values()},
    "unseen": {item.name: [str(item.error), sorted(item.paths or ())]
               for item in seen.unseen.values()},
}))
"""
# Waits at the start of the domain until somebody writes into the pipe.
_WAITING_HOOK = """\
#!/bin/sh
[ "$1/$2" = {name}/prepare ] || exit 0
touch {folder}/waiting
read line <{folder}/go
"""


@dataclass(frozen=True)
class Look:
    """What was seen, and in how many seconds, of time and of CPU."""

    seconds: float
    cpu: float
    complete: list[str]
    domains: dict[str, dict[str, Any]]
    unseen: dict[str, Any]


def look(host: Host, *, brief: bool = False) -> Look:
    """All domains, as a new sharectl on `host` sees them."""
    done = subprocess.run(
        host.command([host.python, "-c", _LOOK, *(["brief"] if brief else [])]),
        env=host.environment({"PYTHONPATH": str(_ROOT)}), cwd=_ROOT,
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return Look(**json.loads(done.stdout))


@contextmanager
def waiting_start(host: Host, hook: Path, name: str, folder: Path) -> Iterator[None]:
    """The start of domain `name` waits in libvirt's hook inside, and goes on afterwards.

    Args:
        host: where.
        hook: the hook's file, which libvirt there has known of since it was started.
        name: the domain.
        folder: for the hook's files; the same there and here.
    """
    (folder / "go").unlink(missing_ok=True)
    subprocess.run(["mkfifo", folder / "go"], check=True)
    hook.write_text(_WAITING_HOOK.format(name=name, folder=folder))
    hook.chmod(0o755)
    start = subprocess.Popen(host.command(["virsh", "start", name]), env=host.environment())
    try:
        wait_until((folder / "waiting").exists, timeout=20, what="the hook")
        yield
    finally:
        (folder / "go").write_text("go\n")
        start.wait(60)
        hook.write_text("#!/bin/sh\n")
