"""Fixtures of the end-to-end tests."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sharectl.model.hook_files import HOOK
from tests.e2e.hosts import SANDBOX, Host
from tests.e2e.vm_host import SCRIPT, VmHost
from tests.e2e.world import World
from tests.lab.cloud.cloud import Cloud
from tests.lab.libvirtd import Libvirtd
from tests.lab.vm.channel import Channel
from tests.lab.vm.virt import Virt, VmGuest


@pytest.fixture(scope="session")
def sandbox_host(libvirtd: object) -> Host:
    """The sandbox as a host, with the session's libvirtd."""
    return SANDBOX


@pytest.fixture
def world(cloud: Cloud, connection: Any) -> Iterator[World]:
    """A host of the test's own, on the session's libvirtd and cloud."""
    made = World(cloud, connection, Path(tempfile.mkdtemp(prefix="world-", dir="/run")))
    yield made
    made.clean()
    cloud.purge()


@pytest.fixture(scope="module")
def seen(libvirtd: Libvirtd) -> None:
    """A daemon that found a hook when it started, so that it runs later ones at once."""
    HOOK.parent.mkdir(parents=True, exist_ok=True)
    HOOK.write_text("#!/bin/sh\n")
    HOOK.chmod(0o755)
    libvirtd.restart()
    HOOK.unlink()


@pytest.fixture
def hooked(seen: None, world: World) -> Iterator[World]:
    """A host with the hook; domain vm1 has share docs, mounted."""
    world.guest("vm1", stay=True)
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs", "--tag", "docs").ok()
    world.sharectl("hook", "install", "--no-probe").ok()
    yield world
    world.sharectl("hook", "uninstall").ok()


@pytest.fixture
def host(clean_vm_cloud: Cloud, vm: Channel, virt: Virt) -> Iterator[VmHost]:
    """The host; mounts and records of the test are gone afterwards."""
    yield VmHost(vm, clean_vm_cloud, virt)
    clean = (
        "umount -f -l /run/sharectl/mnt/* /run/sharectl/staging/*; rmdir /run/sharectl/mnt/*;"
        " rm -rf /run/sharectl/mounts /var/lib/sharectl"
    )
    vm.run(["sh", "-c", clean], check=False)


@pytest.fixture
def guest(virt: Virt) -> Iterator[VmGuest]:
    """A domain that uses the tag `docs`."""
    made = virt.define("web1", script=SCRIPT.format("docs"))
    yield made
    made.remove()
