"""Cases of the plan: a mapping, what is seen, and what is to be done about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sharectl.model.domain import Domain, Filesystem
from sharectl.model.enums import (
    AccessLevel,
    AccessType,
    Intent,
    SharedMemory,
)
from sharectl.model.enums import ShareProtocol as Protocol
from sharectl.model.mapping import ShareMapping
from sharectl.model.marking import mark_of
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

NEW = replace(MAPPING, intent=Intent.ATTACHING)
LEAVING = replace(MAPPING, intent=Intent.DETACHING)
READ_ONLY = replace(NEW, access_level=AccessLevel.RO)
GIVEN = {"shared_memory": SharedMemory.MEMFD}
SECOND = replace(MAPPING, id="m2", domain_uuid="u2", domain_name="two")
WITH = replace(DOMAIN, filesystems=(MAPPING.filesystem,))
MARKED = replace(WITH, marks=(mark_of(MAPPING, HOST),))
REPLACE = (
    f"unmount {MOUNT_POINT}, which is a mount of {MAPPING.export_location} (ro), and mount"
    f" {MAPPING.export_location} there"
)
RUNNING = replace(WITH, running=True, live_filesystems=(MAPPING.filesystem,))
TWO = Domain("u2", "two", filesystems=(MAPPING.filesystem,))
FOREIGN = replace(RULE, metadata={})
THEIRS = {**OUR_METADATA, "sharectl-host-id": "f" * 32}
EARLIER = {"managed-by": "sharectl", "sharectl-host": "hyper1", "sharectl-user": "alice"}
READ_ONLY_MOUNT = replace(MOUNT, options=frozenset({"ro"}))
BELOW = Filesystem("sub", MOUNT_POINT + "/folder")
BESIDE = Filesystem("beside", MOUNT_POINT + "2")
PRIVATE = replace(DOMAIN, shared_memory=False, xml="<domain><vcpu/></domain>")
CEPH_MOUNT = replace(MOUNT, fs_type="ceph", source="m2:6789:/a")
CEPH = replace(
    NEW,
    protocol=Protocol.CEPHFS,
    export_location="m1:6789,m2:6789:/a",
    access_type=AccessType.CEPHX,
    access_to="sharectl-x",
)
CEPH_RULE = replace(RULE, access_type="cephx", access_to="sharectl-x")


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


def check(case: Case) -> None:
    """The plan is what the case expects."""
    seen = observed((*case.others, case.focus), case.rules, case.mounts, case.domains)
    said = [action.describe() for action in plan(case.focus, seen)]
    assert len(said) == len(case.expected), said
    assert all(map(str.startswith, said, case.expected)), said
