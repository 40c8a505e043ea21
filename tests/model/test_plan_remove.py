"""The plan of a mapping that is to go, as a table."""

from __future__ import annotations

from dataclasses import replace

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
from sharectl.model.mark import Mark
from sharectl.model.plan import plan
from tests.model.test_plan import Case, check
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


_REMOVE = (
    Case("all there", _LEAVING, ("remove", "unmount", "revoke"), (RULE,), (MOUNT,), (_WITH,)),
    Case(
        "marked",
        _LEAVING,
        ("remove filesystem", "take share docs out of the metadata", "unmount", "revoke"),
        (RULE,),
        (MOUNT,),
        (_MARKED,),
    ),
    Case(
        "mark left",
        _LEAVING,
        ("take share docs out of the metadata",),
        domains=(replace(_MARKED, filesystems=()),),
    ),
    Case("nothing there", _LEAVING, ()),
    Case("domain gone", _LEAVING, ("unmount", "revoke"), (RULE,), (MOUNT,), ()),
    Case("mount gone", _LEAVING, ("remove", "revoke"), (RULE,), (), (_WITH,)),
    Case("rule gone", _LEAVING, ("remove", "unmount"), (), (MOUNT,), (_WITH,)),
    Case("rule going", _LEAVING, ("revoke",), (replace(RULE, state=RuleState.DENYING),)),
    Case("foreign rule", _LEAVING, ("remove", "unmount"), (_FOREIGN,), (MOUNT,), (_WITH,)),
    Case(
        "our rule beside a foreign net",
        _LEAVING,
        ("revoke access on share docs from ip 198.51.100.7",),
        (replace(_FOREIGN, id="r2", access_to="198.51.100.0/24"), RULE),
    ),
    Case("Manila not looked at", _LEAVING, ("remove", "unmount"), None, (MOUNT,), (_WITH,)),
    Case("domains not looked at", _LEAVING, (), (RULE,), (MOUNT,), None),
    Case("foreign mount", _LEAVING, ("revoke",), (RULE,), (replace(MOUNT, source="x:/y"),)),
    Case(
        "another domain",
        _LEAVING,
        ("remove", "note host and domain"),
        (RULE,),
        (MOUNT,),
        (_WITH, _TWO),
        (_SECOND,),
    ),
    Case(
        "another domain, now gone",
        _LEAVING,
        ("remove", "note host and domain"),
        (RULE,),
        (MOUNT,),
        (_WITH,),
        (_SECOND,),
    ),
    Case(
        "another domain goes too",
        _LEAVING,
        ("remove", "unmount", "revoke"),
        (RULE,),
        (MOUNT,),
        (_WITH,),
        (replace(_SECOND, intent=Intent.DETACHING),),
    ),
    Case("another without a record", _LEAVING, ("remove",), (RULE,), (MOUNT,), (_WITH, _TWO)),
    Case(
        "a folder of it used",
        _LEAVING,
        (),
        (RULE,),
        (MOUNT,),
        (replace(_TWO, filesystems=(_BELOW,)),),
    ),
    Case(
        "a like-named folder used",
        _LEAVING,
        ("unmount", "revoke"),
        (RULE,),
        (MOUNT,),
        (replace(_TWO, filesystems=(_BESIDE,)),),
    ),
    Case(
        "same tag from elsewhere",
        _LEAVING,
        (),
        domains=(replace(DOMAIN, filesystems=(Filesystem("t1", "/elsewhere"),)),),
    ),
    Case(
        "memory given",
        replace(_LEAVING, **_GIVEN),  # type: ignore[arg-type]
        ("remove filesystem", "take the shared memory (memfd) back"),
        domains=(_WITH,),
    ),
    Case("memory taken back", replace(_LEAVING, **_GIVEN), (), domains=(_PRIVATE,)),  # type: ignore[arg-type]
    Case("memory not ours", _LEAVING, ("remove filesystem",), domains=(_WITH,)),
)


@pytest.mark.parametrize("case", _REMOVE, ids=lambda case: case.name)
def test_plan_to_remove(case: Case) -> None:
    check(case)


@pytest.mark.parametrize(
    ("domain", "message"),
    [(_RUNNING, "is running"), (replace(_WITH, managed_save=True), "has a managed-save image")],
)
def test_guest_keeps_what_it_has(domain: Domain, message: str) -> None:
    with pytest.raises(Refused, match=message):
        plan(_LEAVING, observed((_LEAVING,), (RULE,), (MOUNT,), (domain,)))
