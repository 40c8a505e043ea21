"""Export locations: chosen, checked, and compared with what the host has mounted.

They come from the file server by way of Manila, so they are hostile until checked: a checked
location can be passed as one argument to mount(8) without being taken for an option, for a
second path, or for a path outside the export.
"""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from dataclasses import dataclass

from sharectl.errors import Refused
from sharectl.model.enums import ShareProtocol
from sharectl.model.mounts import HostMount
from sharectl.model.share import ExportLocation, Share

_HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
    r"(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?)*\.?"
)
_ADDRESS = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]{1,15})?\]|[A-Za-z0-9_.-]+)(:(?P<port>[0-9]{1,5}))?"
)
_MOST = 8  # export locations that are tried for one share
_LONGEST = 4095  # PATH_MAX less the final NUL
_CEPH_PORTS = frozenset({"3300", "6789"})
_FORBIDDEN = frozenset(',\\"')
KERNEL_TYPES = {
    ShareProtocol.NFS: frozenset({"nfs", "nfs4"}),
    ShareProtocol.CEPHFS: frozenset({"ceph"}),
}
CEPH_FUSE_TYPE = "fuse.ceph-fuse"


@dataclass(frozen=True)
class Server:
    """A file server or Ceph monitor; IPv6 addresses stand without brackets."""

    host: str
    port: str | None = None


@dataclass(frozen=True)
class Export:
    """A checked export location, taken apart. `source` is what mount(8) gets."""

    servers: tuple[Server, ...]
    path: str
    source: str


def candidates(share: Share) -> tuple[str, ...]:
    """The export locations to mount, in the order to try them: the preferred ones first.

    Raises `Refused` when there is none, or when the first is not safe to mount. Others that are
    not safe are left out, and so are those that name one that is there already.
    """
    locations = sorted(share.export_locations, key=lambda item: not item.preferred)
    if not locations:
        raise Refused(
            f"share {share.id} has no export location",
            hint="the share server may still be setting it up; see: openstack share show"
            f" {share.id}",
        )
    protocol = ShareProtocol(share.protocol)
    found = [parse(protocol, locations[0]).source]
    for item in locations[1:_MOST]:
        with suppress(Refused):
            source = parse(protocol, item).source
            if not any(same_export(protocol, source, other) for other in found):
                found.append(source)
    return tuple(found)


def named(share: Share, wanted: str) -> str:
    """The export location of the share with the path or the ID `wanted`.

    Raises `Refused` when it has none such, or when that is not safe to mount.
    """
    for item in share.export_locations:
        if wanted in (item.path, item.id or item.path):
            return parse(ShareProtocol(share.protocol), item).source
    paths = " or ".join(repr(item.path) for item in share.export_locations) or "none"
    raise Refused(
        f"share {share.id} has no export location {wanted!r}",
        hint=f"choose with --export-location from what it has: {paths}",
    )


def parse(protocol: ShareProtocol, location: ExportLocation | str) -> Export:
    """Take an export location apart.

    NFS: ``HOST:/PATH``, ``[IPV6]:/PATH``. CEPHFS: ``MON[:PORT][,MON[:PORT]...]:/PATH``.

    Raises `Refused` for anything that does not have that form: a leading dash, control or
    invisible characters, commas in the path, ``..`` components, an impossible host.
    """
    text = location.path if isinstance(location, ExportLocation) else location
    head, separator, tail = text.partition(":/")
    if not separator:
        raise _unsafe(text, "it has no ':/' between server and path")
    path = "/" + tail
    _check_path(text, path)
    names = head.split(",")
    if protocol is ShareProtocol.NFS and len(names) != 1:
        raise _unsafe(text, "it names more than one server")
    servers = tuple(_parse_server(text, name) for name in names)
    if protocol is ShareProtocol.NFS and servers[0].port is not None:
        raise _unsafe(text, "its server has a port")
    return Export(servers, _normal(path), text)


def servers(protocol: ShareProtocol, export_location: str) -> tuple[str, ...]:
    """The hosts that serve a checked export location, to group and to name them."""
    return tuple(item.host for item in parse(protocol, export_location).servers)


def _check_path(text: str, path: str) -> None:
    if len(text.encode(errors="surrogatepass")) > _LONGEST:
        raise _unsafe(text[:80] + "...", f"it is longer than {_LONGEST} bytes")
    if not text.isprintable():
        raise _unsafe(text, "it has control or invisible characters")
    if any(character in path for character in _FORBIDDEN):
        raise _unsafe(text, "its path has a comma, quote or backslash")
    if any(part in ("..", ".") for part in path.split("/")):
        raise _unsafe(text, "its path has '.' or '..' components")


def _parse_server(text: str, name: str) -> Server:
    match = _ADDRESS.fullmatch(name)
    if match is None:
        raise _unsafe(text, f"{name!r} is not a host name or address")
    host, port = match["host"], match["port"]
    if port is not None and not 0 < int(port) < 65536:
        raise _unsafe(text, f"{port} is not a port")
    if host.startswith("["):
        host = host[1:-1]
        if not _is_ipv6(host):
            raise _unsafe(text, f"{host!r} is not an IPv6 address")
    elif not _HOST_NAME.fullmatch(host):
        raise _unsafe(text, f"{host!r} is not a host name or address")
    return Server(host, port)


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def _unsafe(text: str, why: str) -> Refused:
    return Refused(
        f"export location {text!r} is refused: {why}",
        hint="it comes from the share's back end; tell the operator of Manila",
    )


def same_source(protocol: ShareProtocol, export_location: str, mount: HostMount) -> bool:
    """Whether `mount` is a mount of `export_location`, by what mountinfo says.

    Compared are the servers, without default ports, as a set, and the path. With several Ceph
    monitors one in common is enough: the kernel shows those that it was given, and the list in
    Manila changes when a monitor is replaced. A bind mount of a folder of the export is not it.
    """
    source = _export_of(protocol, mount) if mount.root == "/" else None
    return source is not None and same_export(protocol, export_location, source)


def shows(protocol: ShareProtocol, export_location: str, mount: HostMount) -> bool:
    """Whether `mount` is one of `export_location` or of a folder in it, by what mountinfo says."""
    source = _export_of(protocol, mount)
    if source is None:
        return False
    try:
        whole, seen = parse(protocol, export_location), parse(protocol, source)
    except Refused:
        return False
    inside = f"{seen.path}/".startswith(f"{whole.path}/")
    return inside and bool(_hosts(whole) & _hosts(seen))


def _export_of(protocol: ShareProtocol, mount: HostMount) -> str | None:
    """The source as an export location; None for a mount of another kind."""
    if mount.fs_type in KERNEL_TYPES[protocol]:
        return mount.source
    if protocol is not ShareProtocol.CEPHFS or mount.fs_type != CEPH_FUSE_TYPE:
        return None
    # Its option `fsname` cannot hold the commas between monitors; see `mount_options`.
    head, separator, path = mount.source.partition(":/")
    return head.replace("/", ",") + separator + path


def same_export(protocol: ShareProtocol, one: str, other: str) -> bool:
    """Whether two export locations are one, however written; False where either is refused."""
    try:
        first, second = parse(protocol, one), parse(protocol, other)
    except Refused:
        return False
    return first.path == second.path and bool(_hosts(first) & _hosts(second))


def _hosts(export: Export) -> frozenset[tuple[str, str | None]]:
    return frozenset((_canonical(item.host), _port(item.port)) for item in export.servers)


def _canonical(host: str) -> str:
    return str(ipaddress.IPv6Address(host)) if _is_ipv6(host) else host.lower().rstrip(".")


def _port(port: str | None) -> str | None:
    return None if port in _CEPH_PORTS else port


def _normal(path: str) -> str:
    return "/" + "/".join(part for part in path.split("/") if part)
