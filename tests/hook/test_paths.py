"""The hook finds a share however its path is written, and whatever lies on it."""

from __future__ import annotations

import pytest

from sharectl.errors import ConfigError
from sharectl.hook import before_start as hook
from sharectl.hook.dispatch import run
from sharectl.model.enums import Intent
from tests.hook.starting import Start, refused, starting

BASE = "/run/sharectl/mnt"
SPELLINGS = [
    "/run//sharectl/mnt/{0}",
    "/run/sharectl/mnt/{0}/",
    "//run/sharectl/mnt//{0}",
    "/run/./sharectl/mnt/{0}/.",
    "/run/sharectl/x/../mnt/{0}",
    "/var/run/sharectl/mnt/{0}",
    "/srv/alias",
    "/srv/alias/",
    "/run/sharectl/mnt/{0}/folder",
    "/srv/alias/folder",
]


def _written(start: Start, spelling: str) -> str:
    """The domain's XML with another spelling of its filesystem's source."""
    share = start.mapping.share_id
    start.app.mounts.links |= {"/var/run": "/run", "/srv/alias": f"{BASE}/{share}"}
    xml = start.app.domains.xml_of(start.uuid)
    return xml.replace(f'"{BASE}/{share}"', f'"{spelling.format(share)}"')


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_what_is_not_mounted_is_mounted(spelling: str) -> None:
    start = starting()
    was = start.mount
    xml = _written(start, spelling)
    start.unmount()
    hook.prepare(start.app, xml)
    assert start.mount == was


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_without_a_record_it_is_refused(spelling: str) -> None:
    start = starting()
    xml = _written(start, spelling)
    share = start.mapping.share_id
    start.forget()
    text = refused(start.app, xml)
    assert text.startswith(f"share {share} of domain guest: ")
    assert "no record of it; if it is to have the share: sharectl add guest" in text


@pytest.mark.parametrize("path", ["/run/sharectl/mnt-not/x", "/run/sharectl", "/srv", "/"])
def test_a_filesystem_of_somebody_else_is_no_affair_of_ours(path: str) -> None:
    start = starting()
    xml = _written(start, path)
    start.app.store.unreadable = True
    hook.prepare(start.app, xml)


_DISK = "<disk type='file' device='disk'><source file='{0}/{1}/{2}'/><target dev='vda'/></disk>"


def _with_disk(start: Start, base: str = BASE, share_id: str = "") -> str:
    """The XML of another domain, which has a disk image on the share and no record."""
    neighbour = start.app.domains.find("neighbour").uuid
    disk = _DISK.format(base, share_id or start.mapping.share_id, "images/a b.img")
    xml = start.app.domains.xml_of(neighbour)
    assert "</devices>" in xml
    return xml.replace("</devices>", f"{disk}</devices>")


@pytest.mark.parametrize("base", [BASE, "/run//sharectl/mnt", "/var/run/sharectl/mnt"])
def test_a_disk_on_a_share_has_it_mounted(base: str) -> None:
    start = starting()
    was = start.mount
    start.app.mounts.links["/var/run"] = "/run"
    xml = _with_disk(start, base)
    start.unmount()
    hook.prepare(start.app, xml)
    assert start.mount == was


def test_a_disk_on_a_share_whose_server_is_dead_is_refused() -> None:
    start = starting()
    start.app.mounts.dead.add("192.0.2.1")
    text = refused(start.app, _with_disk(start))
    assert text.startswith("share docs of domain neighbour: file server 192.0.2.1 does not answer")


def test_a_disk_on_a_share_that_nobody_has_any_more_is_left_to_qemu() -> None:
    start = starting()
    xml = _with_disk(start)
    start.change(intent=Intent.DETACHING)
    start.unmount()
    hook.prepare(start.app, xml)
    start.forget()
    hook.prepare(start.app, xml)


def test_one_that_is_detached_while_the_disk_waits_for_the_lock_is_not_mounted() -> None:
    start = starting()
    xml = _with_disk(start)
    start.unmount()
    start.app.locks.while_waiting = lambda: start.change(intent=Intent.DETACHING)
    hook.prepare(start.app, xml)
    assert start.mount is None


def test_a_damaged_configuration_keeps_only_domains_with_shares_from_starting() -> None:
    start = starting()

    def damaged() -> object:
        raise ConfigError("configuration file /etc/sharectl/config.toml: no")

    def status(xml: str) -> int:
        event = ("guest", "prepare", "begin", "-")
        return run(damaged, event, xml.encode, lambda: start.app)  # type: ignore[arg-type]

    assert status(start.app.domains.xml_of(start.uuid)) == 1
    assert status(_written(start, "/srv/elsewhere")) == 0
