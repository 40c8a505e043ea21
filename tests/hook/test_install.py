"""hook install, status and uninstall: what is written, and what is known of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharectl.errors import BackendError, Denied, Refused
from sharectl.hook.install import HookStatus, InstallResult, install, status, uninstall
from sharectl.model import hook_files
from sharectl.model.hook_files import HOOK, HostFile
from tests.fakes import FakeApp

UNITS = set(hook_files.UNIT_FILES.values())
CRON = set(hook_files.CRON_FILES.values())


def installed(app: FakeApp, *, boot: bool = True, probe: bool = True) -> InstallResult:
    return install(app, None, boot=boot, probe=probe)


def looked_at(app: FakeApp, *, probe: bool = True) -> HookStatus:
    return status(app, None, probe=probe)


def written(app: FakeApp) -> set[Path]:
    return set(app.hook_host.files) - {app.config.hook_stamp}


def test_on_systemd() -> None:
    app = FakeApp()
    result = installed(app)
    assert written(app) == {HOOK, *UNITS}
    assert app.hook_host.files[HOOK].executable
    assert not any(app.hook_host.files[path].executable for path in UNITS)
    assert app.hook_host.commands == [
        "daemon-reload",
        "enable sharectl-mounts.service sharectl-reconcile.timer",
        "start sharectl-reconcile.timer",
    ]
    assert result.done[-1] == "enabled sharectl-mounts.service and sharectl-reconcile.timer"
    assert result.liveness is not None
    assert result.liveness.live == "yes"


def test_without_systemd() -> None:
    app = FakeApp()
    app.hook_host.has_systemd = False
    installed(app)
    assert written(app) == {HOOK, *CRON}
    assert app.hook_host.commands == []
    assert looked_at(app).boot == "cron"


def test_without_boot() -> None:
    app = FakeApp()
    installed(app, boot=False)
    assert written(app) == {HOOK}
    assert looked_at(app).boot == "no"


def test_again_changes_nothing_and_says_so() -> None:
    app = FakeApp()
    installed(app)
    before = dict(app.hook_host.files)
    result = installed(app, probe=False)
    assert app.hook_host.files == before
    assert f"{HOOK} is up to date" in result.done
    assert result.liveness is None


@pytest.mark.parametrize("path", [HOOK, *sorted(UNITS)], ids=lambda path: path.name)
def test_a_file_of_somebody_else_is_neither_replaced_nor_deleted(path: Path) -> None:
    app = FakeApp()
    foreign = HostFile("#!/bin/sh\n# mine\n", True, app.clock.now())
    app.hook_host.files[path] = foreign
    with pytest.raises(Refused, match="sharectl did not write it"):
        installed(app)
    assert app.hook_host.files == {path: foreign}
    assert uninstall(app) == ()
    assert app.hook_host.files == {path: foreign}
    assert str(path) in app.heard.warnings[0]


def test_only_root() -> None:
    app = FakeApp()
    app.host.root = False
    for verb in (lambda: installed(app), lambda: uninstall(app)):
        with pytest.raises(Denied):
            verb()
    assert app.hook_host.files == {}


@pytest.mark.parametrize("systemd", [True, False])
def test_uninstall_takes_everything_away_and_can_be_repeated(systemd: bool) -> None:
    app = FakeApp()
    app.hook_host.has_systemd = systemd
    installed(app)
    app.hook_host.commands.clear()
    assert f"deleted {HOOK}" in uninstall(app)
    assert written(app) == set()
    disable = "disable --now sharectl-mounts.service sharectl-reconcile.timer"
    assert app.hook_host.commands == ([disable, "daemon-reload"] if systemd else [])
    assert uninstall(app) == ()
    assert not looked_at(app).installed


def test_uninstall_also_takes_what_an_earlier_init_system_used() -> None:
    app = FakeApp()
    app.hook_host.has_systemd = False
    installed(app)
    app.hook_host.has_systemd = True
    uninstall(app)
    assert written(app) == set()


def test_a_daemon_that_has_not_looked_since_is_told() -> None:
    app = FakeApp()
    app.hook_host.restarted = False
    result = installed(app)
    assert result.liveness is not None
    assert result.liveness.live == "no"
    found = looked_at(app)
    assert (found.installed, found.current, found.executable) == (True, True, True)
    assert (found.liveness.live, found.good) == ("no", False)
    app.hook_host.restarted = True
    assert looked_at(app).good


def test_a_call_since_it_was_written_counts_where_no_guest_is_started() -> None:
    app = FakeApp()
    installed(app, probe=False)
    assert looked_at(app, probe=False).liveness.live == "unknown"
    app.hook_host.touch_stamp()
    app.clock.sleep(3 * 3600)
    found = looked_at(app, probe=False)
    assert (found.good, found.boot) == (True, "systemd")
    assert found.liveness.known_by == "it was called 3 h ago, after it was written"
    assert found.last_run == app.hook_host.files[app.config.hook_stamp].modified
    assert app.hook_host.started == 0
    app.hook_host.unable = BackendError("no emulator")
    assert looked_at(app).liveness.known_by.endswith("after it was written; no emulator")


def test_a_call_by_hand_proves_nothing_where_a_guest_can_be_started() -> None:
    app = FakeApp()
    app.hook_host.restarted = False
    installed(app, probe=False)
    app.clock.sleep(1)
    app.hook_host.touch_stamp()
    assert looked_at(app).liveness.live == "no"
    assert app.hook_host.started == 1


def test_a_call_before_it_was_written_proves_nothing() -> None:
    app = FakeApp()
    installed(app)
    app.clock.sleep(1)
    app.hook_host.change(HOOK, modified=app.clock.now())
    assert looked_at(app, probe=False).liveness.live == "unknown"


def test_a_libvirt_that_looks_into_no_folder_is_refused() -> None:
    app = FakeApp()
    app.domains.upgrade(libvirt=(6, 4, 0))
    with pytest.raises(Refused, match=r"6\.4\.0 does not look into .*, which came with 6\.5"):
        installed(app)
    assert app.hook_host.files == {}
    app.domains.dead = True  # it may be newer when it is back
    installed(app, probe=False)
    assert written(app) == {HOOK, *UNITS}


def test_what_cannot_be_tried_is_unknown() -> None:
    app = FakeApp()
    app.hook_host.unable = BackendError("libvirt cannot start a guest to try it: no emulator")
    result = installed(app)
    assert result.liveness is not None
    assert result.liveness.live == "unknown"
    found = looked_at(app)
    assert (found.liveness.live, found.good) == ("unknown", False)
    assert "no emulator" in found.liveness.known_by


def test_another_python_or_folder_makes_it_outdated() -> None:
    app = FakeApp()
    installed(app)
    app.hook_host.python = "/opt/newer/bin/python3"
    found = looked_at(app)
    assert (found.current, found.boot, found.good) == (False, "outdated", False)
    installed(app)
    assert looked_at(app).good
    assert not status(app, Path("/etc/other.toml"), probe=True).current


def test_a_hook_that_cannot_be_executed_is_not_live() -> None:
    app = FakeApp()
    installed(app)
    app.hook_host.change(HOOK, executable=False)
    found = looked_at(app)
    assert (found.executable, found.liveness.live) == (False, "no")
    installed(app)
    assert looked_at(app).good


def test_a_foreign_hook_in_its_place_is_not_ours() -> None:
    app = FakeApp()
    app.hook_host.files[HOOK] = HostFile("#!/bin/sh\n", True, app.clock.now())
    found = looked_at(app)
    assert (found.installed, found.executable, found.good) == (False, False, False)
