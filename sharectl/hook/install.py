"""hook install, uninstall and status: the files on the host, and whether libvirt sees the hook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from sharectl import __version__
from sharectl.errors import Refused, SharectlError
from sharectl.model import hook_files
from sharectl.model.hook_files import Caller

if TYPE_CHECKING:
    from sharectl.model.hook_files import HostFile
    from sharectl.ports import App
    from sharectl.ports.hook_host import HookHost

RESTART = "systemctl restart libvirtd, or: systemctl restart virtqemud; running guests go on"


class Live(StrEnum):
    """Whether libvirt calls the hook."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Liveness:
    """Whether libvirt calls the hook, and how that is known."""

    live: Live
    known_by: str


@dataclass(frozen=True)
class InstallResult:
    """What was done, as sentences; `liveness` is None when nobody looked."""

    done: tuple[str, ...]
    liveness: Liveness | None


@dataclass(frozen=True)
class HookStatus:
    """The hook as it is. `current`: it is what this sharectl would write with these settings."""

    installed: bool
    current: bool
    executable: bool
    liveness: Liveness
    last_run: datetime | None
    boot: str

    @property
    def good(self) -> bool:
        """Whether a start of a domain is certain to be looked after."""
        return self.installed and self.current and self.executable and self.liveness.live == "yes"


def install(app: App, config_file: Path | None, *, boot: bool, probe: bool) -> InstallResult:
    """Write the hook and, with `boot`, what mounts at boot and looks after the shares.

    Raises `Refused` for a file in the way that sharectl did not write, before anything is done.
    With `probe` a guest is started and destroyed, to see whether libvirt calls the hook.
    """
    app.host.check_root("hook install")
    host = app.hook_host
    caller = _caller(app, config_file)
    _check_libvirt(app)
    files = {hook_files.HOOK: _script(host, caller)}
    if boot:
        files |= _boot_files(host, caller)
    for path in files:
        _check_ours(path, host.read(path))
    host.make_private(app.config.state_dir)  # the hook has to leave its stamp there
    done = [_written(host, path, text) for path, text in files.items()]
    if boot and host.has_systemd:
        host.systemctl("daemon-reload")
        host.systemctl("enable", *hook_files.ENABLED)
        host.systemctl("start", hook_files.TIMER)
        done.append("enabled " + " and ".join(hook_files.ENABLED))
    return InstallResult(tuple(done), _probe(app) if probe else None)


def _check_libvirt(app: App) -> None:
    """Raise `Refused` where libvirt would never look at the hook; one that is down may do so."""
    try:
        version = app.domains.host().libvirt
    except SharectlError:
        return
    if version < hook_files.SINCE:
        raise Refused(
            f"libvirt {'.'.join(map(str, version))} does not look into {hook_files.HOOK.parent},"
            " which came with 6.5",
            hint="upgrade libvirt; until then run after each reboot, before domains start:"
            " sharectl reconcile",
        )


def uninstall(app: App) -> tuple[str, ...]:
    """Delete what `install` wrote; returns what was done, as sentences.

    A file in the same place that sharectl did not write stays, with a warning.
    """
    app.host.check_root("hook uninstall")
    host, done = app.hook_host, []
    there = [path for path in _all_files() if (file := host.read(path)) and _ours(app, path, file)]
    units = [path.name for path in there if path in hook_files.UNIT_FILES.values()]
    if units and host.has_systemd:
        host.systemctl("disable", "--now", *(name for name in hook_files.ENABLED if name in units))
    for path in there:
        host.delete(path)
        done.append(f"deleted {path}")
    if units and host.has_systemd:
        host.systemctl("daemon-reload")
    return tuple(done)


def status(app: App, config_file: Path | None, *, probe: bool) -> HookStatus:
    """How the hook is. With `probe` a guest is started for a moment, to see if it is live.

    That the hook was called some day is taken for it only where no guest is, or can be, started.
    """
    host = app.hook_host
    file = host.read(hook_files.HOOK)
    if file is not None and not file.ours:
        file = None
    caller = _caller(app, config_file)
    if file is None:
        liveness = Liveness(Live.NO, "it is not installed")
    elif not file.executable:
        liveness = Liveness(Live.NO, "libvirt skips a file that is not executable")
    else:
        liveness = _liveness(app, file, probe=probe)
    return HookStatus(
        installed=file is not None,
        current=file is not None and file.text == _script(host, caller),
        executable=file is not None and file.executable,
        liveness=liveness,
        last_run=host.modified(app.config.hook_stamp),
        boot=_boot_state(host, caller),
    )


def _caller(app: App, config_file: Path | None) -> Caller:
    config = app.config
    return Caller(
        __version__, app.hook_host.python, config_file, config.state_dir, config.runtime_dir,
        config.mount_base, config.hook_stamp,
    )  # fmt: skip


def _script(host: HookHost, caller: Caller) -> str:
    return hook_files.hook_script(host.template(hook_files.HOOK_TEMPLATE), caller)


def _boot_files(host: HookHost, caller: Caller) -> Mapping[Path, str]:
    if host.has_systemd:
        units = hook_files.UNIT_FILES.items()
        return {path: hook_files.unit(host.template(name), caller) for name, path in units}
    tables = hook_files.CRON_FILES.items()
    return {path: hook_files.cron_table(host.template(name), caller) for name, path in tables}


def _all_files() -> tuple[Path, ...]:
    """Wherever `install` may have written, on a host that may have changed since."""
    return (
        hook_files.HOOK,
        *hook_files.UNIT_FILES.values(),
        *hook_files.CRON_FILES.values(),
    )


def _check_ours(path: Path, file: HostFile | None) -> None:
    if file is not None and not file.ours:
        raise Refused(
            f"{path} is there, and sharectl did not write it",
            hint=f"look at it, and move it away: less {path}",
        )


def _ours(app: App, path: Path, file: HostFile) -> bool:
    if not file.ours:
        app.events.warn(f"{path} stays, since it is not one that sharectl wrote")
    return file.ours


def _written(host: HookHost, path: Path, text: str) -> str:
    """Write the file unless it is right already: its time tells since when libvirt can see it."""
    file = host.read(path)
    executable = path == hook_files.HOOK
    if file is not None and file.text == text and file.executable is executable:
        return f"{path} is up to date"
    host.write(path, text, mode=0o755 if executable else 0o644)
    return f"wrote {path}"


def _liveness(app: App, file: HostFile, *, probe: bool) -> Liveness:
    tried = _probe(app) if probe else None
    if tried is not None and tried.live is not Live.UNKNOWN:
        return tried
    reason = "" if tried is None else f"; {tried.known_by}"
    called = app.hook_host.modified(app.config.hook_stamp)
    if called is None or called <= file.modified:
        return Liveness(Live.UNKNOWN, f"it has not been called since it was written{reason}")
    # Whoever runs the script touches the stamp, and libvirt may have been restarted since.
    age = _age((app.clock.now() - called).total_seconds())
    return Liveness(Live.YES, f"it was called {age} ago, after it was written{reason}")


def _age(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def _probe(app: App) -> Liveness:
    """Have libvirt start a guest, and look whether it called the hook."""
    host, stamp = app.hook_host, app.config.hook_stamp
    before = host.modified(stamp)
    try:
        host.provoke_hook()
    except SharectlError as error:
        return Liveness(Live.UNKNOWN, error.message)
    if host.modified(stamp) != before:
        return Liveness(Live.YES, "libvirt called it for a guest that was started to see")
    return Liveness(Live.NO, "libvirt did not call it for a guest that was started to see")


def _boot_state(host: HookHost, caller: Caller) -> str:
    """`systemd`, `cron`, `outdated` or `no`: what mounts at boot and looks after the shares."""
    wanted = _boot_files(host, caller)
    found = {path: host.read(path) for path in wanted}
    if not any(file is not None and file.ours for file in found.values()):
        return "no"
    if any(file is None or file.text != wanted[path] for path, file in found.items()):
        return "outdated"
    return "systemd" if host.has_systemd else "cron"
