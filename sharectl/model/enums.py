"""The closed sets of words: of Manila, of libvirt and our own, spelled as stored and shown."""

from __future__ import annotations

from enum import StrEnum


class ShareProtocol(StrEnum):
    """Share protocols that sharectl can mount; spelled as Manila spells them."""

    NFS = "NFS"
    CEPHFS = "CEPHFS"


class AccessType(StrEnum):
    """Kinds of access rules that fit those protocols."""

    IP = "ip"
    CEPHX = "cephx"


class AccessLevel(StrEnum):
    """What an access rule, and with it the host mount, allows."""

    RW = "rw"
    RO = "ro"


class RuleState(StrEnum):
    """States of an access rule, Manila's words (manila.common.constants).

    `UNKNOWN` is ours, for the words of a Manila that is newer than this list.
    """

    QUEUED_TO_APPLY = "queued_to_apply"
    APPLYING = "applying"
    ACTIVE = "active"
    ERROR = "error"
    QUEUED_TO_DENY = "queued_to_deny"
    DENYING = "denying"
    QUEUED_TO_UPDATE = "queued_to_update"
    UPDATING = "updating"
    UNKNOWN = "unknown"


class SharedMemory(StrEnum):
    """The ways to give a domain the shared memory that virtiofs needs."""

    MEMFD = "memfd"
    FILE = "file"
    HUGEPAGES = "hugepages"


class Intent(StrEnum):
    """What sharectl is to make true; stored. Whether it is true is observed."""

    ATTACHING = "attaching"
    ATTACHED = "attached"
    DETACHING = "detaching"


class MappingStatus(StrEnum):
    """Nova's five words for the life of a mapping; shown, never stored."""

    ATTACHING = "attaching"
    INACTIVE = "inactive"
    ACTIVE = "active"
    DETACHING = "detaching"
    ERROR = "error"


class Health(StrEnum):
    """What is wrong with an attached share, worst first found."""

    OK = "ok"
    NOT_MOUNTED = "not-mounted"
    WRONG_SOURCE = "wrong-source"
    STALE = "stale"
    UNREACHABLE = "unreachable"
    NO_ACCESS = "no-access"
    NO_DEVICE = "no-device"
    NO_DAEMON = "no-daemon"
    UNRECORDED = "unrecorded"
    DOMAIN_MISSING = "domain-missing"
    SHARE_MISSING = "share-missing"
    UNKNOWN = "unknown"
