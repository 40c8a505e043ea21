"""What keeps a share from being used, although Manila has it: where the data is not to be had.

Manila tells it in three fields: `status`, `task_state` and, since microversion 2.69,
`is_soft_deleted`. A share whose data stays where it is (while it is extended, say) is not hindered.
"""

from __future__ import annotations

from dataclasses import dataclass

_SEE = "see what becomes of it: openstack share show {id}"
_BEING_DELETED = "is being deleted"
_MIGRATED = "is being migrated"
_TAKEN_BACK = "is being taken back to an earlier state"

# Words of manila.common.constants. The data is there in all that are not hindrances.
_USABLE = frozenset({
    "available", "extending", "extending_error", "shrinking", "shrinking_error",
    "shrinking_possible_data_loss_error", "backup_creating", "ensuring",
})  # fmt: skip
_STATUSES = {
    "creating": "is still being created",
    "creating_from_snapshot": "is still being created",
    "deleting": _BEING_DELETED,
    "deferred_deleting": _BEING_DELETED,
    "error_deferred_deleting": _BEING_DELETED,
    "deleted": _BEING_DELETED,
    "error_deleting": "could not be deleted",
    "inactive": "is inactive",
    "manage_starting": "is being taken into Manila",
    "unmanage_starting": "is being taken out of Manila",
    "unmanaged": "was taken out of Manila",
    "migrating": _MIGRATED,
    "migrating_to": _MIGRATED,
    "server_migrating": _MIGRATED,
    "server_migrating_to": _MIGRATED,
    "replication_change": "is changing places with a replica",
    "restoring": _TAKEN_BACK,
    "reverting": _TAKEN_BACK,
    "reverting_to_snapshot": _TAKEN_BACK,
    "backup_restoring": _TAKEN_BACK,
    "awaiting_transfer": "is offered to another project",
}
_HINTS = {
    "awaiting_transfer": "take the offer back: openstack share transfer list, and"
    " openstack share transfer delete TRANSFER",
}
# Task states that stay when a migration has ended.
_ENDED = frozenset({
    "migration_success", "migration_error", "migration_cancelled",
    "data_copying_error", "data_copying_cancelled",
})  # fmt: skip


@dataclass(frozen=True)
class Hindrance:
    """Why a share cannot be used now, as the rest of a sentence that begins with it; and a way out.

    `str(hindrance)` is the reason: "is in the recycle bin and will be purged on 2026-12-01".
    """

    why: str
    hint: str

    def __str__(self) -> str:
        return self.why


def hindrance_of(
    share_id: str,
    status: str,
    *,
    task_state: str | None = None,
    soft_deleted: bool = False,
    purged_at: str | None = None,
) -> Hindrance | None:
    """What hinders the use of a share; None when nothing does.

    Args:
        share_id: for the hint.
        status: Manila's word.
        task_state: Manila's word for a migration that is under way or has ended.
        soft_deleted: whether it is in the recycle bin.
        purged_at: when it will be purged, as Manila writes times: 2026-12-01T09:30:00.000000.
    """
    if soft_deleted:
        purge = f" on {purged_at[:10]}" if purged_at else ""
        return Hindrance(
            f"is in the recycle bin and will be purged{purge}",
            f"take it out: openstack share restore {share_id}",
        )
    if status not in _USABLE:
        why = _STATUSES.get(status)
        shown = f"{why} (status {status})" if why else f"is in status {status!r}"
        return Hindrance(shown, _HINTS.get(status, _SEE.format(id=share_id)))
    if task_state and task_state not in _ENDED:
        return Hindrance(f"{_MIGRATED} (task state {task_state})", _SEE.format(id=share_id))
    return None
