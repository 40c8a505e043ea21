"""The mount of a share on this host: made, replaced, taken away."""

from __future__ import annotations

from pathlib import Path

from sharectl.engine import cephx_key
from sharectl.engine.mounting import mount_share
from sharectl.engine.steps.access import wait_for_rule
from sharectl.engine.steps.site import Site
from sharectl.errors import Refused
from sharectl.model.action import MountShare, ReplaceMount, UnmountShare
from sharectl.model.enums import AccessType
from sharectl.model.mapping import ShareMapping
from sharectl.model.mount_use import is_uncovered, our_mount
from sharectl.model.mount_users import check_mountable, check_replaceable, users
from sharectl.model.plan import check_all_seen, check_released


def mount(site: Site, action: MountShare) -> None:
    check_mountable(action, site.look())
    _mount_export(site, action.mapping)


def _mount_export(site: Site, mapping: ShareMapping) -> None:
    key_file, rule_id = None, mapping.rule_id
    if mapping.access_type is AccessType.CEPHX:
        key_file, rule_id = _key_file(site, mapping)
    seconds = site.effort.mount_seconds or site.app.config.mount_timeout
    mount_share(site.app, mapping, key_file, seconds, rule_id=rule_id)


def _key_file(site: Site, mapping: ShareMapping) -> tuple[Path, str | None]:
    """The cephx key, and the rule that has it.

    It is fetched from Manila where that is asked: a rule that was made again has another.
    """
    if not site.effort.manila:
        return cephx_key.kept(site.app, mapping), mapping.rule_id
    rule = wait_for_rule(site, mapping.share_id, mapping.access)
    deadline = site.effort.deadline
    return cephx_key.fetch_or_kept(site.app, mapping.share_id, rule, deadline), rule.id


def replace_mount(site: Site, action: ReplaceMount) -> None:
    """Look once more who runs with it: the kernel lets go of what virtiofsd still serves."""
    app = site.app
    observed = site.look()
    check_replaceable(action, observed)
    mount_point, seen = action.mapping.mount_point, our_mount(action.mapping, observed)
    app.mounts.unmount(mount_point, app.config.mount_timeout, seen=seen)
    if not is_uncovered(action.mapping, app.mounts.list()):
        _mount_export(site, action.mapping)


def unmount(site: Site, action: UnmountShare) -> None:
    """Look once more who uses it: the kernel lets go of a mount that virtiofsd still serves."""
    app, observed = site.app, site.look()
    check_all_seen(observed)
    if using := users(site.mapping, observed):
        raise Refused(
            f"{action.mount_point} is in use by domain {', '.join(item.name for item in using)}",
            hint="run it again: the mount then stays for that domain",
        )
    check_released(site.mapping, observed)
    app.mounts.unmount(
        action.mount_point, app.config.mount_timeout,
        seen=our_mount(site.mapping, observed), force=site.effort.force,
    )  # fmt: skip
