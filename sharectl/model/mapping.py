"""The share mapping: the record "share S is attached to domain D", the only thing stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from sharectl.errors import Refused
from sharectl.model import commands
from sharectl.model.domain import Domain, Filesystem, is_within
from sharectl.model.enums import (
    AccessLevel,
    AccessType,
    Intent,
    MappingStatus,
    SharedMemory,
    ShareProtocol,
)

if TYPE_CHECKING:
    from sharectl.model.share import Access


@dataclass(frozen=True)
class ShareMapping:
    """Share `share_id` attached to domain `domain_uuid` of this host.

    `rule_id` is the access rule that sharectl made, None while a foreign rule serves.
    `owns_rule` is set before a rule is asked for, so that a rule made right before a crash is
    known as ours also on servers without rule metadata. `filesystem_name` is the CephFS volume.
    `shared_memory` is the memory backing that sharectl added to the domain, if it did, and
    `controllers` are the indexes of the PCI controllers that came with the filesystem.
    `outdated_rules` are rules of ours for a client that mounts the share no more, to be withdrawn.
    `libvirt_uri` is the libvirt that has the domain; `cloud` and `auth_url` are the cloud's name
    in clouds.yaml and the address of its Keystone, `project_id` is the OpenStack project whose
    credentials attached the share. Each is empty where an earlier version did not record it.
    `location_chosen` tells that the admin chose the export location, so that no other is tried.
    `device` is the filesystem element as it was last seen in the domain, with what an admin has
    set by hand; empty for a plain one.
    """

    id: str
    domain_uuid: str
    domain_name: str
    share_id: str
    share_name: str
    protocol: ShareProtocol
    export_location: str
    tag: str
    access_type: AccessType
    access_to: str
    access_level: AccessLevel
    mount_point: str
    intent: Intent
    created_at: datetime
    updated_at: datetime
    requested_by: str
    filesystem_name: str | None = None
    rule_id: str | None = None
    owns_rule: bool = False
    shared_memory: SharedMemory | None = None
    controllers: tuple[int, ...] = ()
    outdated_rules: tuple[str, ...] = ()
    project_id: str = ""
    libvirt_uri: str = ""
    cloud: str = ""
    auth_url: str = ""
    device: str = ""
    location_chosen: bool = False
    last_error: str | None = None

    @property
    def access(self) -> Access:
        """The access that this mapping needs."""
        from sharectl.model.share import Access

        return Access(self.access_type, self.access_to, self.access_level)

    @property
    def filesystem(self) -> Filesystem:
        """The filesystem that the domain has while the mapping is attached."""
        readonly = self.access_level is AccessLevel.RO
        return Filesystem(self.tag, self.mount_point, readonly=readonly, xml=self.device)

    @property
    def domain_word(self) -> str:
        """The domain in a command to type; see `commands.domain_word`."""
        return commands.domain_word(self.domain_name, self.domain_uuid)

    @property
    def add_again(self) -> str:
        """What an admin types to attach the share in the same way once it was removed."""
        options = ["--tag", self.tag]
        if self.access_level is AccessLevel.RO:
            options.append("--read-only")
        if self.location_chosen:
            options += ["--export-location", self.export_location]
        words = ("sharectl", "add", self.domain_uuid, self.share_id)
        return commands.join(*words, options=tuple(options))

    @property
    def wanted(self) -> bool:
        """Whether rule, mount and filesystem are to exist."""
        return self.intent is not Intent.DETACHING

    def with_intent(
        self, intent: Intent, now: datetime, last_error: str | None = None
    ) -> ShareMapping:
        """The same mapping with another intent, as of `now`."""
        return replace(self, intent=intent, updated_at=now, last_error=last_error)

    def moved(
        self, export_location: str, access_to: str, rules: tuple[str, ...] = ()
    ) -> ShareMapping:
        """The same mapping of a share that is exported elsewhere, and to whom.

        Our rules for another client are to be withdrawn when nothing is mounted with them any more:
        that of the record, and `rules`, for a kill may have kept the ID from being recorded.
        """
        now = replace(
            self, export_location=export_location, access_to=access_to, location_chosen=False
        )
        if access_to == self.access_to:
            return now
        left = (self.rule_id,) if self.owns_rule and self.rule_id else ()
        outdated = tuple(dict.fromkeys((*self.outdated_rules, *left, *rules)))
        return replace(now, rule_id=None, owns_rule=False, outdated_rules=outdated)


def status_of(mapping: ShareMapping, domain: Domain | None) -> MappingStatus:
    """The status to show; `domain` is None when it is gone or could not be looked at."""
    if mapping.last_error is not None:
        return MappingStatus.ERROR
    if mapping.intent is not Intent.ATTACHED:
        return MappingStatus(mapping.intent.value)
    live = domain.live_filesystems if domain is not None else ()
    active = any(serves(item, mapping) for item in live)
    return MappingStatus.ACTIVE if active else MappingStatus.INACTIVE


def serves(item: Filesystem, mapping: ShareMapping) -> bool:
    """Whether `item` is the filesystem of `mapping`; see `Filesystem.is_device`."""
    return item.is_device(mapping.tag, mapping.mount_point)


def has_device(mapping: ShareMapping, domain: Domain) -> bool:
    """Whether the domain's persistent definition has the mapping's filesystem."""
    return any(serves(item, mapping) for item in domain.filesystems)


def other_device(mapping: ShareMapping, domain: Domain) -> Filesystem | None:
    """What stands in the place of the mapping's filesystem, edited by somebody: None if nothing.

    It serves the mapping's mount point, or a folder in it, under another tag, or has the tag and is
    no virtiofs.
    """
    if has_device(mapping, domain):
        return None
    inside = (it for it in domain.filesystems if is_within(it.source, mapping.mount_point))
    return next(inside, None)


def retagged_device(mapping: ShareMapping, domain: Domain) -> Refused | None:
    """What somebody has edited and is not ours to add to, or to take away; None if nothing is."""
    edited = other_device(mapping, domain)
    if edited is None or edited.tag == mapping.tag:  # it has lost its driver, and is put back
        return None
    again = replace(mapping, tag=edited.tag).add_again
    return Refused(
        f"domain {domain.name} has share {mapping.share_name or mapping.share_id} under tag"
        f" {edited.tag}, and the record says {mapping.tag}",
        hint=f"give it that tag again: virsh edit {domain.uuid}; or have the other recorded:"
        f" sharectl remove {domain.uuid} {mapping.share_id}; then: {again}",
    )


def changed_device(mapping: ShareMapping, domain: Domain) -> Refused | None:
    """What somebody has made of the filesystem, so that the guest cannot work with it.

    None if nothing, or if the domain has no filesystem of the mapping. It is named and not put
    right: whoever has edited the domain may have had a reason.
    """
    name, edit = mapping.share_name or mapping.share_id, f"virsh edit {domain.uuid}"
    present = (*domain.filesystems, *domain.live_filesystems)
    own = [item for item in present if serves(item, mapping)]
    if mapping.access_level is AccessLevel.RW and any(item.readonly for item in own):
        return Refused(
            f"domain {domain.name} has share {name} read-only, and the record says read-write",
            hint=f"take <readonly/> out of its filesystem: {edit}; then start the domain again; or"
            " attach it with --read-only",
        )
    twin = next((i for i in present if i.tag == mapping.tag and not serves(i, mapping)), None)
    if own and twin is not None:
        return Refused(
            f"domain {domain.name} has another filesystem with the tag {mapping.tag} of share"
            f" {name}: {twin.source}",
            hint=f"give it another tag: {edit}; then start the domain again",
        )
    return None


def has_live_device(mapping: ShareMapping, domain: Domain) -> bool:
    """Whether the running guest has the mapping's filesystem."""
    return any(serves(item, mapping) for item in domain.live_filesystems)


def find_mapping(
    mappings: tuple[ShareMapping, ...], domain_uuid: str, share: str
) -> ShareMapping | None:
    """The mapping of that domain whose share has this ID, or else this name; None without one.

    Raises `Refused` when several of its shares have the name, which Manila allows.
    """
    own = [item for item in mappings if item.domain_uuid == domain_uuid]
    by_id = [item for item in own if item.share_id == share]
    named = [item for item in own if item.share_name == share]
    if not by_id and len(named) > 1:
        raise Refused(
            f"{len(named)} shares named {share!r} are attached to domain {named[0].domain_name}",
            hint="give the ID of one: " + " ".join(item.share_id for item in named),
        )
    return next(iter(by_id or named), None)


def add_command(domain: str, share: str, tag: str, *, readonly: bool) -> str:
    """What an admin types to give the domain the share, or to have recorded that it has it."""
    options = ("--tag", tag, *(["--read-only"] if readonly else []))
    return commands.join("sharectl", "add", domain, share, options=options)
