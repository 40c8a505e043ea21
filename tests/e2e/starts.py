"""Starting a domain whose shares the hook looks after."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import libvirt
import pytest

from tests.e2e.world import World
from tests.lab.guest import Guest


def unmount(world: World) -> None:
    """As after a reboot: neither mounts nor mount points."""
    for mount_point, _source in world.mounts():
        subprocess.run(["umount", mount_point], check=True)
        Path(mount_point).rmdir()


def why_refused(guest: Guest) -> str:
    """The hook's sentence in libvirt's error, without the --config in the commands of its hint."""
    with pytest.raises(libvirt.libvirtError, match="Hook script execution failed") as caught:
        guest.start()
    assert not guest.domain.isActive()
    text = str(caught.value).strip()
    assert text.count("sharectl: ") == 1
    sentence = text.partition("unexpected exit status 1: ")[2]
    return re.sub(r"sharectl --config \S+ ", "sharectl ", sentence)
