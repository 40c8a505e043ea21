"""Manila's own LVM driver, whose commands run in the lab VM. For use inside the Manila process.

Manila itself stays on the machine, where it is quick. The driver knows nothing of the VM: it is
the programs it calls (lvcreate, mkfs, mount, exportfs, ...), and the one look it takes at the
file system by itself, that are taken to the VM.
"""

# mypy: disable-error-code="import-not-found"
# mypy: disallow-subclassing-any=False

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from manila import privsep
from manila.privsep import filesystem, lvm
from manila.privsep import os as privsep_os
from manila.share.drivers import lvm as lvm_driver
from oslo_concurrency import processutils

from tests.lab.cloud.server.faults import Faults
from tests.lab.vm import nas
from tests.lab.vm.backend import PORT_VARIABLE
from tests.lab.vm.channel import Channel

_TIMEOUT_S = 120
# What keeps a file system busy after a rule was withdrawn under a mount: delegations, which the
# client cannot return any more and the server would keep for a day; and what the server caches of
# the client's access, for half a minute from each of its requests.
_FORGET_CLIENTS = """\
for ctl in /proc/fs/nfsd/clients/*/ctl; do echo expire >$ctl; done 2>/dev/null
exportfs -f
"""
# No udev runs in the VM; without this LVM waits for it.
_ENVIRONMENT = {"DM_DISABLE_UDEV": "1"}


def _execute(
    *command: object,
    check_exit_code: bool | int | list[int] = True,
    process_input: str | None = None,
    **_for_this_machine: Any,
) -> tuple[str, str]:
    """What processutils.execute does (same arguments, results and errors), in the VM."""
    done = _run(command, process_input)
    if done.returncode not in _accepted(check_exit_code, done.returncode):
        raise processutils.ProcessExecutionError(
            done.stdout, done.stderr, done.returncode, " ".join(done.args)
        )
    return done.stdout, done.stderr


def _accepted(check_exit_code: bool | int | list[int], status: int) -> list[int]:
    if isinstance(check_exit_code, bool):
        return [0] if check_exit_code else [status]
    return [check_exit_code] if isinstance(check_exit_code, int) else check_exit_code


def _run(command: Sequence[object], text: str | None = None) -> subprocess.CompletedProcess[str]:
    vm = Channel(int(os.environ[PORT_VARIABLE]))
    if command[0] == "umount":
        vm.run([*nas.INSIDE, "sh", "-c", _FORGET_CLIENTS], timeout=_TIMEOUT_S)
    argv = [*nas.INSIDE, *(str(part) for part in command)]
    return vm.run(argv, input=text, env=_ENVIRONMENT, timeout=_TIMEOUT_S, check=False)


def _exists(path: str) -> bool:
    return _run(["test", "-e", path]).returncode == 0


_in_vm = SimpleNamespace(execute=_execute, ProcessExecutionError=processutils.ProcessExecutionError)


def _send_to_vm() -> None:
    privsep.sys_admin_pctxt.set_client_mode(False)  # call the functions here, without a daemon
    for module in (filesystem, lvm, privsep_os):
        module.processutils = _in_vm
    # It uses nothing else of the module `os`.
    lvm_driver.os = SimpleNamespace(path=SimpleNamespace(exists=_exists, join=os.path.join))


class LabLVMShareDriver(Faults, lvm_driver.LVMShareDriver):
    """The LVM driver; what a share's name asks for comes on top (`cloud.server.faults`)."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        _send_to_vm()
        super().__init__(*arguments, execute=_execute, **options)
