"""Mounts of ours that no record speaks of, as a lost store leaves them, and their access rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sharectl.engine.deadlines import Deadline
from sharectl.engine.domains import check_all_seen, look_at_domains
from sharectl.engine.project import CHOOSE_CLOUD
from sharectl.engine.withdrawal import LOCK_SECONDS, withdraw_noted
from sharectl.errors import ConfigError, Denied, InUse, NotFound, Refused, SharectlError
from sharectl.model.action import RevokeAccess
from sharectl.model.checks import how_to_record
from sharectl.model.commands import word
from sharectl.model.domain import Domain, is_within
from sharectl.model.mapping import ShareMapping
from sharectl.model.mount_users import who
from sharectl.model.mounts import HostMount, mounted_at
from sharectl.model.places import is_share_mount
from sharectl.model.rule_owner import is_ours
from sharectl.model.share import AccessRule, is_share_id
from sharectl.model.unrecorded import unrecorded
from sharectl.model.withdrawal import Withdrawal

if TYPE_CHECKING:
    from sharectl.engine.tally import Tally
    from sharectl.model.survey import Survey
    from sharectl.ports import App

_UNUSED = "unmount it: sharectl reconcile --prune"


@dataclass(frozen=True)
class Orphan:
    """A `mount` of ours in no record. `users` are domains that have it in their definition.

    `advice` is what to do about each of them. `alone` is whether no record speaks of the share
    either, mounted elsewhere: then its access rule and its key are of no more use than the mount.
    """

    mount: HostMount
    share_id: str
    users: tuple[str, ...]
    alone: bool
    advice: tuple[str, ...] = ()

    @property
    def mount_point(self) -> str:
        """Where it is mounted."""
        return self.mount.mount_point

    def describe(self) -> str:
        """One line for the plan."""
        return f"unmount {self.mount_point} ({self.mount.source}), which no record speaks of"

    def problem(self) -> Refused:
        """What to tell of it."""
        by = f", and is used by domain {', '.join(self.users)}" if self.users else ""
        return Refused(
            f"{self.mount_point} is a mount of {self.mount.source} that no record speaks of{by}",
            hint="; ".join(self.advice) or _UNUSED,
        )


def leftovers(
    app: App, seen: Survey, tally: Tally, *, prune: bool, dry_run: bool, timeout: float
) -> None:
    """Tell of the orphans; with `prune`, and when all else is well, take away the unused ones.

    Args:
        app: the ports.
        seen: the survey.
        tally: where changes and problems go.
        prune: whether to take them away.
        dry_run: only tell what would be done.
        timeout: seconds to wait for Manila, for each share.
    """
    if seen.domains is None or seen.domains.failed:
        return  # it is not known who uses them
    recorded = (item for group in seen.mappings.values() for item in group)
    mounts = (layers[-1] for layers in seen.mounts.values())
    orphans = _orphans(app, recorded, mounts, seen.domains.seen)
    _name_unrecorded(app, seen, tally, {item.share_id for item in orphans})
    _name_covered(app, seen, tally)
    for orphan in orphans:
        if not prune or tally.outcome.problems or orphan.users:
            tally.failed(orphan.problem())
            continue
        try:
            if dry_run:
                for line in _plan(orphan, _rules(app, orphan)):
                    tally.changed(line)
            else:
                _take_away(app, orphan, tally, timeout)
        except SharectlError as error:
            tally.failed(error)


def _name_unrecorded(app: App, seen: Survey, tally: Tally, told: set[str]) -> None:
    """Filesystems of shares in domains that have no record for them.

    Not of the shares in `told`: of those the mount is named, with the domains that use it.
    """
    known = [item for group in seen.mappings.values() for item in group]
    for item in unrecorded(seen.domains or (), known, str(app.config.mount_base)):
        if item.share_id not in told:
            tally.failed(item.problem())


def _name_covered(app: App, seen: Survey, tally: Tally) -> None:
    """Mounts that no record speaks of and that lie below what somebody else has mounted."""
    known = {item.mount_point for group in seen.mappings.values() for item in group}
    for mount_point, (*below, top) in seen.mounts.items():
        if mount_point in known or _share_at(app, top) is not None:
            continue
        ours = [item for item in below if _share_at(app, item) is not None]
        if ours:
            tally.failed(
                InUse(
                    f"{top.label} is mounted over {ours[-1].source} on {mount_point}, which no"
                    " record speaks of",
                    hint=f"see who uses it, then: umount {word(mount_point)}; then:"
                    " sharectl reconcile --prune",
                )
            )


def _orphans(
    app: App,
    recorded: Iterable[ShareMapping],
    mounts: Iterable[HostMount],
    domains: tuple[Domain, ...],
) -> tuple[Orphan, ...]:
    known = tuple(recorded)
    points, shares = {item.mount_point for item in known}, {item.share_id for item in known}
    found = []
    for item in mounts:
        share_id = _share_at(app, item)
        if share_id is None or item.mount_point in points:
            continue
        using = [domain for domain in domains if domain.uses(item.mount_point)]
        names = tuple(domain.name for domain in using)
        advice = tuple(_advice(domain, item.mount_point, share_id) for domain in using)
        found.append(Orphan(item, share_id, names, share_id not in shares, advice))
    return tuple(found)


def _advice(domain: Domain, mount_point: str, share_id: str) -> str:
    """`adopt` goes by what the domain's metadata says, `add` by what the admin does."""
    target = domain.word
    if any(item.share_id == share_id for item in domain.marks):
        return f"record it again: sharectl adopt {target}"
    of_share = [item for item in domain.filesystems if is_within(item.source, mount_point)]
    if not of_share:  # such as a disk image that lies on it
        return f"take out what lies on it: virsh edit {target}"
    return how_to_record(domain, share_id, of_share[0])


def _share_at(app: App, mount: HostMount) -> str | None:
    """The share of a mount as sharectl makes them, else None.

    What is mounted deeper is not: an NFS client mounts by itself what the server has mounted
    inside an export, as soon as a guest walks in.
    """
    folder, _, name = mount.mount_point.rpartition("/")
    if folder != str(app.config.mount_base) or not is_share_mount(mount):
        return None
    return name if is_share_id(name) else None


def _plan(orphan: Orphan, rules: tuple[AccessRule, ...]) -> list[str]:
    revoked = [RevokeAccess(orphan.share_id, rule).describe() for rule in rules]
    return [orphan.describe(), *revoked]


def _take_away(app: App, seen: Orphan, tally: Tally, timeout: float) -> None:
    """Unmount, then revoke: a mount that loses its access first may hang.

    Manila is asked, and what goes is noted, before anything is done: once the mount is gone,
    nothing else leads to the rules.
    """
    with app.locks.share(seen.share_id, LOCK_SECONDS):
        orphan = _look_again(app, seen)
        if orphan is None:
            return
        rules = _rules(app, orphan)
        note = _note(app, orphan, rules) if orphan.alone else None
        if _look_again(app, seen) != orphan:  # a domain may have come while Manila was asked
            return
        with app.interrupts.shielded():
            if note is not None:
                app.withdrawals.put(note)
            app.mounts.unmount(orphan.mount_point, app.config.mount_timeout, seen=orphan.mount)
            tally.changed(orphan.describe())
        if note is not None:
            withdraw_noted(app, note, rules, tally, Deadline.after(app.clock, timeout))


def _note(app: App, orphan: Orphan, rules: tuple[AccessRule, ...]) -> Withdrawal:
    return Withdrawal(
        orphan.share_id,
        orphan.mount_point,
        app.shares.project_id(),
        tuple(item.id for item in rules),
    )


def _look_again(app: App, seen: Orphan) -> Orphan | None:
    """The orphan as it is now that the share is locked; None when it is none any more.

    Raises `Refused` when a domain uses it.
    """
    mount = mounted_at(app.mounts.list(), seen.mount_point)
    if mount is None:
        return None
    stored = app.store.load()
    domains = look_at_domains(app, stored)
    check_all_seen(domains, seen.mount_point)
    found = _orphans(app, stored, (mount,), domains.seen)
    orphan = found[0] if found else None
    if orphan is not None and orphan.users:
        raise orphan.problem()
    _check_released(app, mount)
    return orphan


def _check_released(app: App, mount: HostMount) -> None:
    """Raise `InUse` while a process that no known domain has serves the mount."""
    same = (item for item in app.mounts.served() if item.mount.device == mount.device)
    if mount.device and (by := who((), tuple(same))) is not None:
        raise InUse(f"{by.runs} with {mount.mount_point}, which no record speaks of", hint=by.stop)


def _rules(app: App, orphan: Orphan) -> tuple[AccessRule, ...]:
    """The rules that this host's sharectl made for it and that no record needs.

    Raises `Denied` for one that these credentials cannot withdraw, `ConfigError` when they are of
    another project than the share was attached as.
    """
    if not orphan.alone:
        return ()
    try:
        rules = app.shares.rules(orphan.share_id)
    except NotFound:
        _check_project(app, orphan)
        app.events.warn(
            f"share {orphan.share_id} is not in Manila, or not for these credentials: an access"
            " rule of it, if there is one, stays"
        )
        return ()
    ours = tuple(item for item in rules if is_ours(item, app.host.identity, ()))
    for rule in ours:
        if rule.access_to is None:  # hidden
            raise Denied(
                f"{orphan.mount_point} is a mount that no record speaks of, and access rule"
                f" {rule.id} of share {orphan.share_id} was made for it by another Manila user",
                hint="use the credentials that made the rule, or those of an admin:"
                " --os-cloud NAME",
            )
    if any(item.metadata is None for item in rules):
        app.events.warn(
            f"this Manila does not tell who made an access rule; look whether one is of no use:"
            f" openstack share access list {orphan.share_id}"
        )
    return ours


def _check_project(app: App, orphan: Orphan) -> None:
    """To another project the share does not exist, and its access rule would stay for ever."""
    note, here = app.mounts.notes().get(orphan.mount_point), app.shares.project_id()
    if note is not None and note.project_id not in ("", here):
        raise ConfigError(
            f"{orphan.mount_point} is a mount that no record speaks of, of a share of project"
            f" {note.project_id}, and these credentials are of project {here}",
            hint=CHOOSE_CLOUD,
        )
