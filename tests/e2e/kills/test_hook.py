"""SIGKILL of the hook while libvirt starts a domain whose share it has to mount.

The start is refused, or the guest has the right mount. The next start works, with nobody's help or
after one reconcile, and that finds nothing that is not as it should be.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import libvirt
import pytest

from sharectl.model.hook_files import HOOK
from tests.e2e.faulty_hook import DONE, HookJob, Victim, seconds
from tests.e2e.kills.cases import ALONE, ROUNDS, settled
from tests.e2e.kills.conftest import Places
from tests.e2e.stands import Bench, Stand
from tests.e2e.world import ROOT
from tests.lab import processes

pytestmark = pytest.mark.lab

_PAUSED = libvirt.VIR_DOMAIN_START_PAUSED
_installing = Lock()


@dataclass(frozen=True)
class Round:
    """One kill; `reconcile` is whether that comes before the next start, `boot` whether the guest
    is let run then."""

    job: HookJob
    reconcile: bool
    boot: bool = False

    def __str__(self) -> str:
        job = self.job
        when = f"before effect {job.at}" if job.delay is None else f"after {job.delay:.3f} s"
        return f"{job.victim} killed {when}{', then reconcile' if self.reconcile else ''}"


def _install(stand: Stand) -> None:
    """The script that sharectl would install, but for the program that it starts.

    On one libvirt there are those of many stands, so each is for its own domain alone.
    """
    world = stand.world
    installed = Path(f"/proc/{world.host.pid}/root{HOOK}")
    own = installed.with_name(stand.name)
    with _installing:
        if own.exists():
            return
        world.sharectl("hook", "install", "--no-boot", "--no-probe").ok()
        script = installed.read_text()
        world.sharectl("hook", "uninstall").ok()
        assert script.count(" -I -m sharectl.hook ") == 1
        shebang, rest = script.split("\n", 1)
        rest = rest.replace(" -I -m sharectl.hook ", " -m tests.e2e.faulty_hook ")
        first = f"[[ $1 == {stand.name} ]] || exit 0\nexport PYTHONPATH={ROOT}\n"
        own.write_text(f"{shebang}\n{first}{rest}")
        own.chmod(0o755)


def _prepare(stand: Stand) -> tuple[tuple[str, str], ...]:
    """Attach the share and unmount it; returns how it was mounted."""
    _install(stand)
    stand.run("add").ok()
    stand.path("from-host").write_text("hello\n")
    stand.path("from-guest").unlink(missing_ok=True)
    mounts = stand.world.mounts()
    for mount_point, _source in mounts:
        stand.world.unmount(mount_point)
        Path(mount_point).rmdir()
    return mounts


def _started(stand: Stand, job: HookJob) -> bool:
    """Whether a start with the hook like that is let through; the guest does not run a step."""
    return _refused(stand, job) is None


def _refused(stand: Stand, job: HookJob) -> str | None:
    """Why a start with the hook like that is refused; None when it is let through."""
    job.write(stand.world.folder)
    try:
        stand.guest.domain.createWithFlags(_PAUSED)
    except libvirt.libvirtError as error:
        assert not stand.guest.domain.isActive()
        return str(error)
    return None


def _stop(stand: Stand) -> None:
    with suppress(libvirt.libvirtError):
        stand.guest.domain.destroy()


def _done(stand: Stand) -> list[str]:
    """The effects of the last hook."""
    return (stand.world.folder / DONE).read_text().splitlines()


def _kill(stand: Stand, each: Round) -> Iterator[str]:
    right = _prepare(stand)
    if _started(stand, each.job):
        if stand.world.mounts() != right:
            yield f"started with the mounts {stand.world.mounts()}"
        _stop(stand)
    if each.reconcile:
        yield from _reconciled(stand)
    if (why := _refused(stand, HookJob())) is not None:
        yield f"the next start is refused: {why}; mounts {stand.world.mounts()}"
    elif stand.world.mounts() != right:
        yield f"the next start has the mounts {stand.world.mounts()}"
    elif each.boot:
        stand.guest.domain.resume()
        console = stand.guest.wait_off()
        answer = stand.path("from-guest")
        if "hello" not in console or not answer.exists():
            yield f"the guest has another share: {console}"
    _stop(stand)
    yield from _reconciled(stand)
    yield from settled(stand, "reconcile")


def _reconciled(stand: Stand) -> Iterator[str]:
    mended = stand.run("reconcile")
    if mended.status != 0:
        yield f"reconcile: exit {mended.status}: {mended.stderr}"


@pytest.fixture
def bench(places: Places, stack: str) -> Iterator[Bench]:
    """Its libvirt knows the hooks of the stands, which are gone afterwards."""
    bench = places(stack, ALONE).bench
    host = bench.first.world.host
    hooks = Path(f"/proc/{host.pid}/root{HOOK.parent}")
    _prepare(bench.first)
    pid = Path(f"/proc/{host.pid}/root/run/libvirtd.pid").read_text().strip()
    subprocess.run(host.command(["kill", "-HUP", pid]), env=host.environment(), check=True)
    processes.wait_until(lambda: _started(bench.first, HookJob()), timeout=20, what="the hook")
    _stop(bench.first)
    bench.first.run("remove").ok()
    yield bench
    for path in hooks.glob("stand*"):
        path.unlink()


def _effects(stand: Stand) -> list[str]:
    """Those of a hook that nothing happens to."""
    _prepare(stand)
    assert _started(stand, HookJob())
    _stop(stand)
    stand.run("remove").ok()
    return _done(stand)


def _run(bench: Bench, rounds: list[Round]) -> dict[str, list[str]]:
    def one(each: Round) -> tuple[str, list[str]]:
        return str(each), bench.problems(lambda stand: _kill(stand, each))

    with ThreadPoolExecutor(bench.size) as pool:
        return {name: problems for name, problems in pool.map(one, rounds) if problems}


def test_killed_at_every_boundary(bench: Bench) -> None:
    effects = _effects(bench.first)
    assert any("subprocess.Popen" in effect for effect in effects)
    rounds = [Round(HookJob(at), reconcile=at % 2 == 0) for at in range(len(effects))]
    assert _run(bench, rounds) == {}


def test_killed_at_random_times(
    request: pytest.FixtureRequest, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    longest = 1.2 * seconds(_effects(bench.first))
    seed = random.randrange(1 << 32)
    dice = random.Random(seed)
    rounds = [
        Round(
            HookJob(delay=dice.uniform(0, longest), victim=dice.choice(list(Victim))),
            reconcile=dice.random() < 0.5,
            boot=True,
        )
        for _ in range(ROUNDS)
    ]
    wrong = _run(bench, rounds)
    with capsys.disabled():
        print(f"\n{request.node.name}: seed {seed}, {ROUNDS} rounds, {len(wrong)} not mended")
        for name, problems in wrong.items():
            print(f"{name}: {'; '.join(problems)}")
    assert wrong == {}
