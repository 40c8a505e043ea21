"""What the host is able to do."""

from __future__ import annotations

from dataclasses import dataclass

from sharectl.errors import Refused


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


def check_local(libvirt_uri: str) -> None:
    """That a connection leads to this host: what is mounted here helps no domain elsewhere.

    Local URIs have nothing between `//` and the path, as in `qemu+unix:///system?socket=/run/x`.
    """
    _scheme, separator, rest = libvirt_uri.partition("://")
    if separator and not rest.startswith("/"):
        raise Refused(
            f"{libvirt_uri} is the libvirt of another host, and shares are mounted on this one",
            hint="use the libvirt of this host: --connect qemu:///system",
        )
