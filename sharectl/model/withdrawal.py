"""What is to be withdrawn although no record speaks of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from sharectl.model.mapping import ShareMapping


@dataclass(frozen=True)
class Withdrawal:
    """The note of an unmount in no record: the access rules and the key that go after it.

    Attributes:
        share_id: the share that was mounted.
        mount_point: where it was.
        project_id: the project in which Manila was asked for the rules.
        rules: IDs of the rules that this host's sharectl made, and that go.
        cloud: the cloud's name in clouds.yaml; empty for OS_* variables, or where it is not known.
        auth_url: the address of its Keystone; empty where it is not known.
    """

    share_id: str
    mount_point: str
    project_id: str
    rules: tuple[str, ...]
    cloud: str = ""
    auth_url: str = ""
    libvirt_uri: str = ""
    share_name: str = ""

    @classmethod
    def of(cls, mapping: ShareMapping, rules: tuple[str, ...]) -> Self:
        """The note for a mapping whose record goes while somebody still uses the mount."""
        return cls(
            mapping.share_id,
            mapping.mount_point,
            mapping.project_id,
            rules,
            mapping.cloud,
            mapping.auth_url,
        )
