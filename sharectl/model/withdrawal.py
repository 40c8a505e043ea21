"""What is to be withdrawn although no record speaks of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Withdrawal:
    """The note of an unmount in no record: the access rules and the key that go after it.

    Attributes:
        share_id: the share that was mounted.
        mount_point: where it was.
        project_id: the project in which Manila was asked for the rules.
        rules: IDs of the rules that this host's sharectl made, and that go.
    """

    share_id: str
    mount_point: str
    project_id: str
    rules: tuple[str, ...]
