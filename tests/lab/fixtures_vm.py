"""Fixtures of the VM tier: one VM for the session, and what may run in it and beside it."""

from __future__ import annotations

import subprocess
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab import sandbox
from tests.lab.cloud.cloud import Cloud
from tests.lab.processes import LabError
from tests.lab.vm import backend
from tests.lab.vm.channel import Channel
from tests.lab.vm.machine import booted
from tests.lab.vm.nas import Nas
from tests.lab.vm.virt import Virt

# In the sandbox's own /run, so that it is gone with the sandbox, however that ends.
_FOLDER = Path("/run/lab-vm")
_ATTEMPTS = 3


@dataclass(frozen=True)
class _Running:
    vm: Channel
    virt: Virt


@pytest.fixture(scope="session")
def _running() -> Iterator[_Running]:
    """The VM with libvirt.

    A processor of the VM may stop for good while libvirt tries what the emulated AMD-V can do, once
    in some dozens of times; then another VM is booted.
    """
    if not sandbox.inside():
        hint = "run: make test, or python -m tests.lab run -- pytest ..."
        pytest.fail(f"this needs the lab's sandbox; {hint}", pytrace=False)
    for attempt in range(_ATTEMPTS):
        with booted(_FOLDER / str(attempt)) as machine:
            try:
                found = _Running(machine.channel, Virt.start(machine.channel))
            except (LabError, OSError, subprocess.SubprocessError) as error:
                warnings.warn(f"the VM hangs or has ended: {error}", stacklevel=1)
                continue
            yield found
            return
    pytest.fail(f"no VM of {_ATTEMPTS} stays alive; see the warnings", pytrace=False)


@pytest.fixture(scope="session")
def vm(_running: _Running) -> Channel:
    """The booted VM: `vm.run` runs a command in it."""
    return _running.vm


@pytest.fixture(scope="session")
def nas(vm: Channel) -> Nas:
    """The NFS server in the VM, and how to make it fail."""
    return Nas.start(vm)


@pytest.fixture(scope="session")
def vm_cloud(cloud: Cloud, nas: Nas) -> Cloud:
    """The session's cloud with one more back end, `lvm`: NFS shares that the VM can mount."""
    backend.add(cloud, backend.lvm(nas.vm))
    return cloud


@pytest.fixture(scope="session")
def virt(_running: _Running) -> Virt:
    """libvirt in the VM."""
    return _running.virt


@pytest.fixture
def clean_vm_cloud(vm_cloud: Cloud, vm: Channel) -> Iterator[Cloud]:
    """The same; when the test ends, mounts below /mnt in the VM and all shares are removed."""
    yield vm_cloud
    vm.run(["sh", "-c", "umount -f -l /mnt/* 2>/dev/null; rmdir /mnt/* 2>/dev/null"], check=False)
    vm_cloud.purge()
