"""Columns of the outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharectl.cli.output import Cell, Row
from sharectl.model.enums import AccessLevel, Health, MappingStatus
from sharectl.operations.views import MappingView

if TYPE_CHECKING:
    from sharectl.model.unrecorded import Unrecorded

LIST = ("Share ID", "Status", "Tag")
LONG = (
    "Share Name",
    "Protocol",
    "Access Level",
    "Export Location",
    "Mount Point",
    "Health",
    "Last Error",
)
RECORD = (
    "Export Location",
    "Share ID",
    "Status",
    "Tag",
    "UUID",
    "Domain",
    "Domain UUID",
    "Share Name",
    "Protocol",
    "Access Level",
    "Access Type",
    "Access To",
    "Mount Point",
    "Health",
    "Last Error",
    "Requested By",
    "Created At",
    "Updated At",
)


def record(view: MappingView) -> Row:
    """The values of `RECORD`."""
    mapping = view.mapping
    cells: tuple[Cell, ...] = (
        mapping.export_location,
        mapping.share_id,
        view.status,
        mapping.tag,
        mapping.id,
        view.domain_name,
        mapping.domain_uuid,
        mapping.share_name,
        mapping.protocol.value,
        mapping.access_level.value,
        mapping.access_type.value,
        mapping.access_to,
        mapping.mount_point,
        view.health.value,
        mapping.last_error,
        mapping.requested_by,
        mapping.created_at.isoformat(),
        mapping.updated_at.isoformat(),
    )
    return cells


def unrecorded_row(item: Unrecorded, *, with_domain: bool) -> Row:
    """The row of `list --long` for a filesystem that is in no record."""
    status = MappingStatus.ACTIVE if item.live else MappingStatus.INACTIVE
    level = AccessLevel.RO if item.filesystem.readonly else AccessLevel.RW
    shown: Row = (item.share_id, status.value, item.filesystem.tag)
    rest: Row = ("", "", level.value, "", item.filesystem.source or "", Health.UNRECORDED.value, "")
    return (item.domain.name, *shown, *rest) if with_domain else (*shown, *rest)


def list_row(view: MappingView, *, with_domain: bool, long: bool = False) -> Row:
    """The values of `LIST`, with the domain before and those of `LONG` after, if asked for."""
    mapping = view.mapping
    cells: Row = (mapping.share_id, view.status, mapping.tag)
    if long:
        cells = (
            *cells,
            mapping.share_name,
            mapping.protocol.value,
            mapping.access_level.value,
            mapping.export_location,
            mapping.mount_point,
            view.health.value,
            mapping.last_error,
        )
    return (view.domain_name, *cells) if with_domain else cells
