"""Debian 13 nodes on which sharectl works, with the paths that it has by default."""

from __future__ import annotations

import libvirt

from tests.e2e.world import ROOT
from tests.lab.cloud.api import Share
from tests.lab.cloud.cloud import Cloud
from tests.lab.trixie import Node


class Host:
    """A node on which sharectl works with the cloud's credentials."""

    def __init__(self, node: Node, cloud: Cloud) -> None:
        self.node = node
        self._credentials = cloud.environment("demo")

    def sharectl(self, *arguments: str, status: int = 0) -> str:
        done = self.node.sharectl(*arguments, extra=self._credentials)
        assert done.returncode == status, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout if status in (0, 5) else done.stderr

    def install_hook(self) -> None:
        """As if sharectl were installed there: the hook's Python looks at no variables."""
        self.node.checked(["mkdir", "-p", "/usr/local/lib/python3.13/dist-packages"])
        where = "/usr/local/lib/python3.13/dist-packages/sharectl.pth"
        self.node.checked(["sh", "-c", f"echo {ROOT} >{where}"])
        self.sharectl("hook", "install", "--no-boot")
        self.node.restart()
        assert self.sharectl("hook", "status", "-f", "value", "-c", "Live") == "yes\n"

    def migrate(self, options: str, other: Host) -> None:
        """As the manual has it, with virsh."""
        to = f"qemu+tcp://{other.node.address}/system"
        done = self.node.run(["virsh", "migrate", *options.split(), "web1", to])
        if done.returncode:
            raise libvirt.libvirtError(done.stderr)

    def unmount(self, share: Share) -> None:
        path = f"/run/sharectl/mnt/{share.id}"
        self.node.checked(["sh", "-c", f"umount {path} && rmdir {path}"])

    def mounted(self, share: Share) -> str:
        path = f"/run/sharectl/mnt/{share.id}"
        return self.node.run(["findmnt", "-n", "-o", "FSTYPE", path]).stdout.strip()

    def health(self) -> str:
        return self.sharectl("list", "--long", "-f", "value", "-c", "Health").strip()

    def host_id(self) -> str:
        """By which Manila's access rules know it."""
        script = "from sharectl.adapters.system import LocalHost; print(LocalHost().id)"
        return self.node.checked(["env", f"PYTHONPATH={ROOT}", "python3", "-c", script]).strip()

    def rename(self, name: str) -> None:
        """Give it another host name."""
        self.node.checked(["python3", "-c", f"import socket; socket.sethostname({name!r})"])
