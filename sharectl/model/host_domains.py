"""One look at the domains of all libvirts that matter to this host's shares.

A domain is gone only when the libvirt that it was attached through says so. What could not be
looked at is kept apart from what is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from sharectl.errors import SharectlError
from sharectl.model.domain import Domain, DomainsSeen, UnseenDomain
from sharectl.model.mapping import ShareMapping

SYSTEM = "qemu:///system"
"""The libvirt of mappings that an earlier version recorded, which did not say which."""


def libvirt_of(mapping: ShareMapping) -> str:
    """The URI of the libvirt that the mapping was attached through."""
    return mapping.libvirt_uri or SYSTEM


@dataclass(frozen=True)
class HostDomains:
    """What was seen of this host's domains.

    Attributes:
        seen: the domains that were looked at.
        unseen: those that exist and could not be looked at.
        complete: URIs of the libvirts that said which domains they have.
        failed: why other libvirts could not be asked, by URI.
    """

    seen: tuple[Domain, ...] = ()
    unseen: tuple[UnseenDomain, ...] = ()
    complete: frozenset[str] = frozenset()
    failed: Mapping[str, SharectlError] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(
        cls,
        looks: Iterable[DomainsSeen],
        failed: Mapping[str, SharectlError] = MappingProxyType({}),
    ) -> HostDomains:
        """All looks in one."""
        every = tuple(looks)
        return cls(
            tuple(item for look in every for item in look.domains.values()),
            tuple(item for look in every for item in look.unseen.values()),
            frozenset().union(*(look.complete for look in every)),
            failed,
        )

    def find(self, mapping: ShareMapping) -> Domain | None:
        """The mapping's domain, if it was seen.

        One with its UUID in another libvirt is it only if it is gone from the one that is recorded:
        a copy may have the UUID. Which libvirt it was, an earlier version did not record.
        """
        found = self._by_uuid.get(mapping.domain_uuid, ())
        right = [item for item in found if item.libvirt_uri == libvirt_of(mapping)]
        if right or not mapping.libvirt_uri or self._has_left(mapping):
            return next(iter(right or found), None)
        return None

    def _has_left(self, mapping: ShareMapping) -> bool:
        """Whether the libvirt that is recorded does not have the domain, or not any more."""
        unseen = any(item.uuid == mapping.domain_uuid for item in self.unseen)
        return libvirt_of(mapping) in self.complete and not unseen

    @cached_property
    def _by_uuid(self) -> Mapping[str, tuple[Domain, ...]]:
        found: dict[str, tuple[Domain, ...]] = {}
        for item in self.seen:
            found[item.uuid] = (*found.get(item.uuid, ()), item)
        return found

    def is_gone(self, mapping: ShareMapping) -> bool:
        """Whether the libvirt that the mapping was attached through has no such domain."""
        if mapping.domain_uuid in self._by_uuid:
            return False
        if any(item.uuid == mapping.domain_uuid for item in self.unseen):
            return False
        return libvirt_of(mapping) in self.complete

    def why_unseen(self, mapping: ShareMapping) -> SharectlError | None:
        """Why nothing is known of the mapping's domain; None when it was seen or is gone."""
        if self.find(mapping) is not None or self.is_gone(mapping):
            return None
        for item in self.unseen:
            if item.uuid == mapping.domain_uuid:
                return item.error
        return self.failed.get(libvirt_of(mapping))

    def is_unseen(self, mapping: ShareMapping) -> bool:
        """Whether nothing is known of the mapping's domain."""
        return self.find(mapping) is None and not self.is_gone(mapping)

    def why_unknown(self, folder: str) -> SharectlError | None:
        """Why it is not known who uses `folder`: a domain that may could not be looked at."""
        return next((item.error for item in self.unseen if item.may_use(folder)), None)

    def __iter__(self) -> Iterator[Domain]:
        """The domains that were seen."""
        return iter(self.seen)
