"""Manila's side: shares, their export locations and access rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID

from sharectl.errors import SharectlError
from sharectl.model.enums import AccessLevel, AccessType, RuleState, ShareProtocol
from sharectl.model.hindrance import Hindrance

ACCESS_TYPES: Mapping[ShareProtocol, AccessType] = MappingProxyType(
    {ShareProtocol.NFS: AccessType.IP, ShareProtocol.CEPHFS: AccessType.CEPHX}
)


@dataclass(frozen=True)
class ExportLocation:
    """One path under which the file server offers a share; data from outside, unchecked.

    `id` is empty where the server is too old to tell one (before microversion 2.9).
    """

    path: str
    preferred: bool = False
    id: str = ""


@dataclass(frozen=True)
class Share:
    """A Manila share. `protocol` is Manila's word and may be one that sharectl cannot mount.

    `hindrance` is what keeps it from being used now, None when nothing does.
    """

    id: str
    name: str
    protocol: str
    status: str
    project_id: str
    size_gib: int = 0
    export_locations: tuple[ExportLocation, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    hindrance: Hindrance | None = None


_LEAVING = frozenset({RuleState.QUEUED_TO_DENY, RuleState.DENYING})


@dataclass(frozen=True)
class Access:
    """Who may do what on a share: the wish that an access rule fulfils."""

    type: AccessType
    to: str
    level: AccessLevel


@dataclass(frozen=True)
class AccessRule:
    """A Manila access rule. The cephx key is no part of it, so that it is never printed.

    `access_to` is None when Manila hides it: a rule with a visibility lock is shown in full only
    to the user who made it and to admins. `metadata` is None when the server is too old to have
    any (before microversion 2.45).
    """

    id: str
    access_type: str
    access_to: str | None
    access_level: str
    state: RuleState
    metadata: Mapping[str, str] | None = None

    @property
    def leaving(self) -> bool:
        """Manila is taking the rule away."""
        return self.state in _LEAVING

    @property
    def pending(self) -> bool:
        """Manila is still applying the rule."""
        return not self.leaving and self.state not in (RuleState.ACTIVE, RuleState.ERROR)


@dataclass(frozen=True)
class ShareSeen:
    """What a survey tells of a share.

    `status` is None when there is no such share. `export_paths` are all paths that it is
    exported under, those for admins included; None when the server does not tell them in a list.
    `name`, `project_id` and `metadata` are as in `Share`, `metadata` None where it was not told.
    `hindrance` says why the share cannot be used. `error` is why this very share could not be
    looked at; then nothing else is known of it.
    """

    status: str | None
    export_paths: frozenset[str] | None = None
    rules: tuple[AccessRule, ...] = ()
    name: str = ""
    metadata: Mapping[str, str] | None = None
    hindrance: Hindrance | None = None
    error: SharectlError | None = None
    project_id: str = ""


def is_share_id(name: str) -> bool:
    """Whether `name` is a UUID, as the IDs of Manila are: an admin's folder is hardly called so."""
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False
