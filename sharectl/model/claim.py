"""What a domain's mark claims, and whether Manila confirms it.

A mark stands in the domain's metadata, where anybody may have written it who may define the
domain. Manila's own metadata of a share's access rules tells which domains the share was attached
to, and only members of the share's project can write that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sharectl.errors import Refused, SharectlError
from sharectl.model.checks import check_share_id
from sharectl.model.domain import Domain
from sharectl.model.enums import AccessLevel, SharedMemory
from sharectl.model.mapping import add_command
from sharectl.model.mapping_checks import check_tag
from sharectl.model.mark import Mark
from sharectl.model.provenance import NAMESPACE
from sharectl.model.rule_owner import HOST, HOST_ID, domain_key, is_of_sharectl
from sharectl.model.share import AccessRule

_LAST_CONTROLLER = 2**31 - 1


@dataclass(frozen=True)
class Claim:
    """The values of a mark that could be true; see `Mark`. Whether they are is not known."""

    share_id: str
    tag: str
    level: AccessLevel
    shared_memory: SharedMemory | None
    controllers: tuple[int, ...]
    created_at: datetime
    requested_by: str


def claim_of(mark: Mark, domain: Domain) -> Claim:
    """What `mark` claims.

    Raises `Refused` for values that sharectl would not have written.
    """
    try:
        created = datetime.fromisoformat(mark.created_at)
        if created.tzinfo is None:
            raise ValueError("the time of its making has no zone")
        created.astimezone(UTC)  # which years that no calendar has do not take
        controllers = tuple(int(index) for index in mark.controllers.split())
        if not all(0 <= index <= _LAST_CONTROLLER for index in controllers):
            raise ValueError("there are no controllers of such numbers")
        return Claim(
            share_id=check_share_id(mark.share_id),
            tag=check_tag(mark.tag),
            level=AccessLevel(mark.access_level),
            shared_memory=SharedMemory(mark.shared_memory) if mark.shared_memory else None,
            controllers=controllers,
            created_at=created,
            requested_by=mark.requested_by,
        )
    except (ValueError, OverflowError, SharectlError) as error:
        raise Refused(
            f"the metadata of domain {domain.name} about share {mark.share_id[:80]} is damaged:"
            f" {error}",
            hint=f"look at it: virsh metadata {domain.word} {NAMESPACE} --config",
        ) from error


def confirming(
    rules: tuple[AccessRule, ...], domain_uuid: str, mark: Mark
) -> tuple[AccessRule, ...]:
    """The rules by which Manila confirms that the domain had the share, as `mark` says.

    A rule of sharectl names its domains, each with level and tag. One of version 0.1.0 names the
    host alone: it confirms a mark of that version, of the same host, client and level. A rule that
    is being withdrawn confirms nothing.

    Args:
        rules: all of the share.
        domain_uuid: of the domain that has the mark: a copy has another.
        mark: what the domain's metadata says.
    """
    return tuple(
        item
        for item in rules
        if is_of_sharectl(item) and not item.leaving and _confirms(item, domain_uuid, mark)
    )


def _confirms(rule: AccessRule, domain_uuid: str, mark: Mark) -> bool:
    metadata = rule.metadata or {}
    said = metadata.get(domain_key(domain_uuid))
    if said is not None or HOST_ID in metadata:
        return said == f"{mark.access_level} {mark.tag}"
    if mark.host_id or not mark.access_to:
        return False
    seen = metadata.get(HOST), rule.access_to, rule.access_level
    return seen == (mark.host, mark.access_to, mark.access_level)


def unconfirmed(domain: Domain, share_id: str, tag: str, level: AccessLevel) -> Refused:
    """The refusal to believe a mark: the admin may give the same order in words."""
    readonly = level is AccessLevel.RO
    target = domain.word
    command = add_command(target, share_id, tag, readonly=readonly)
    return Refused(
        f"no access rule in Manila says that share {share_id} was attached to this domain"
        f" {'read-only' if readonly else 'read-write'} with tag {tag}, and its metadata alone is no"
        " proof",
        hint=f"if it is to have the share: {command}; if not, take the filesystem out: virsh edit"
        f" {target}",
    )
