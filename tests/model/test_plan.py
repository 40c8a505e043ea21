"""The plan as a table: what is recorded and seen, and what is to be done about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharectl.errors import Refused
from sharectl.model.domain import Filesystem
from sharectl.model.enums import (
    RuleState,
)
from sharectl.model.mounts import HostMount
from sharectl.model.plan import plan
from sharectl.model.share import AccessRule
from tests.model.plan_cases import (
    CEPH,
    CEPH_MOUNT,
    CEPH_RULE,
    EARLIER,
    FOREIGN,
    GIVEN,
    MARKED,
    NEW,
    PRIVATE,
    READ_ONLY,
    READ_ONLY_MOUNT,
    REPLACE,
    SECOND,
    THEIRS,
    TWO,
    WITH,
    Case,
    check,
)
from tests.model.things import (
    DOMAIN,
    MAPPING,
    MOUNT,
    RULE,
    observed,
)

_ALL = ("grant rw", "wait", "mount", "add filesystem", "note share")
_DEVICE = ("add filesystem", "note share")
_ADD = (
    Case("nothing there", NEW, _ALL),
    Case("attached but gone", MAPPING, _ALL),
    Case("all there", NEW, (), (RULE,), (MOUNT,), (MARKED,)),
    Case("rule there", NEW, ("mount", "add filesystem", "note share"), (RULE,)),
    Case("foreign rule enough", NEW, ("mount", "add filesystem", "note share"), (FOREIGN,)),
    Case(
        "foreign rule on its way",
        NEW,
        ("wait", "mount", "add filesystem", "note share"),
        (replace(FOREIGN, state=RuleState.APPLYING),),
    ),
    Case("rule of another client", NEW, _ALL, (replace(RULE, access_to="192.0.2.99"),)),
    Case(
        "rule going away",
        NEW,
        ("wait until the old", *_ALL),
        (replace(RULE, state=RuleState.DENYING),),
    ),
    Case("our rule in error", NEW, ("revoke", *_ALL), (replace(RULE, state=RuleState.ERROR),)),
    Case("our rule too little", NEW, ("revoke", *_ALL), (replace(RULE, access_level="ro"),)),
    Case(
        "read-only, rule more",
        READ_ONLY,
        ("note host and domain", "mount", "add filesystem", "note share"),
        (RULE,),
    ),
    Case("read-only", READ_ONLY, ("grant ro", "wait", "mount", "add filesystem", "note share")),
    Case("mount there", NEW, ("add filesystem", "note share"), (RULE,), (MOUNT,)),
    Case(
        "mount elsewhere",
        NEW,
        ("mount",),
        (RULE,),
        (replace(MOUNT, mount_point="/x"),),
        (MARKED,),
    ),
    Case("covered by ours", NEW, (), (RULE,), (replace(MOUNT, source="x:/y"), MOUNT), (MARKED,)),
    Case("Manila not looked at", NEW, ("mount", "add filesystem", "note share"), None),
    Case("domains not looked at", NEW, ("mount",), (RULE,), (), None),
    Case("mark gone", MAPPING, ("note share docs",), (RULE,), (MOUNT,), (WITH,)),
    Case(
        "mark of an older record",
        replace(MAPPING, controllers=(9,)),
        ("note share docs",),
        (RULE,),
        (MOUNT,),
        (MARKED,),
    ),
    Case("read-only mount", MAPPING, (REPLACE,), (RULE,), (READ_ONLY_MOUNT,), (MARKED,)),
    Case(
        "read-only mount in another definition",
        MAPPING,
        (REPLACE,),
        (RULE,),
        (READ_ONLY_MOUNT,),
        (MARKED, TWO),
    ),
    Case(
        "rule of an earlier version",
        replace(MAPPING, rule_id="r1", owns_rule=True),
        ("note host and domain in access rule r1",),
        (replace(RULE, metadata=EARLIER),),
        (MOUNT,),
        (MARKED,),
    ),
    Case(
        "net of another host",
        NEW,
        _ALL,
        (replace(RULE, id="r2", access_to="198.51.100.0/24", metadata=THEIRS),),
    ),
    Case(
        "same tag from elsewhere",
        NEW,
        ("add filesystem", "note share"),
        (RULE,),
        (MOUNT,),
        (replace(DOMAIN, filesystems=(Filesystem("t1", "/elsewhere"),)),),
    ),
    Case(
        "memory to be shared",
        replace(NEW, **GIVEN),  # type: ignore[arg-type]
        ("give domain one shared memory (memfd)", "add filesystem", "note share"),
        (RULE,),
        (MOUNT,),
        (PRIVATE,),
    ),
    Case(
        "second domain",
        NEW,
        ("add filesystem", "note share"),
        (RULE,),
        (MOUNT,),
        (DOMAIN, TWO),
        (SECOND,),
    ),
    Case("CephFS", CEPH, ("grant rw access on share docs to cephx", *_ALL[1:])),
    Case("CephFS mounted", CEPH, ("add filesystem", "note share"), (CEPH_RULE,), (CEPH_MOUNT,)),
)


@pytest.mark.parametrize("case", _ADD, ids=lambda case: f"{case.focus.intent}-{case.name}")
def test_plan(case: Case) -> None:
    check(case)


@pytest.mark.parametrize(
    ("rules", "mounts", "message", "hint"),
    [
        (
            (replace(FOREIGN, access_level="ro"),),
            (),
            "access rule r1 for ip 198.51.100.7 on share s1 was not made by sharectl and only"
            " gives ro access",
            "openstack share access delete s1 r1",
        ),
        (
            (replace(FOREIGN, state=RuleState.ERROR),),
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
        plan(NEW, observed((NEW,), rules, mounts, (DOMAIN,)))
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


def test_writable_mount_does_not_serve_a_read_only_mapping() -> None:
    with pytest.raises(Refused, match=r"not of 192\.0\.2\.1:/exports/one"):
        plan(READ_ONLY, observed((READ_ONLY,), (RULE,), (MOUNT,), (DOMAIN,)))


def test_memory_that_nobody_shared_is_refused_with_the_command_that_shares_it() -> None:
    seen = observed((NEW,), (RULE,), (MOUNT,), (PRIVATE,))
    with pytest.raises(Refused, match="has no shared memory") as caught:
        plan(NEW, seen)
    assert "--enable-shared-memory" in caught.value.advice
