"""How each action is carried out, one module for each kind of resource. Each can be repeated.

Effects that are followed by a record of them are shielded from signals; waits are not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sharectl.engine.steps import access, device, memory, mount
from sharectl.engine.steps.site import Effort, Site
from sharectl.model import action as actions
from sharectl.model.action import Action

__all__ = ["Effort", "Site", "carry_out"]

_STEPS: dict[type, Callable[[Site, Any], None]] = {
    actions.GrantAccess: access.grant,
    actions.AwaitAccess: access.await_access,
    actions.AwaitWithdrawal: access.await_old_rule,
    actions.NoteInRule: access.note_in_rule,
    actions.RevokeAccess: access.revoke,
    actions.MountShare: mount.mount,
    actions.ReplaceMount: mount.replace_mount,
    actions.UnmountShare: mount.unmount,
    actions.AttachFilesystem: device.attach,
    actions.RememberDevice: device.remember_device,
    actions.DetachFilesystem: device.detach,
    actions.MarkDomain: device.mark,
    actions.UnmarkDomain: device.unmark,
    actions.EnableSharedMemory: memory.enable,
    actions.DisableSharedMemory: memory.disable,
}


def carry_out(action: Action, site: Site) -> None:
    """Do what `action` says. The caller holds the share's lock.

    Raises a `SharectlError` when it fails.
    """
    _STEPS[type(action)](site, action)
