"""What the verbs that scripts call most may import: start-up time is imports."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.e2e.world import ROOT, World

pytestmark = pytest.mark.lab

_HEAVY = {"keystoneauth1", "manilaclient", "openstack", "requests", "rich", "yaml", "socket"}


def _imported(world: World, *arguments: str) -> set[str]:
    """Names of all modules that a run of sharectl imports."""
    argv = world.argv(*arguments)
    done = subprocess.run(
        [argv[0], "-X", "importtime", *argv[1:]],
        env=world.environment(), cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.MULTILINE))


def test_list_imports_nothing_that_it_does_not_need(world: World) -> None:
    world.guest("vm1")
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs").ok()
    imported = _imported(world, "list")
    assert "libvirt" in imported  # it did look
    assert imported & _HEAVY == set()
    ours = {name for name in imported if name.startswith("sharectl.")}
    assert ours & {"sharectl.model.plan", "sharectl.model.share", "sharectl.model.checks"} == set()


def test_help_and_version_reach_for_nothing_outside(world: World) -> None:
    for option in ("--help", "--version"):
        assert _imported(world, option) & (_HEAVY | {"libvirt", "tinydb"}) == set()


def test_the_hook_imports_nothing_that_it_does_not_need(world: World) -> None:
    guest = world.guest("vm1")
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs").ok()
    file = str(world.folder / "config.toml")
    argv = ["-X", "importtime", "-I", "-m", "sharectl.hook", file, "vm1", "prepare", "begin", "-"]
    done = subprocess.run(
        [sys.executable, *argv], env=world.environment(), cwd="/", input=guest.domain.XMLDesc(),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = set(re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.MULTILINE))
    assert "sharectl.adapters.host_mounts" in imported  # it did look
    assert (
        imported & (_HEAVY - {"socket"} | {"click", "libvirt", "tinydb", "sharectl.cli"}) == set()
    )
