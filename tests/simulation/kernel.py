"""What the kernel of a simulated host knows beyond what the fakes keep."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sharectl.config import Config
from sharectl.model.enums import Health, ShareProtocol
from sharectl.model.mounts import HostMount, MountRequest, mounted_at
from tests.fakes.mounts import FakeMounts
from tests.fakes.store import FakeSecrets

if TYPE_CHECKING:
    from tests.simulation.manila import SimShares

BASE = str(Config().mount_base)


@dataclass(frozen=True)
class Made:
    """A mount that sharectl made: `mount` itself, of which share, from where, with which key."""

    mount: HostMount
    share_id: str
    source: str
    key: str | None


class SimMounts(FakeMounts):
    """`FakeMounts` that know which mount is whose.

    Attributes:
        staged: whether the folder of a mount point appears only with the mount on it.
        folders: mount points that exist with nothing mounted.
        slow: mount points whose server takes longer to answer than anybody waits.
        made: mounts that sharectl made, by identity; also those that are gone.
    """

    staged = True

    def __init__(self, shares: SimShares, secrets: FakeSecrets, address: str) -> None:
        super().__init__(shares, secrets, address=address)
        self.folders: set[str] = set()
        self.slow: set[str] = set()
        self.made: dict[int, Made] = {}
        self._shares = shares

    def mount(self, request: MountRequest, key_file: Path | None, timeout: float) -> None:
        """Mount, and remember with which key."""
        super().mount(request, key_file, timeout)
        key = None
        if request.protocol is ShareProtocol.CEPHFS and key_file is not None:
            key = self.secrets.files[key_file]
        done = self.mounted[-1]
        share_id = request.mount_point.name
        self.made[id(done)] = Made(done, share_id, request.source, key)
        self.folders.discard(done.mount_point)

    def unmount(
        self, mount_point: str, timeout: float, *, seen: HostMount | None, force: bool = False
    ) -> None:
        """Unmount, and remove the folder."""
        super().unmount(mount_point, timeout, seen=seen, force=force)
        self.remove_folder(mount_point)

    def remove_folder(self, mount_point: str) -> None:
        """An empty one, and whatever a mount that failed has left; a mount keeps it."""
        self.folders.discard(mount_point)
        self.left.discard(mount_point)

    def _ask(self, mount_point: str) -> Health:
        """Nothing may be mounted there by now; a file server may refuse this client."""
        found = mounted_at(self.list(), mount_point)
        if found is None or self._is_refused(found):
            return Health.NO_ACCESS
        if mount_point in self.slow:
            return Health.UNREACHABLE
        return super()._ask(mount_point)

    def _is_refused(self, mount: HostMount) -> bool:
        """NFS servers say so; a CephFS client that was evicted still answers a statfs."""
        made = self.made.get(id(mount))
        return made is not None and made.key is None and self.is_cut_off(mount)

    def is_cut_off(self, mount: HostMount) -> bool:
        """Whether the file server no longer answers this client; for CephFS that stays so."""
        made = self.made.get(id(mount))
        if made is None:
            return False
        if made.key is not None:
            return not self._shares.has_key(made.share_id, made.key)
        return not self._shares.lets(made.share_id, self.address)

    def reboot(self) -> None:
        """All of ours and what was laid over it is gone."""
        self.mounted = [item for item in self.mounted if not item.mount_point.startswith(BASE)]
        self.folders.clear()
        self.left.clear()
        self.stale.clear()
        self.noted.clear()
