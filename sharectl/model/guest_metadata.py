"""What the OpenStack metadata service tells a guest about itself, as Nova's would.

The versions and keys are those of Nova (nova/api/metadata/base.py); the devices of type `share`
are documented in Nova's "Manage shares".
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass

from sharectl.model.domain import Domain
from sharectl.model.mapping import ShareMapping

VERSIONS = (
    "2012-08-10",
    "2013-04-04",
    "2013-10-17",
    "2015-10-15",
    "2016-06-30",
    "2016-10-06",
    "2017-02-22",
    "2018-08-27",
    "2020-10-14",
    "2025-04-04",
    "latest",
)
"""The dated versions, oldest first. As strings they sort by age, with `latest` behind them."""

SEED_BYTES = 512
_SEED, _PROJECT, _DEVICES = "2013-04-04", "2015-10-15", "2016-06-30"
_CPUS, _SHARES = "2020-10-14", "2025-04-04"

Json = dict[str, object]


@dataclass(frozen=True)
class ShareDevice:
    """A share that the guest can mount by its `tag`."""

    share_id: str
    tag: str

    def entry(self) -> Json:
        """Its entry in `devices`. A virtiofs device has no bus and no address to be known by."""
        return {
            "type": "share",
            "share_id": self.share_id,
            "tag": self.tag,
            "bus": "none",
            "address": "none",
        }


@dataclass(frozen=True)
class GuestMetadata:
    """What there is to tell a guest: who it is, and its shares.

    `project_id` is the OpenStack project of its shares, empty if they have several or none.
    """

    uuid: str
    name: str
    project_id: str
    devices: tuple[ShareDevice, ...]

    def meta_data(self, version: str, seed: bytes) -> Json:
        """The content of `openstack/VERSION/meta_data.json`.

        Args:
            version: one of `VERSIONS`.
            seed: random bytes for the guest's own generator, `SEED_BYTES` of them.
        """
        data: Json = {
            "uuid": self.uuid,
            "hostname": self.name,
            "name": self.name,
            "launch_index": 0,
            "availability_zone": "nova",
        }
        if version >= _SEED:
            data["random_seed"] = b64encode(seed).decode()
        if version >= _PROJECT:
            data["project_id"] = self.project_id
        if version >= _DEVICES:
            shares = self.devices if version >= _SHARES else ()
            data["devices"] = [item.entry() for item in shares]
        if version >= _CPUS:
            data["dedicated_cpus"] = []
        return data


def guest_metadata(domain: Domain, mappings: tuple[ShareMapping, ...]) -> GuestMetadata:
    """What to tell the guest of `domain`.

    Args:
        domain: as libvirt has it. While it runs, the devices that it runs with count, else those
            of its persistent definition.
        mappings: those that are recorded for it.

    A share is told of when the guest has a filesystem with its tag: a mapping without one cannot
    be mounted, and a filesystem without a mapping is no share that is known.
    """
    filesystems = domain.live_filesystems if domain.running else domain.filesystems
    there = {item.tag for item in filesystems if item.driver == "virtiofs"}
    recorded = [item for item in mappings if item.domain_uuid == domain.uuid and item.tag in there]
    projects = {item.project_id for item in recorded}
    return GuestMetadata(
        uuid=domain.uuid,
        name=domain.name,
        project_id=projects.pop() if len(projects) == 1 else "",
        devices=tuple(ShareDevice(item.share_id, item.tag) for item in recorded),
    )
