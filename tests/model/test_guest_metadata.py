"""What a guest is told, version by version."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharectl.model.domain import Filesystem
from sharectl.model.guest_metadata import VERSIONS, guest_metadata
from tests.model.things import DOMAIN, MAPPING, MOUNT_POINT

_OTHER = replace(MAPPING, id="m2", share_id="s2", tag="t2", project_id="p2")
_FILESYSTEMS = (Filesystem("t1", MOUNT_POINT), Filesystem("t2", "/run/sharectl/mnt/s2"))
_SHUT_OFF = replace(DOMAIN, filesystems=_FILESYSTEMS)


def _tags(version: str = "latest", domain: object = _SHUT_OFF) -> list[str] | None:
    metadata = guest_metadata(domain, (MAPPING, _OTHER))  # type: ignore[arg-type]
    devices = metadata.meta_data(version, b"").get("devices")
    return devices if devices is None else [item["tag"] for item in devices]  # type: ignore[attr-defined]


@pytest.mark.parametrize("version", VERSIONS)
def test_shares_are_in_the_newest_versions_and_the_list_in_older_ones(version: str) -> None:
    expected = None if version < "2016-06-30" else [] if version < "2025-04-04" else ["t1", "t2"]
    assert _tags(version) == expected


def test_a_running_guest_has_what_it_runs_with() -> None:
    running = replace(_SHUT_OFF, running=True, live_filesystems=_FILESYSTEMS[:1])
    assert _tags(domain=running) == ["t1"]


def test_what_cannot_be_mounted_or_is_no_known_share_is_left_out() -> None:
    foreign = Filesystem("t3", "/srv")
    other_driver = Filesystem("t2", "/run/sharectl/mnt/s2", driver="")
    domain = replace(DOMAIN, filesystems=(foreign, _FILESYSTEMS[0], other_driver))
    assert _tags(domain=domain) == ["t1"]


def test_an_entry_is_as_documented() -> None:
    """As in "Manage shares" of Nova's manual, which scripts in guests go by."""
    data = guest_metadata(_SHUT_OFF, (MAPPING,)).meta_data("latest", b"seed")
    assert data["devices"] == [
        {"type": "share", "share_id": "s1", "tag": "t1", "bus": "none", "address": "none"}
    ]
    assert (data["uuid"], data["hostname"], data["random_seed"]) == ("u1", "one", "c2VlZA==")


@pytest.mark.parametrize(
    ("mappings", "project"),
    [((), ""), ((_OTHER,), "p2"), ((replace(MAPPING, project_id="p1"), _OTHER), "")],
)
def test_the_project_is_that_of_all_shares(mappings: tuple[object, ...], project: str) -> None:
    assert guest_metadata(_SHUT_OFF, mappings).project_id == project  # type: ignore[arg-type]
