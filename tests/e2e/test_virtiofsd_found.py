"""virtiofsd where the host's vhost-user descriptions say, and not where distributions put it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import libvirt
import pytest

from sharectl.adapters.vhost_user import SYSTEM, find
from sharectl.errors import ExitCode
from tests.e2e.vm_host import SCRIPT
from tests.e2e.world import World

pytestmark = pytest.mark.lab


@pytest.fixture
def hidden() -> Iterator[Path]:
    """The folder in /etc, with an empty file that hides the description of the package."""
    share, etc = SYSTEM
    etc.mkdir(parents=True)
    for file in share.iterdir():
        (etc / file.name).touch()
    yield etc
    shutil.rmtree(etc)


def test_program_at_an_unusual_path(world: World, hidden: Path) -> None:
    usual = find(SYSTEM[:1]).path
    assert usual is not None
    program = world.folder / "opt/fs daemon"
    program.parent.mkdir()
    shutil.copy(usual, program)
    (hidden / "10-ours").write_text(json.dumps({"type": "fs", "binary": str(program)}))
    guest = world.guest("vm1", stay=True, script=f"{SCRIPT.format('docs')}; echo done")
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs", "--tag", "docs").ok()
    (world.mount_point(share.id) / "hello").write_text("from the host\n")

    guest.start()

    assert "from the host" in guest.wait_for("done")
    running = {p.readlink() for p in Path("/proc").glob("[0-9]*/exe") if p.parent.name.isdigit()
               and _leads(p)}  # fmt: skip
    assert program in running
    assert Path(usual) not in running
    shown = world.sharectl("list", "--long", "-f", "value", "-c", "Health").ok()
    assert shown.stdout == "ok\n"
    refused = world.sharectl("remove", "vm1", "docs")
    assert refused.status == ExitCode.REFUSED
    guest.domain.destroy()
    world.sharectl("remove", "vm1", "docs").ok()


def _leads(link: Path) -> bool:
    try:
        link.readlink()
    except OSError:  # a thread of the kernel, or it has ended
        return False
    return True


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (None, "this host has no virtiofsd", "install virtiofsd"),
        ('{"type": "fs",', "/10.json: it is not JSON", "correct that file"),
        ('{"type": "fs", "binary": "/opt/gone"}', "names /opt/gone", "correct that file"),
    ],
)
def test_none_that_libvirt_could_start(
    world: World, hidden: Path, text: str | None, message: str, hint: str
) -> None:
    if text is not None:
        (hidden / "10.json").write_text(text)
    filesystem = (
        "<filesystem type='mount' accessmode='passthrough'><driver type='virtiofs'/>"
        f"<source dir='{world.folder}'/><target dir='tag'/></filesystem>"
    )
    other = world.guest("vm2", devices=filesystem)
    with pytest.raises(libvirt.libvirtError):
        other.start()
    world.guest("vm1")
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    before = world.snapshot()
    refused = world.sharectl("add", "vm1", "docs")
    assert refused.status == ExitCode.REFUSED
    assert message in refused.stderr
    assert hint in refused.stderr
    assert world.snapshot() == before
