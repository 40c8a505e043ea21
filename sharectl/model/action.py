"""Changes as values: planned, shown by a dry run, and then carried out by the engine."""

from __future__ import annotations

from dataclasses import dataclass, field

from sharectl.model.domain import Filesystem
from sharectl.model.enums import SharedMemory
from sharectl.model.mapping import ShareMapping
from sharectl.model.share import Access, AccessRule


@dataclass(frozen=True)
class GrantAccess:
    """Ask Manila for an access rule."""

    share_id: str
    access: Access
    share_name: str = field(default="", compare=False)

    def describe(self) -> str:
        """One line for the plan."""
        to = self.access
        share = self.share_name or self.share_id
        return f"grant {to.level} access on share {share} to {to.type} {to.to}"


@dataclass(frozen=True)
class AwaitAccess:
    """Wait until Manila has applied the rule."""

    share_id: str
    access: Access

    def describe(self) -> str:
        """One line for the plan."""
        return f"wait until the access rule for {self.access.type} {self.access.to} is active"


@dataclass(frozen=True)
class AwaitWithdrawal:
    """Wait until Manila has withdrawn a rule for the same client: it allows one at a time."""

    share_id: str
    rule: AccessRule

    def describe(self) -> str:
        """One line for the plan."""
        return f"wait until the old access rule for {self.rule.access_to} is withdrawn"


@dataclass(frozen=True)
class NoteInRule:
    """Write into a rule's metadata which host made it, and which domains it serves."""

    share_id: str
    rule_id: str
    notes: tuple[tuple[str, str], ...]
    share_name: str = field(default="", compare=False)

    def describe(self) -> str:
        """One line for the plan."""
        share = self.share_name or self.share_id
        return f"note host and domain in access rule {self.rule_id} of share {share}"


@dataclass(frozen=True)
class MountShare:
    """Mount the export on the host."""

    mapping: ShareMapping

    def describe(self) -> str:
        """One line for the plan."""
        how = f"{self.mapping.protocol}, {self.mapping.access_level}"
        return f"mount {self.mapping.export_location} on {self.mapping.mount_point} ({how})"


@dataclass(frozen=True)
class EnableSharedMemory:
    """Give the domain the shared memory that virtiofs needs."""

    domain_uuid: str
    domain_name: str
    kind: SharedMemory

    def describe(self) -> str:
        """One line for the plan."""
        return f"give domain {self.domain_name} shared memory ({self.kind})"


@dataclass(frozen=True)
class AttachFilesystem:
    """Put the virtiofs filesystem into the domain's persistent definition."""

    domain_uuid: str
    domain_name: str
    filesystem: Filesystem

    def describe(self) -> str:
        """One line for the plan."""
        return f"add filesystem {self.filesystem.tag} to domain {self.domain_name}"


@dataclass(frozen=True)
class RememberDevice:
    """Record what an admin has set by hand on the filesystem, so that it can be put back so."""

    domain_name: str
    filesystem: Filesystem

    def describe(self) -> str:
        """One line for the plan."""
        return f"remember the settings of filesystem {self.filesystem.tag} of {self.domain_name}"


@dataclass(frozen=True)
class DetachFilesystem:
    """Take the virtiofs filesystem, and the controllers that came with it, out again."""

    domain_uuid: str
    domain_name: str
    filesystem: Filesystem
    controllers: tuple[int, ...] = ()

    def describe(self) -> str:
        """One line for the plan."""
        return f"remove filesystem {self.filesystem.tag} from domain {self.domain_name}"


@dataclass(frozen=True)
class DisableSharedMemory:
    """Take back the shared memory that sharectl gave the domain, unless something needs it."""

    domain_uuid: str
    domain_name: str
    kind: SharedMemory

    def describe(self) -> str:
        """One line for the plan."""
        return f"take the shared memory ({self.kind}) back from domain {self.domain_name}"


@dataclass(frozen=True)
class MarkDomain:
    """Write into the domain's metadata what the mapping is, so that it can be made anew."""

    domain_uuid: str
    domain_name: str
    share_id: str
    share_name: str = field(default="", compare=False)

    def describe(self) -> str:
        """One line for the plan."""
        share = self.share_name or self.share_id
        return f"note share {share} in the metadata of domain {self.domain_name}"


@dataclass(frozen=True)
class UnmarkDomain:
    """Take what the domain's metadata says of the mapping out again."""

    domain_uuid: str
    domain_name: str
    share_id: str
    share_name: str = field(default="", compare=False)

    def describe(self) -> str:
        """One line for the plan."""
        share = self.share_name or self.share_id
        return f"take share {share} out of the metadata of domain {self.domain_name}"


@dataclass(frozen=True)
class ReplaceMount:
    """Take away a mount that is wrong or stale, and mount the export in its place.

    `found` says what is wrong with the mount point, as "is stale".
    """

    mapping: ShareMapping
    found: str

    def describe(self) -> str:
        """One line for the plan."""
        return (
            f"unmount {self.mapping.mount_point}, which {self.found}, and mount"
            f" {self.mapping.export_location} there"
        )


@dataclass(frozen=True)
class UnmountShare:
    """Unmount the export from the host."""

    share_id: str
    mount_point: str

    def describe(self) -> str:
        """One line for the plan."""
        return f"unmount {self.mount_point}"


@dataclass(frozen=True)
class RevokeAccess:
    """Ask Manila to withdraw our access rule, and wait until it is gone.

    `cut_off` is when the file server itself says that nobody can use the rule any more: then it
    may go under a running guest.
    """

    share_id: str
    rule: AccessRule
    cut_off: bool = field(default=False, compare=False)
    share_name: str = field(default="", compare=False)

    def describe(self) -> str:
        """One line for the plan."""
        share = self.share_name or self.share_id
        return f"revoke access on share {share} from {self.rule.access_type} {self.rule.access_to}"


Action = (
    GrantAccess
    | AwaitAccess
    | AwaitWithdrawal
    | NoteInRule
    | MountShare
    | EnableSharedMemory
    | AttachFilesystem
    | MarkDomain
    | RememberDevice
    | DetachFilesystem
    | UnmarkDomain
    | DisableSharedMemory
    | ReplaceMount
    | UnmountShare
    | RevokeAccess
)


def left_by(action: Action) -> str:
    """What an action leaves behind when it fails."""
    match action:
        case UnmountShare():
            return f"mount {action.mount_point}"
        case RevokeAccess():
            return f"access rule for {action.rule.access_type} {action.rule.access_to}"
        case DetachFilesystem():
            return f"filesystem {action.filesystem.tag} of domain {action.domain_name}"
    return f"not done: {action.describe()}"
