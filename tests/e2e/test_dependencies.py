"""The dependencies as declared: the lowest versions, and what Debian 12 and 13 ship.

The newest versions are those that all other tests run with. What Debian 13's do with real parts
is in test_debian13.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests import dependencies
from tests.e2e.hosts import Sandbox
from tests.e2e.world import ROOT, World
from tests.lab import pythons
from tests.lab.trixie import Node

pytestmark = pytest.mark.lab

_ENVIRONMENT = {"SHARECTL_HISTORIES": "10", "PYTHONPATH": str(ROOT)}
_FAST = ("-m", "pytest", "-m", "not lab", "-p", "no:cacheprovider", "--tb=short")
_INSTALLED = (
    "-c", "import json; from tests import dependencies; print(json.dumps(dependencies.installed()))"
)  # fmt: skip
_TIMEOUT_S = 900


def _here(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, *arguments], env={**os.environ, **_ENVIRONMENT}, cwd=ROOT,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False,
    )  # fmt: skip


def _passed(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    print("\n".join(done.stdout.splitlines()[-1:]))


def test_lowest_versions_are_those_declared() -> None:
    done = _here(pythons.lowest(), *_INSTALLED)
    installed = {name: dependencies.key(v) for name, v in json.loads(done.stdout).items()}
    assert installed == {name: dependencies.key(v) for name, v in dependencies.lowest().items()}


@pytest.mark.parametrize("name", pythons.BY_NAME)
def test_fast_tests_pass(name: str) -> None:
    _passed(_here(pythons.BY_NAME[name](), *_FAST))


def test_fast_tests_pass_on_debian_13(trixie: Node) -> None:
    argv = ("env", "-C", str(ROOT), trixie.python, *_FAST)
    _passed(trixie.run(argv, extra=_ENVIRONMENT, timeout=_TIMEOUT_S))


@pytest.mark.parametrize("name", pythons.BY_NAME)
def test_a_share_is_attached_and_detached(name: str, world: World) -> None:
    world = replace(world, host=Sandbox(str(pythons.BY_NAME[name]())))
    world.guest("vm1")
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    before = world.snapshot()

    added = world.sharectl("add", "vm1", "docs", "--tag", "docs", "-f", "json").ok().json
    assert (added["Share ID"], added["Status"], added["Tag"]) == (share.id, "inactive", "docs")
    (world.mount_point(share.id) / "from-host").write_text("from the host\n")
    listed = world.sharectl("list", "--long", "-f", "yaml").ok().stdout
    assert "Health: ok" in listed
    assert world.sharectl("shares").ok().stdout.count(share.id) == 1
    assert world.sharectl("remove", "vm1", "docs").ok().stdout == ""
    assert world.snapshot() == before
