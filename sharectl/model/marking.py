"""Making the mark of a mapping, for the domain's metadata."""

from __future__ import annotations

from sharectl.model.identity import HostIdentity
from sharectl.model.mapping import ShareMapping
from sharectl.model.mark import Mark


def mark_of(mapping: ShareMapping, host: HostIdentity) -> Mark:
    """The mark of `mapping` on `host`."""
    return Mark(
        id=mapping.id,
        share_id=mapping.share_id,
        share_name=_printable(mapping.share_name),
        tag=mapping.tag,
        access_level=mapping.access_level.value,
        host=_printable(host.name),
        host_id=host.id,
        cloud=_printable(mapping.cloud),
        project_id=mapping.project_id,
        requested_by=_printable(mapping.requested_by),
        created_at=mapping.created_at.isoformat(),
        shared_memory=mapping.shared_memory.value if mapping.shared_memory else "",
        controllers=" ".join(str(index) for index in mapping.controllers),
    )


def _printable(text: str) -> str:
    """`text` without what XML has no form for."""
    return "".join(character for character in text if character.isprintable())
