"""A host on which no file can be written: what only looks, and what a start needs, still works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.world import ROOT, Result, World

pytestmark = pytest.mark.lab


def _run(world: World, argv: list[str], text: str = "") -> Result:
    """Run it where each write to a file fails, as on a full disk, in tmpfs as well."""
    done = subprocess.run(
        ["prlimit", "--fsize=0", *argv], env=world.environment(), cwd=ROOT, input=text,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def attached(world: World) -> World:
    world.guest("vm1")
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs").ok()
    return world


@pytest.mark.parametrize(
    "verb", [("list", "--long"), ("show", "vm1", "docs"), ("reconcile", "--dry-run")]
)
def test_looking(attached: World, verb: tuple[str, ...]) -> None:
    healthy = attached.sharectl(*verb).ok()
    assert _run(attached, attached.argv(*verb)) == healthy


def test_a_start_of_a_domain_whose_share_is_mounted(attached: World) -> None:
    (guest,) = attached.guests
    event = ["", guest.name, "prepare", "begin", "-"]
    hook = [sys.executable, "-m", "sharectl.hook", *event]
    assert _run(attached, hook, guest.domain.XMLDesc(2)) == Result(0, "", "")
    ((mount_point, _source),) = attached.mounts()
    attached.unmount(mount_point)
    Path(mount_point).rmdir()
    refused = _run(attached, hook, guest.domain.XMLDesc(2))
    assert refused.status == 1
    assert "internal error" not in refused.stderr
