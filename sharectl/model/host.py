"""What the host is able to do."""

from __future__ import annotations

from dataclasses import dataclass

from sharectl.errors import Refused

SYSTEM = "qemu:///system"
# Where the system's libvirt listens by itself; naming one of these leads nowhere else.
_USUAL_SOCKETS = frozenset(
    f"{run}/libvirt/{daemon}-sock"
    for run in ("/run", "/var/run")
    for daemon in ("libvirt", "virtqemud")
)
_CHOOSING = ("socket", "root")  # the URI parameters that choose between libvirts


@dataclass(frozen=True)
class Virtiofsd:
    """The vhost-user file system daemon that libvirt starts for a domain.

    `path` is its program, None when libvirt finds none. `problem` is then the file that keeps it
    from finding one and what is wrong with it, as ``FILE: REASON``; None when no file is to blame.
    """

    path: str | None
    problem: str | None = None


@dataclass(frozen=True)
class HostFacts:
    """What the host's virtualisation stack is. Versions are (major, minor, release)."""

    uri: str
    libvirt: tuple[int, int, int]
    qemu: tuple[int, int, int] | None
    virtiofs: bool
    """Whether libvirt's domain capabilities list the virtiofs driver."""
    virtiofsd: Virtiofsd
    """The vhost-user file system daemon that libvirt finds on the host."""

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


def canonical_uri(libvirt_uri: str) -> str:
    """The one spelling of a URI of QEMU's libvirt on this host, to record and to compare.

    Two URIs with the same spelling lead to the same domains. Two with different spellings may do
    so as well, and count as two libvirts. A URI of another host or driver is returned as it is.

    Args:
        libvirt_uri: as libvirt itself gives it (virConnectGetURI), which has resolved aliases.
            https://libvirt.org/uri.html#remote-uris has the parameters.
    """
    scheme, separator, rest = libvirt_uri.partition("://")
    if scheme not in ("qemu", "qemu+unix") or not separator or not rest.startswith("/"):
        return libvirt_uri
    path, _, query = rest.partition("#")[0].partition("?")
    choosing = []
    for parameter in sorted(query.replace(";", "&").split("&")):
        name, _, value = parameter.partition("=")
        usual = path == "/system" and value in _USUAL_SOCKETS
        if name in _CHOOSING and value and not usual:
            choosing.append(f"{name}={value}")
    return f"qemu://{path}" + ("?" + "&".join(choosing) if choosing else "")


def check_system(libvirt_uri: str) -> None:
    """That a connection leads to where all domains of this host are, so that none there is gone."""
    check_local(libvirt_uri)
    if canonical_uri(libvirt_uri) != SYSTEM:
        raise Refused(
            f"{libvirt_uri} is not the system's libvirt: what it does not know may be there",
            hint=f"use that to prune: --connect {SYSTEM}; or take away what is known to be"
            " gone: sharectl remove DOMAIN SHARE",
        )
