"""Domains looked at on both stacks: one that hangs, one whose virtiofsd died, and many."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.hosts import SANDBOX, Host
from tests.e2e.looking import look, waiting_start
from tests.lab.fixtures_libvirt import RUN, DomainFactory
from tests.lab.guest import Guest
from tests.lab.guest.xml import filesystem_xml
from tests.lab.libvirtd import HOOKS, Libvirtd
from tests.lab.processes import wait_until
from tests.lab.trixie import Node

pytestmark = pytest.mark.lab


@dataclass(frozen=True)
class Place:
    """A host, a way to define guests on it, its hook, and how it sees a path."""

    host: Host
    define: DomainFactory
    hook: Path
    root: Path

    def virsh(self, *arguments: str) -> str:
        argv = self.host.command(["virsh", "-q", *arguments])
        env = self.host.environment()
        return subprocess.run(argv, env=env, capture_output=True, text=True, check=True).stdout

    def signal(self, pid_file: str, number: signal.Signals) -> None:
        """Send a signal to the process whose number libvirt has written there."""
        pid = next((self.root / "run/libvirt/qemu").glob(pid_file)).read_text().strip()
        argv = self.host.command(["kill", f"-{int(number)}", pid])
        subprocess.run(argv, env=self.host.environment(), check=True)


@pytest.fixture
def sandbox_place(libvirtd: Libvirtd, request: pytest.FixtureRequest) -> Iterator[Place]:
    hook = HOOKS / "qemu"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\n")
    hook.chmod(0o755)
    libvirtd.restart()  # which finds it
    yield Place(SANDBOX, request.getfixturevalue("domain"), hook, Path("/"))
    hook.unlink()


@pytest.fixture
def trixie_place(trixie: Node, trixie_domain: DomainFactory) -> Iterator[Place]:
    hook = trixie.install_hook("#!/bin/sh\n")
    yield Place(trixie, trixie_domain, hook, trixie.path("/"))
    hook.unlink()


@pytest.fixture(params=["sandbox_place", "trixie_place"])
def place(request: pytest.FixtureRequest) -> Place:
    """Debian 12, then Debian 13."""
    made: Place = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that all hosts see, with a folder `data`."""
    made = Path(tempfile.mkdtemp(prefix="looking-", dir=RUN))
    (made / "data").mkdir()
    yield made
    shutil.rmtree(made)


def test_domain_whose_start_waits_in_a_hook_holds_up_no_other(place: Place, folder: Path) -> None:
    """libvirt itself lists no domains meanwhile."""
    devices = filesystem_xml(folder / "data", "docs")
    place.define("stuck", devices=devices)
    place.define("free", devices=devices)
    with waiting_start(place.host, place.hook, "stuck", folder):
        seen = look(place.host)
        assert seen.domains.keys() == {"free"}
        assert seen.complete == ["qemu:///system"]
        ((name, (error, paths)),) = seen.unseen.items()
        assert name == "stuck"
        assert "a hook or a job holds it" in error
        assert str(folder / "data") in paths
        assert seen.seconds < 9
    assert look(place.host).domains.keys() == {"stuck", "free"}


def test_domain_with_a_job_that_hangs_holds_up_no_other(trixie_place: Place, folder: Path) -> None:
    """Since libvirt 11 a domain's XML waits for its job; before, it does not."""
    place = trixie_place
    guest = place.define("stuck", stay=True, devices=filesystem_xml(folder / "data", "docs"))
    place.define("free")
    guest.start()
    place.signal("stuck.pid", signal.SIGSTOP)
    argv = ["virsh", "qemu-monitor-command", "stuck", '{"execute": "query-status"}']
    job = subprocess.Popen(place.host.command(argv), env=place.host.environment(),
                           stdout=subprocess.DEVNULL)  # fmt: skip
    try:
        wait_until(lambda: look(place.host).unseen, timeout=30, what="the job")
        seen = look(place.host)
        assert seen.domains.keys() == {"free"}
        assert seen.unseen.keys() == {"stuck"}
        assert str(folder / "data") in seen.unseen["stuck"][1]
        assert seen.seconds < 9
    finally:
        place.signal("stuck.pid", signal.SIGCONT)
        job.wait(60)
    assert not look(place.host).unseen


def _live(host: Host, name: str) -> list[Any]:
    found: list[Any] = look(host).domains[name]["live"]
    return found


def test_virtiofsd_that_died_is_seen(place: Place, folder: Path) -> None:
    """Also of a domain whose name libvirt cuts; and what the hint says brings it back."""
    name = "a-domain-with-more-than-twenty-characters"
    source = str(folder / "data")
    devices = filesystem_xml(folder / "data", "one") + filesystem_xml(folder / "data", "two")
    guest: Guest = place.define(
        name, script="share one", stay=True, on_reboot="restart", devices=devices
    )
    guest.start()
    guest.wait_for("share: one is mounted")
    assert _live(place.host, name) == [["one", source, True], ["two", source, True]]
    assert look(place.host, brief=True).domains[name]["live"] == _live(place.host, name)

    place.signal("*-fs0-fs.pid", signal.SIGKILL)

    died = [["one", source, False], ["two", source, True]]
    wait_until(lambda: _live(place.host, name) == died, timeout=10, what="its death")
    place.virsh("reset", name)  # which starts no daemon
    assert _live(place.host, name) == died
    place.virsh("destroy", name)
    place.virsh("start", name)
    assert _live(place.host, name) == [["one", source, True], ["two", source, True]]


def test_two_hundred_domains_cost_little(place: Place, folder: Path) -> None:
    devices = "".join(filesystem_xml(folder / "data", f"t{number}") for number in range(5))
    for number in range(200):
        place.define(f"many{number}", devices=devices)
    seen, brief = look(place.host), look(place.host, brief=True)
    assert len(seen.domains) == len(brief.domains) == 200
    assert brief.domains["many7"]["filesystems"] == seen.domains["many7"]["filesystems"]
    print(f"200 domains: {seen.seconds:.2f} s, {seen.cpu:.2f} s of CPU;"
          f" brief {brief.seconds:.2f} s, {brief.cpu:.2f} s")  # fmt: skip
    assert seen.cpu < 0.6
    assert brief.cpu < seen.cpu
