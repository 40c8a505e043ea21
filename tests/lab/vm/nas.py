"""The file server in the lab VM: LVM and the kernel's NFS server, and how to make them fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.vm.channel import Channel

CLIENT, SERVER = "10.98.0.1", "10.98.0.2"
CLIENT_V6, SERVER_V6 = "fd98::1", "fd98::2"
VOLUME_GROUP = "shares"
EXPORT_ROOT = Path("/srv/shares")

INSIDE = ("nsenter", "--net=/run/netns/nas")
"""Put before a command that belongs on the server's side of the network."""

_SETUP = Path(__file__).with_name("nas.sh")
_SILENCE = """\
table {} silence {{
    chain in {{ type filter hook input priority 0; policy drop; iif lo accept; }}
    chain out {{ type filter hook output priority 0; policy drop; oif lo accept; }}
}}
"""


@dataclass(frozen=True)
class Nas:
    """The file server. Manila's LVM driver makes and exports the shares (`manila_lvm`)."""

    vm: Channel

    @classmethod
    def start(cls, vm: Channel) -> Nas:
        """Set it up in a fresh VM and start it."""
        addresses = (CLIENT, SERVER, CLIENT_V6, SERVER_V6)
        vm.run(["bash", "-s", *addresses], input=_SETUP.read_text())
        return cls(vm)

    def silence(self, family: str = "inet") -> None:
        """Drop all packets, as a server does that has lost its power; only of `ip` or `ip6`."""
        self.vm.run([*INSIDE, "nft", "-f", "-"], input=_SILENCE.format(family))

    def speak(self, family: str = "inet") -> None:
        """End `silence`."""
        self.vm.run([*INSIDE, "nft", "delete", "table", family, "silence"])

    def stop(self) -> None:
        """Stop the NFS server: connections are refused, the machine still answers."""
        self.vm.run([*INSIDE, "rpc.nfsd", "0"])

    def resume(self) -> None:
        """Start it again after `stop`; clients go on within the grace time, ten seconds."""
        self.vm.run([*INSIDE, "rpc.nfsd", "--no-udp", "4"])

    @contextmanager
    def silent(self, family: str = "inet") -> Iterator[None]:
        """`silence` inside the block."""
        self.silence(family)
        try:
            yield
        finally:
            self.speak(family)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """`stop` inside the block."""
        self.stop()
        try:
            yield
        finally:
            self.resume()
