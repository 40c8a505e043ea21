"""What hinders the use of a share."""

from __future__ import annotations

import pytest

from sharectl.errors import Refused
from sharectl.model.checks import check_share
from sharectl.model.hindrance import hindrance_of
from sharectl.model.share import Share


@pytest.mark.parametrize("status", ["available", "extending", "shrinking_error", "ensuring"])
def test_a_share_whose_data_is_there_is_not_hindered(status: str) -> None:
    assert hindrance_of("s1", status) is None


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("awaiting_transfer", "is offered to another project (status awaiting_transfer)"),
        ("deleting", "is being deleted (status deleting)"),
        ("migrating", "is being migrated (status migrating)"),
        ("backup_restoring", "is being taken back to an earlier state (status backup_restoring)"),
        ("error", "is in status 'error'"),
        ("a word of tomorrow", "is in status 'a word of tomorrow'"),
    ],
)
def test_what_a_status_means(status: str, why: str) -> None:
    found = hindrance_of("s1", status)
    assert found is not None
    assert (str(found), bool(found.hint)) == (why, True)


@pytest.mark.parametrize(
    ("task_state", "hinders"),
    [
        (None, False),
        ("migration_success", False),
        ("migration_error", False),
        ("migration_cancelled", False),
        ("data_copying_error", False),
        ("migration_driver_phase1_done", True),
        ("migration_cancel_in_progress", True),
        ("data_copying_completed", True),
    ],
)
def test_a_migration_hinders_until_it_has_ended(task_state: str | None, hinders: bool) -> None:
    assert (hindrance_of("s1", "available", task_state=task_state) is not None) is hinders


def test_the_recycle_bin_goes_before_all_else() -> None:
    found = hindrance_of("s1", "error", soft_deleted=True, purged_at="2026-12-01T09:30:00.000000")
    assert found is not None
    assert str(found) == "is in the recycle bin and will be purged on 2026-12-01"
    assert found.hint == "take it out: openstack share restore s1"
    later = hindrance_of("s1", "error", soft_deleted=True)
    assert str(later) == "is in the recycle bin and will be purged"


def test_a_hindered_share_is_refused_with_the_way_out() -> None:
    hindrance = hindrance_of("s1", "available", soft_deleted=True)
    with pytest.raises(Refused, match="share s1 is in the recycle bin") as caught:
        check_share(Share("s1", "docs", "NFS", "available", "p", hindrance=hindrance))
    assert caught.value.hint == "take it out: openstack share restore s1"
