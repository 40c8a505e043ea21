"""How reconcile is told: line by line as it happens, whatever ends it."""

from __future__ import annotations

import pytest

from sharectl.errors import ExitCode
from sharectl.operations.add import add
from sharectl.operations.add_checks import AddRequest
from tests.cli.running import run
from tests.fakes.mounts import umount
from tests.operations.reconciling import run_reconcile
from tests.operations.scenarios import World, attached, nfs


def _two_unmounted() -> World:
    world, _ = attached(nfs)
    add(world.app, AddRequest("neighbour", "other"))
    for mapping in world.app.store.load():
        umount(world.app.mounts, mapping.mount_point)
    world.app.restart()
    return world


def test_a_signal_ends_it_and_what_was_done_has_been_told(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _two_unmounted()
    real, calls = world.app.mounts.mount, []

    def mount(*args: object) -> None:
        calls.append(args)
        if len(calls) == 2:
            world.app.interrupts.arrive()
        real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(world.app.mounts, "mount", mount)
    result = run(world.app, "reconcile")
    assert result.exit_code == ExitCode.INTERRUPTED
    (line,) = result.stdout.splitlines()
    assert line.startswith("guest docs: mount ")
    assert result.stderr.startswith("sharectl: error: interrupted by SIGINT\n")


def test_nobody_who_reads_its_lines_is_no_reason_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with `sharectl reconcile | head -0`: a change and its record are not torn apart."""

    def shown(_line: str) -> str:
        raise BrokenPipeError

    world = _two_unmounted()
    with monkeypatch.context() as patch:
        patch.setattr("sharectl.cli.streams.shown", shown)
        assert run(world.app, "reconcile").exit_code == ExitCode.OK
    assert run_reconcile(world.app).changes == ()
    assert len(world.app.mounts.list()) == 3 + 2


@pytest.mark.parametrize("port", ["shares", "domains"])
def test_a_dry_run_that_could_not_look_does_not_say_that_something_is_to_be_done(port: str) -> None:
    world, _ = attached(nfs)
    getattr(world.app, port).dead = True
    world.app.restart()
    blind = run(world.app, "reconcile", "--dry-run")
    assert (blind.exit_code, blind.stdout) == (ExitCode.UNAVAILABLE, "")
    umount(world.app.mounts, world.mount_point)
    world.app.restart()
    assert run(world.app, "reconcile", "--dry-run").exit_code == ExitCode.DRIFT


def test_a_dry_run_that_finds_what_cannot_be_mended_finds_ill_health() -> None:
    world, _ = attached(nfs)
    world.app.domains.undefine(world.uuid)
    world.app.restart()
    assert run(world.app, "reconcile", "--dry-run").exit_code == ExitCode.DRIFT
