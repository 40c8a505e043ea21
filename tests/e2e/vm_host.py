"""The lab VM as a hypervisor host: sharectl there, with its default paths."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from tests.lab.cloud.cloud import Cloud
from tests.lab.vm.channel import Channel
from tests.lab.vm.machine import PROJECT
from tests.lab.vm.virt import Virt

_PYTHON = PROJECT / ".venv/bin/python"
SCRIPT = "share {0}; cat /mnt/{0}/hello; echo from the guest > /mnt/{0}/from-guest"
"""What a guest does with the share whose tag is {0}."""


@dataclass(frozen=True)
class VmHost:
    """The VM as hypervisor host; sharectl has its default paths there."""

    vm: Channel
    cloud: Cloud
    virt: Virt

    def sharectl(self, *arguments: str, status: int = 0, input: str | None = None) -> Any:  # noqa: A002
        """Run sharectl; its JSON if it printed any, else what it said on stderr."""
        done = self.vm.run(
            [_PYTHON, "-I", "-S", PROJECT / "tests/e2e/warm.py", _PYTHON, PROJECT, *arguments],
            env=self.cloud.environment("demo"), timeout=300, check=False, input=input,
        )  # fmt: skip
        assert done.returncode == status, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else done.stderr

    def timed(self, *arguments: str, **expected: Any) -> tuple[Any, float]:
        """The same, and how many seconds it took."""
        start = time.monotonic()
        return self.sharectl(*arguments, **expected), time.monotonic() - start

    def reboot(self) -> None:
        """What a reboot does to mounts and /run/sharectl."""
        clean = "umount -f -l /run/sharectl/mnt/*; rm -rf /run/sharectl"
        self.vm.run(["sh", "-c", clean], check=False)

    def mounts(self, share_id: str) -> list[str]:
        """Source, type and mount options of what is mounted for the share."""
        path = f"/run/sharectl/mnt/{share_id}"
        done = self.vm.run(["findmnt", "-n", "-o", "SOURCE,FSTYPE,OPTIONS", path], check=False)
        return done.stdout.split()

    def root(self, share_id: str) -> list[str]:
        """The root field of mountinfo for each mount at the share's mount point."""
        lines = self.vm.run(["cat", "/proc/self/mountinfo"]).stdout.splitlines()
        fields = [line.split(" ") for line in lines]
        return [item[3] for item in fields if item[4] == f"/run/sharectl/mnt/{share_id}"]

    def write(self, share_id: str, name: str, text: str) -> None:
        self.vm.run(["tee", f"/run/sharectl/mnt/{share_id}/{name}"], input=text)

    def read(self, share_id: str, name: str) -> str:
        return self.vm.run(["cat", f"/run/sharectl/mnt/{share_id}/{name}"]).stdout
