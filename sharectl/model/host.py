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
    """That a connection leads to QEMU on this host: what is mounted here helps no domain elsewhere.

    Local URIs have nothing between `//` and the path, as in `qemu+unix:///system?socket=/run/x`.
    To the libvirt of another driver all that is recorded would be of domains that are gone.
    """
    scheme, separator, rest = libvirt_uri.partition("://")
    if separator and not rest.startswith("/"):
        raise Refused(
            f"{libvirt_uri} is the libvirt of another host, and shares are mounted on this one",
            hint="use the libvirt of this host: --connect qemu:///system",
        )
    if separator and scheme.partition("+")[0] != "qemu":
        raise Refused(
            f"{libvirt_uri} is no libvirt of QEMU, which alone can serve shares to domains",
            hint="use QEMU's libvirt of this host: --connect qemu:///system",
        )


def check_system(libvirt_uri: str) -> None:
    """That a connection leads to where all domains of this host are, so that none there is gone."""
    check_local(libvirt_uri)
    path = libvirt_uri.partition("://")[2].partition("?")[0]
    if path != "/system":
        raise Refused(
            f"{libvirt_uri} is not the system's libvirt: what it does not know may be there",
            hint="use that to prune: --connect qemu:///system; or take away what is known to be"
            " gone: sharectl remove",
        )
