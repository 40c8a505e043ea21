"""What the host is able to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HostFacts:
    """What the host's virtualisation stack is. Versions are (major, minor, release)."""

    uri: str
    libvirt: tuple[int, int, int]
    qemu: tuple[int, int, int] | None
    virtiofs: bool
    """Whether libvirt's domain capabilities list the virtiofs driver."""
    virtiofsd: str | None
    """The vhost-user file system daemon found on the host, if any."""

    @property
    def readonly_filesystems(self) -> bool:
        """libvirt takes `<readonly/>` on virtiofs since 11.0.0 and refuses it before."""
        return self.libvirt >= (11, 0, 0)
