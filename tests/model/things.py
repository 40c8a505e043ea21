"""Values that the tests of the model start from."""

from __future__ import annotations

from datetime import UTC, datetime

from sharectl.model.domain import Domain
from sharectl.model.enums import AccessLevel, AccessType, Intent, RuleState, ShareProtocol
from sharectl.model.host_domains import SYSTEM, HostDomains
from sharectl.model.identity import HostIdentity
from sharectl.model.mapping import ShareMapping
from sharectl.model.mounts import HostMount
from sharectl.model.observed import Observed
from sharectl.model.rule_owner import rule_metadata
from sharectl.model.share import AccessRule

HOST = HostIdentity("hyper1", "0123456789abcdef0123456789abcdef")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
MOUNT_POINT = "/run/sharectl/mnt/s1"
SOURCE = "192.0.2.1:/exports/one"
ADDRESS = "198.51.100.7"

MAPPING = ShareMapping(
    id="m1",
    domain_uuid="u1",
    domain_name="one",
    share_id="s1",
    share_name="docs",
    protocol=ShareProtocol.NFS,
    export_location=SOURCE,
    tag="t1",
    access_type=AccessType.IP,
    access_to=ADDRESS,
    access_level=AccessLevel.RW,
    mount_point=MOUNT_POINT,
    intent=Intent.ATTACHED,
    created_at=NOW,
    updated_at=NOW,
    requested_by="alice",
)
DOMAIN = Domain("u1", "one", shared_memory=True)
MOUNT = HostMount(MOUNT_POINT, "nfs4", SOURCE, frozenset({"rw", "nosuid", "nodev"}))
OUR_METADATA = rule_metadata(HOST, MAPPING)
RULE = AccessRule("r1", "ip", ADDRESS, "rw", RuleState.ACTIVE, OUR_METADATA)


def observed(
    mappings: tuple[ShareMapping, ...],
    rules: tuple[AccessRule, ...] | None = (),
    mounts: tuple[HostMount, ...] = (),
    domains: tuple[Domain, ...] | None = (),
    **more: object,
) -> Observed:
    """A look at a share, at all domains of the system's libvirt if at any."""
    seen = None if domains is None else HostDomains(domains, complete=frozenset({SYSTEM}))
    return Observed(HOST, mappings, rules, mounts, seen, **more)  # type: ignore[arg-type]
