"""Which address of this host a file server sees."""

from __future__ import annotations

from sharectl.adapters import deadline
from sharectl.errors import Unavailable

_NFS_PORT = 2049
_LOOKUP_TIMEOUT = 5.0  # seconds for name resolution


def local_address(server: str) -> str:
    """The address that the kernel would send from; nothing is sent. Raises `Unavailable`."""
    import socket

    name = server.partition("%")[0]
    try:
        found = deadline.call(
            lambda: socket.getaddrinfo(name, _NFS_PORT, type=socket.SOCK_DGRAM),
            _LOOKUP_TIMEOUT,
            f"the name service for {server}",
        )
    except (OSError, UnicodeError) as error:
        raise Unavailable(
            f"file server {server} cannot be found: {error}",
            hint=f"check its name: getent hosts {name}",
        ) from error
    failure: OSError | None = None
    for family, kind, _protocol, _name, address in found:
        try:
            with socket.socket(family, kind) as probe:
                probe.connect(address)
                return str(probe.getsockname()[0]).partition("%")[0]
        except OSError as error:
            failure = error
    raise Unavailable(
        f"this host has no route to file server {server}: {failure}",
        hint=f"see: ip route get {found[0][4][0]}",
    )
