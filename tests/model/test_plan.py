"""The plan as a table: what is recorded and seen, and what is to be done about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from sharectl.errors import Refused
from sharectl.model.domain import Domain, Filesystem
from sharectl.model.enums import (
    AccessLevel,
    AccessType,
    Intent,
    RuleState,
    SharedMemory,
)
from sharectl.model.enums import ShareProtocol as Protocol
from sharectl.model.mapping import ShareMapping
from sharectl.model.mark import Mark
from sharectl.model.mounts import HostMount
from sharectl.model.plan import plan
from sharectl.model.share import AccessRule
from tests.model.things import (
    DOMAIN,
    HOST,
    MAPPING,
    MOUNT,
    MOUNT_POINT,
    OUR_METADATA,
    RULE,
    observed,
)

_NEW = replace(MAPPING, intent=Intent.ATTACHING)
_LEAVING = replace(MAPPING, intent=Intent.DETACHING)
_READ_ONLY = replace(_NEW, access_level=AccessLevel.RO)
_GIVEN = {"shared_memory": SharedMemory.MEMFD}
_SECOND = replace(MAPPING, id="m2", domain_uuid="u2", domain_name="two")
_WITH = replace(DOMAIN, filesystems=(MAPPING.filesystem,))
_MARKED = replace(_WITH, marks=(Mark.of(MAPPING, HOST),))
_REPLACE = (
    f"unmount {MOUNT_POINT}, which is a mount of {MAPPING.export_location} (ro), and mount"
    f" {MAPPING.export_location} there"
)
_RUNNING = replace(_WITH, running=True, live_filesystems=(MAPPING.filesystem,))
_TWO = Domain("u2", "two", filesystems=(MAPPING.filesystem,))
_FOREIGN = replace(RULE, metadata={})
_THEIRS = {**OUR_METADATA, "sharectl-host-id": "f" * 32}
_EARLIER = {"managed-by": "sharectl", "sharectl-host": "hyper1", "sharectl-user": "alice"}
_READ_ONLY_MOUNT = replace(MOUNT, options=frozenset({"ro"}))
_BELOW = Filesystem("sub", MOUNT_POINT + "/folder")
_BESIDE = Filesystem("beside", MOUNT_POINT + "2")
_PRIVATE = replace(DOMAIN, shared_memory=False)
_CEPH_MOUNT = replace(MOUNT, fs_type="ceph", source="m2:6789:/a")
_CEPH = replace(
    _NEW,
    protocol=Protocol.CEPHFS,
    export_location="m1:6789,m2:6789:/a",
    access_type=AccessType.CEPHX,
    access_to="sharectl-x",
)
_CEPH_RULE = replace(RULE, access_type="cephx", access_to="sharectl-x")


@dataclass(frozen=True)
class Case:
    """A mapping, what is seen, and the expected actions by the start of their description."""

    name: str
    focus: ShareMapping
    expected: tuple[str, ...]
    rules: tuple[AccessRule, ...] | None = ()
    mounts: tuple[HostMount, ...] = ()
    domains: tuple[Domain, ...] | None = (DOMAIN,)
    others: tuple[ShareMapping, ...] = field(default=())


_ALL = ("grant rw", "wait", "mount", "add filesystem", "note share")
_DEVICE = ("add filesystem", "note share")
_ADD = (
    Case("nothing there", _NEW, _ALL),
    Case("attached but gone", MAPPING, _ALL),
    Case("all there", _NEW, (), (RULE,), (MOUNT,), (_MARKED,)),
    Case("rule there", _NEW, ("mount", "add filesystem", "note share"), (RULE,)),
    Case("foreign rule enough", _NEW, ("mount", "add filesystem", "note share"), (_FOREIGN,)),
    Case(
        "foreign rule on its way",
        _NEW,
        ("wait", "mount", "add filesystem", "note share"),
        (replace(_FOREIGN, state=RuleState.APPLYING),),
    ),
    Case("rule of another client", _NEW, _ALL, (replace(RULE, access_to="192.0.2.99"),)),
    Case(
        "rule going away",
        _NEW,
        ("wait until the old", *_ALL),
        (replace(RULE, state=RuleState.DENYING),),
    ),
    Case("our rule in error", _NEW, ("revoke", *_ALL), (replace(RULE, state=RuleState.ERROR),)),
    Case("our rule too little", _NEW, ("revoke", *_ALL), (replace(RULE, access_level="ro"),)),
    Case(
        "read-only, rule more",
        _READ_ONLY,
        ("note host and domain", "mount", "add filesystem", "note share"),
        (RULE,),
    ),
    Case("read-only", _READ_ONLY, ("grant ro", "wait", "mount", "add filesystem", "note share")),
    Case("mount there", _NEW, ("add filesystem", "note share"), (RULE,), (MOUNT,)),
    Case(
        "mount elsewhere",
        _NEW,
        ("mount",),
        (RULE,),
        (replace(MOUNT, mount_point="/x"),),
        (_MARKED,),
    ),
    Case("covered by ours", _NEW, (), (RULE,), (replace(MOUNT, source="x:/y"), MOUNT), (_MARKED,)),
    Case("Manila not looked at", _NEW, ("mount", "add filesystem", "note share"), None),
    Case("domains not looked at", _NEW, ("mount",), (RULE,), (), None),
    Case("mark gone", MAPPING, ("note share docs",), (RULE,), (MOUNT,), (_WITH,)),
    Case(
        "mark of an older record",
        replace(MAPPING, controllers=(9,)),
        ("note share docs",),
        (RULE,),
        (MOUNT,),
        (_MARKED,),
    ),
    Case("read-only mount", MAPPING, (_REPLACE,), (RULE,), (_READ_ONLY_MOUNT,), (_MARKED,)),
    Case(
        "read-only mount in another definition",
        MAPPING,
        (_REPLACE,),
        (RULE,),
        (_READ_ONLY_MOUNT,),
        (_MARKED, _TWO),
    ),
    Case(
        "rule of an earlier version",
        replace(MAPPING, rule_id="r1", owns_rule=True),
        ("note host and domain in access rule r1",),
        (replace(RULE, metadata=_EARLIER),),
        (MOUNT,),
        (_MARKED,),
    ),
    Case(
        "net of another host",
        _NEW,
        _ALL,
        (replace(RULE, id="r2", access_to="198.51.100.0/24", metadata=_THEIRS),),
    ),
    Case(
        "same tag from elsewhere",
        _NEW,
        ("add filesystem", "note share"),
        (RULE,),
        (MOUNT,),
        (replace(DOMAIN, filesystems=(Filesystem("t1", "/elsewhere"),)),),
    ),
    Case(
        "memory to be shared",
        replace(_NEW, **_GIVEN),  # type: ignore[arg-type]
        ("give domain one shared memory (memfd)", "add filesystem", "note share"),
        (RULE,),
        (MOUNT,),
        (_PRIVATE,),
    ),
    Case("memory not ours", _NEW, ("add filesystem", "note share"), (RULE,), (MOUNT,), (_PRIVATE,)),
    Case(
        "second domain",
        _NEW,
        ("add filesystem", "note share"),
        (RULE,),
        (MOUNT,),
        (DOMAIN, _TWO),
        (_SECOND,),
    ),
    Case("CephFS", _CEPH, ("grant rw access on share docs to cephx", *_ALL[1:])),
    Case("CephFS mounted", _CEPH, ("add filesystem", "note share"), (_CEPH_RULE,), (_CEPH_MOUNT,)),
)


@pytest.mark.parametrize("case", _ADD, ids=lambda case: f"{case.focus.intent}-{case.name}")
def test_plan(case: Case) -> None:
    check(case)


def check(case: Case) -> None:
    """The plan is what the case expects."""
    seen = observed((*case.others, case.focus), case.rules, case.mounts, case.domains)
    said = [action.describe() for action in plan(case.focus, seen)]
    assert len(said) == len(case.expected), said
    assert all(map(str.startswith, said, case.expected)), said


@pytest.mark.parametrize(
    ("rules", "mounts", "message", "hint"),
    [
        (
            (replace(_FOREIGN, access_level="ro"),),
            (),
            "access rule r1 for ip 198.51.100.7 on share s1 was not made by sharectl and only"
            " gives ro access",
            "openstack share access delete s1 r1",
        ),
        (
            (replace(_FOREIGN, state=RuleState.ERROR),),
            (),
            "was not made by sharectl and is in state error",
            "openstack share access delete s1 r1",
        ),
        (
            (RULE,),
            (replace(MOUNT, source="x:/y"),),
            "is a mount of x:/y (rw), not of",
            "umount /run",
        ),
        ((RULE,), (replace(MOUNT, fs_type="ext4"),), "is a mount of 192.0.2.1", "umount /run"),
    ],
)
def test_foreign_things_in_the_way_are_refused(
    rules: tuple[AccessRule, ...], mounts: tuple[HostMount, ...], message: str, hint: str
) -> None:
    with pytest.raises(Refused) as caught:
        plan(_NEW, observed((_NEW,), rules, mounts, (DOMAIN,)))
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


def test_writable_mount_does_not_serve_a_read_only_mapping() -> None:
    with pytest.raises(Refused, match=r"not of 192\.0\.2\.1:/exports/one"):
        plan(_READ_ONLY, observed((_READ_ONLY,), (RULE,), (MOUNT,), (DOMAIN,)))
