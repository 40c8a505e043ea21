"""How each action is carried out. Each can be repeated.

Effects that are followed by a record of them are shielded from signals; waits are not.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from functools import singledispatchmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sharectl.errors import NotFound, Refused, SharectlError, StoreError, Unavailable
from sharectl.model import access as rules_of
from sharectl.model import domain_xml
from sharectl.model.action import (
    Action,
    AttachFilesystem,
    AwaitAccess,
    DetachFilesystem,
    DisableSharedMemory,
    EnableSharedMemory,
    GrantAccess,
    MarkDomain,
    MountShare,
    ReplaceMount,
    RevokeAccess,
    UnmarkDomain,
    UnmountShare,
)
from sharectl.model.enums import AccessType, RuleState
from sharectl.model.mapping import ShareMapping
from sharectl.model.mark import Mark
from sharectl.model.mount_use import check_mountable, check_replaceable, is_uncovered
from sharectl.model.plan import users
from sharectl.model.share import Access, AccessRule
from sharectl.operations import cephx_key
from sharectl.operations.deadlines import DOMAIN_LOCK_SECONDS, Deadline, Pause
from sharectl.operations.mounting import mount_share
from sharectl.operations.observe import observe
from sharectl.operations.withdrawal import await_withdrawal

if TYPE_CHECKING:
    from sharectl.model.domain import Domain
    from sharectl.ports import App, Transaction


@dataclass(frozen=True)
class Effort:
    """How hard to try.

    Attributes:
        deadline: until when to wait for Manila.
        force: give up what a dead file server still holds.
        manila: whether to ask and change Manila.
        libvirt: whether to ask libvirt, which at boot waits for us.
    """

    deadline: Deadline
    force: bool = False
    manila: bool = True
    libvirt: bool = True


class Steps:
    """The actions on `mapping`. The caller holds the share's lock."""

    def __init__(self, app: App, mapping: ShareMapping, effort: Effort) -> None:
        self._app = app
        self._mapping = mapping
        self._effort = effort

    @singledispatchmethod
    def apply(self, action: Action) -> None:
        """Carry out `action`. Raises a `SharectlError` when it fails."""
        raise TypeError(action)

    @apply.register
    def _grant(self, action: GrantAccess) -> None:
        app = self._app
        metadata = rules_of.rule_metadata(app.host.name, self._mapping.requested_by)
        with app.interrupts.shielded():
            self._remember_rule(owns=True)
            try:
                rule = app.shares.grant(action.share_id, action.access, metadata)
            except Refused:
                # None was made: if there is one for this client, then somebody else's.
                self._remember_rule(owns=False)
                raise
            self._remember_rule(owns=True, rule_id=rule.id)

    def _remember_rule(self, *, owns: bool, rule_id: str | None = None) -> None:
        """Record whose the rule is: the only proof on servers without rule metadata.

        When a rule was made, one that another mapping knew of is gone: Manila has one per client.
        That is written first: a mapping with a rule and no ID may claim what it finds.
        """
        with self._app.store.transaction() as store:
            for other in store.mappings if rule_id is not None else ():
                same = other.share_id == self._mapping.share_id and other.id != self._mapping.id
                if same and other.owns_rule:
                    store.put(replace(other, rule_id=None, owns_rule=False))
        self._remember(owns_rule=owns, rule_id=rule_id)

    def _remember(self, **changes: Any) -> None:
        """Write what has become of the mapping into its record."""
        with self._app.store.transaction() as store:
            store.put(replace(self._stored(store), **changes))

    def _stored(self, store: Transaction) -> ShareMapping:
        for item in store.mappings:
            if item.id == self._mapping.id:
                return item
        raise StoreError(f"mapping {self._mapping.id} has vanished from the store")

    @apply.register
    def _await(self, action: AwaitAccess) -> None:
        """A rule that was made anew has another key; one that is kept is of no use any more."""
        rule = self._wait_for_rule(action.share_id, action.access)
        if self._app.secrets.file(action.share_id) is not None:
            cephx_key.fetch_or_kept(self._app, action.share_id, rule, self._effort.deadline)

    def _wait_for_rule(self, share_id: str, access: Access) -> AccessRule:
        pause = Pause(self._app, self._effort.deadline)
        while True:
            rule = rules_of.find_rule(self._rules(share_id), access)
            if rule is None:
                raise Refused(
                    f"the access rule for {access.type} {access.to} on share {share_id} is gone",
                    hint="somebody else withdrew it; try again",
                )
            if rule.state is RuleState.ACTIVE:
                return rule
            if rule.state is RuleState.ERROR:
                raise _rule_failed(share_id, access)
            pause.once(f"the access rule for {access.type} {access.to} on share {share_id}"
                       f" (it is {rule.state})")  # fmt: skip

    def _rules(self, share_id: str) -> tuple[AccessRule, ...]:
        app = self._app
        mappings = tuple(item for item in app.store.load() if item.share_id == share_id)
        return rules_of.revealed(app.shares.rules(share_id), mappings, app.host.name)

    @apply.register
    def _mount(self, action: MountShare) -> None:
        check_mountable(action, self._domains())
        self._mount_export(action.mapping)

    def _mount_export(self, mapping: ShareMapping) -> None:
        key_file, rule_id = None, None
        if mapping.access_type is AccessType.CEPHX:
            key_file, rule_id = self._key_file(mapping)
        timeout = self._app.config.mount_timeout
        mount_share(self._app, mapping, key_file, timeout, rule_id=rule_id)

    @apply.register
    def _replace_mount(self, action: ReplaceMount) -> None:
        """Look once more who runs with it: the kernel lets go of what virtiofsd still serves."""
        app = self._app
        check_replaceable(action, self._domains())
        app.mounts.unmount(action.mapping.mount_point, app.config.mount_timeout)
        if not is_uncovered(action.mapping, app.mounts.list()):
            self._mount_export(action.mapping)

    def _domains(self) -> tuple[Domain, ...] | None:
        return self._app.domains.list() if self._effort.libvirt else None

    def _key_file(self, mapping: ShareMapping) -> tuple[Path, str | None]:
        """The cephx key and its rule, fresh from Manila where that is asked.

        A rule that was made anew has another key.
        """
        if not self._effort.manila:
            return cephx_key.kept(self._app, mapping), mapping.rule_id
        rule = self._wait_for_rule(mapping.share_id, mapping.access)
        deadline = self._effort.deadline
        return cephx_key.fetch_or_kept(self._app, mapping.share_id, rule, deadline), rule.id

    @apply.register
    def _enable_memory(self, action: EnableSharedMemory) -> None:
        with self._domain_lock(action.domain_uuid), self._app.interrupts.shielded():
            self._app.domains.enable_shared_memory(action.domain_uuid, action.kind)

    @apply.register
    def _attach(self, action: AttachFilesystem) -> None:
        """With the PCI controller that may come along recorded, lest a crash leave it behind."""
        domains, uuid = self._app.domains, action.domain_uuid
        with self._domain_lock(uuid), self._app.interrupts.shielded():
            seen = domains.get([uuid]).get(uuid)
            coming = domain_xml.next_controllers(seen.xml) if seen is not None else ()
            self._change_controllers(plus=coming)
            try:
                added = domains.attach_filesystem(uuid, action.filesystem)
            except Unavailable:
                raise  # it may yet happen
            except SharectlError:
                self._change_controllers(minus=coming)
                raise
            self._change_controllers(minus=coming, plus=added)

    def _change_controllers(self, *, minus: Iterable[int] = (), plus: Iterable[int] = ()) -> None:
        with self._app.store.transaction() as store:
            stored = self._stored(store)
            controllers = tuple(sorted({*stored.controllers} - {*minus} | {*plus}))
            if controllers != stored.controllers:
                store.put(replace(stored, controllers=controllers))

    @apply.register
    def _detach(self, action: DetachFilesystem) -> None:
        with self._domain_lock(action.domain_uuid), self._app.interrupts.shielded():
            try:
                left = self._app.domains.detach_filesystem(
                    action.domain_uuid, action.filesystem, action.controllers
                )
            except NotFound:
                return  # undefined since we looked
            self._change_controllers(minus=action.controllers, plus=left)

    @apply.register
    def _disable_memory(self, action: DisableSharedMemory) -> None:
        with self._domain_lock(action.domain_uuid), self._app.interrupts.shielded():
            try:
                self._app.domains.disable_shared_memory(action.domain_uuid, action.kind)
            except NotFound:
                return

    @apply.register
    def _mark(self, action: MarkDomain) -> None:
        """From the record as it is now, with the controllers that came with the filesystem."""
        app = self._app
        with self._domain_lock(action.domain_uuid), app.interrupts.shielded():
            with app.store.transaction() as store:
                stored = self._stored(store)
            app.domains.mark(action.domain_uuid, Mark.of(stored, app.host.name))

    @apply.register
    def _unmark(self, action: UnmarkDomain) -> None:
        with self._domain_lock(action.domain_uuid), suppress(NotFound):
            self._app.domains.unmark(action.domain_uuid, self._mapping.id)

    def _domain_lock(self, uuid: str) -> AbstractContextManager[None]:
        """Held only around short calls, so a few seconds' wait is enough at any deadline."""
        return self._app.locks.domain(uuid, DOMAIN_LOCK_SECONDS)

    @apply.register
    def _unmount(self, action: UnmountShare) -> None:
        """Look once more who uses it: the kernel lets go of a mount that virtiofsd still serves."""
        app = self._app
        observed = observe(app, action.share_id, manila=False)
        if using := users(self._mapping, observed):
            raise Refused(
                f"{action.mount_point} is in use by domain {', '.join(using)}",
                hint=f"shut it down: virsh shutdown {using[0]}",
            )
        app.mounts.unmount(action.mount_point, app.config.mount_timeout, force=self._effort.force)

    @apply.register
    def _revoke(self, action: RevokeAccess) -> None:
        app = self._app
        if not action.rule.leaving:
            with app.interrupts.shielded():
                app.shares.revoke(action.share_id, action.rule.id)
        await_withdrawal(app, action.share_id, action.rule.id, self._effort.deadline)
        if action.rule.id in self._mapping.outdated_rules:
            self._drop_outdated(action.rule.id)

    def _drop_outdated(self, rule_id: str) -> None:
        with self._app.store.transaction() as store:
            stored = self._stored(store)
            left = tuple(item for item in stored.outdated_rules if item != rule_id)
            store.put(replace(stored, outdated_rules=left))


def _rule_failed(share_id: str, access: Access) -> Refused:
    return Refused(
        f"Manila could not apply the access rule for {access.type} {access.to} on share {share_id}"
        " (the rule is in state error)",
        hint="the reason is in Manila's log; ask its operator whether the back end takes"
        f" {access.type} rules for {access.to}",
    )
