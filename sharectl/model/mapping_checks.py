"""What a new mapping may not be: malformed, or in the way of one that is recorded."""

from __future__ import annotations

import re

from sharectl.errors import Refused, UsageError
from sharectl.model.enums import AccessLevel, Intent
from sharectl.model.mapping import ShareMapping

# virtio-fs has 36 bytes for the tag (virtio specification 1.2, section 5.11.4); libvirt checks
# that only when the domain starts, so it has to be refused here.
_TAG = re.compile(r"[A-Za-z0-9_.:][A-Za-z0-9_.:-]{0,35}")


def check_tag(tag: str) -> str:
    """`tag` when virtio-fs and the shell of every guest can take it, else `UsageError`."""
    if not _TAG.fullmatch(tag):
        raise UsageError(
            f"tag {tag!r} is not 1 to 36 of A-Z a-z 0-9 _ . : - without a dash at the start",
            hint="choose another with --tag",
        )
    return tag


def check_free(new: ShareMapping, existing: tuple[ShareMapping, ...]) -> None:
    """Raise `Refused` if `new` collides with a mapping of the same domain or share."""
    for other in existing:
        if other.id == new.id:
            continue
        if other.domain_uuid == new.domain_uuid:
            if other.share_id == new.share_id:
                raise already_attached(other)
            if other.tag == new.tag:
                raise tag_taken(new.tag, new.domain_name, f"share {other.share_id}")
        if other.share_id == new.share_id:  # its mount may be there until its record is gone
            _check_same_level(new, other)


def _check_same_level(new: ShareMapping, other: ShareMapping) -> None:
    if other.access_level is new.access_level:
        return
    raise Refused(
        f"share {new.share_id} is attached {_word(other)} to domain {other.domain_name}, and one"
        f" host mount serves all domains, so it cannot be {_word(new)} for {new.domain_name}",
        hint=f"attach it {_word(other)}, or first: sharectl remove {other.domain_word}"
        f" {other.share_id}",
    )


def _word(mapping: ShareMapping) -> str:
    return "read-only" if mapping.access_level is AccessLevel.RO else "read-write"


def already_attached(other: ShareMapping, *, source: bool = False) -> Refused:
    """The refusal of a second mapping of the same share and domain.

    With `source` it says from which export location the share is mounted.
    """
    if other.intent is Intent.DETACHING:
        return Refused(
            f"share {other.share_id} is still being detached from domain {other.domain_name}",
            hint=f"finish that first: sharectl remove {other.domain_word} {other.share_id}",
        )
    where = f", from {other.export_location}" if source else ""
    return Refused(
        f"share {other.share_id} is already attached to domain {other.domain_name} with tag"
        f" {other.tag}, {_word(other)}{where}",
        hint=f"to change it, first: sharectl remove {other.domain_word} {other.share_id}",
    )


def tag_taken(tag: str, domain_name: str, by: str) -> Refused:
    """The refusal of a tag that something else in the domain has."""
    return Refused(
        f"tag {tag} is already taken in domain {domain_name} by {by}",
        hint="choose another with --tag",
    )
