"""The mark of a mapping: what is written of it into the domain's metadata, as texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from sharectl.model.identity import HostIdentity
    from sharectl.model.mapping import ShareMapping


@dataclass(frozen=True)
class Mark:
    """All that a mapping can be made of anew, and the host that wrote it; no secret among it.

    An absent value is an empty text. `controllers` are numbers with spaces between.
    """

    id: str
    share_id: str
    share_name: str
    protocol: str
    export_location: str
    tag: str
    access_type: str
    access_to: str
    access_level: str
    mount_point: str
    host: str
    requested_by: str
    created_at: str
    filesystem_name: str
    shared_memory: str
    controllers: str
    project_id: str

    @classmethod
    def of(cls, mapping: ShareMapping, host: HostIdentity) -> Self:
        """The mark of `mapping` on `host`."""
        return cls(
            id=mapping.id,
            share_id=mapping.share_id,
            share_name=_printable(mapping.share_name),
            protocol=mapping.protocol.value,
            export_location=mapping.export_location,
            tag=mapping.tag,
            access_type=mapping.access_type.value,
            access_to=mapping.access_to,
            access_level=mapping.access_level.value,
            mount_point=mapping.mount_point,
            host=_printable(host.name),
            requested_by=_printable(mapping.requested_by),
            created_at=mapping.created_at.isoformat(),
            filesystem_name=mapping.filesystem_name or "",
            shared_memory=mapping.shared_memory.value if mapping.shared_memory else "",
            controllers=" ".join(str(index) for index in mapping.controllers),
            project_id=mapping.project_id,
        )


def _printable(text: str) -> str:
    """`text` without what XML has no form for."""
    return "".join(character for character in text if character.isprintable())
