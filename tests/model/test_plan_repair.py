"""The plan for what was attached and is no longer as it should be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharectl.errors import NotFound, Refused, SharectlError, Unavailable
from sharectl.model.action import ReplaceMount
from sharectl.model.domain import Domain, Filesystem
from sharectl.model.enums import AccessType, Health
from sharectl.model.enums import ShareProtocol as Protocol
from sharectl.model.host_domains import SYSTEM, HostDomains
from sharectl.model.marking import mark_of
from sharectl.model.mount_users import check_replaceable
from sharectl.model.observed import Observed
from sharectl.model.plan import plan
from tests.model.things import DOMAIN, HOST, MAPPING, MOUNT, MOUNT_POINT, RULE, observed

_WITH = replace(DOMAIN, filesystems=(MAPPING.filesystem,))
_MARKED = replace(_WITH, marks=(mark_of(MAPPING, HOST),))
_RUNNING = replace(_WITH, running=True, live_filesystems=(MAPPING.filesystem,))
_TWO = Domain("u2", "two", filesystems=(MAPPING.filesystem,))
_BELOW = Filesystem("sub", MOUNT_POINT + "/folder")
_BESIDE = Filesystem("beside", MOUNT_POINT + "2")
_CEPH = replace(
    MAPPING,
    protocol=Protocol.CEPHFS,
    export_location="m1:6789,m2:6789:/a",
    access_type=AccessType.CEPHX,
    access_to="sharectl-x",
)
_CEPH_RULE = replace(RULE, access_type="cephx", access_to="sharectl-x")
_CEPH_MOUNT = replace(MOUNT, fs_type="ceph", source="m2:6789:/a")


def _domains(*domains: Domain) -> HostDomains:
    return HostDomains(domains, complete=frozenset({SYSTEM}))


def _seen(**changes: object) -> Observed:
    seen = observed((MAPPING,), (RULE,), (MOUNT,), (_MARKED,))
    return replace(seen, **changes)  # type: ignore[arg-type]


def test_stale_mount_is_replaced() -> None:
    assert plan(MAPPING, _seen()) == ()
    (action,) = plan(MAPPING, _seen(server=Health.STALE))
    assert ", which is stale, and" in action.describe()
    assert plan(MAPPING, _seen(server=Health.UNREACHABLE)) == ()


@pytest.mark.parametrize(
    ("seen", "error", "message"),
    [
        (_seen(domains=_domains()), NotFound, "domain one (u1) is gone"),
        (_seen(rules=(), share_exists=False), NotFound, "share s1 no longer exists"),
        (_seen(rules=(), share_status="backup_creating"), Refused, "'backup_creating'"),
    ],
)
def test_what_cannot_be_repaired(seen: Observed, error: type[SharectlError], message: str) -> None:
    with pytest.raises(error) as caught:
        plan(MAPPING, seen)
    assert message in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("domains", "message"),
    [
        ((_RUNNING,), "has to be replaced, and domain one runs with it"),
        ((replace(_TWO, live_filesystems=(_BELOW,)),), "domain two runs with it"),
        (None, "it is not known whether domain one runs"),
    ],
)
def test_mount_is_not_replaced_under_a_guest(
    domains: tuple[Domain, ...] | None, message: str
) -> None:
    action = ReplaceMount(MAPPING, "is stale")
    with pytest.raises((Refused, Unavailable)) as caught:
        check_replaceable(action, observed((MAPPING,), domains=domains))
    assert message in caught.value.message
    fine = (_MARKED, replace(_TWO, live_filesystems=(_BESIDE,)))
    check_replaceable(action, observed((MAPPING,), domains=fine))


def test_cephfs_client_that_was_denied_is_mounted_again() -> None:
    domain = replace(_WITH, marks=(mark_of(_CEPH, HOST),))
    seen = observed((_CEPH,), (_CEPH_RULE,), (_CEPH_MOUNT,), (domain,), server=Health.NO_ACCESS)
    assert [type(action) for action in plan(_CEPH, seen)] == [ReplaceMount]
    assert plan(MAPPING, _seen(server=Health.NO_ACCESS)) == ()


def test_share_that_is_not_available_keeps_its_rule() -> None:
    assert plan(MAPPING, _seen(share_status="backup_creating")) == ()
