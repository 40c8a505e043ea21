"""The hook in a real libvirt: what starts, what does not, and what virsh says then."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from sharectl.adapters.json_store import JsonStore
from sharectl.hook.before_start import DEADLINE_SECONDS
from sharectl.model.enums import Intent
from sharectl.model.hook_files import HOOK
from tests.e2e.starts import unmount, why_refused
from tests.e2e.world import World
from tests.lab.libvirtd import Libvirtd

pytestmark = pytest.mark.lab


def _mount_point(world: World) -> str:
    (mapping,) = world.mappings().values()
    return str(mapping["mount_point"])


def test_a_new_hook_is_live_once_the_daemon_was_restarted(world: World, libvirtd: Libvirtd) -> None:
    guest = world.guest("vm1")
    libvirtd.restart()  # it has found no hook
    world.reconnect()
    absent = world.sharectl("hook", "status", "-f", "json")
    assert (absent.status, absent.json["Installed"], absent.json["Live"]) == (5, "no", "no")
    assert absent.stderr.endswith("the hook is not installed: sharectl hook install\n")

    told = world.sharectl("hook", "install").ok().stdout
    assert f"wrote {HOOK}\n" in told
    assert "libvirt does not see the hook yet: systemctl restart libvirtd" in told
    waiting = world.sharectl("hook", "status", "-f", "json")
    assert (waiting.status, waiting.json["Current"], waiting.json["Live"]) == (5, "yes", "no")
    assert "libvirt does not see the hook yet: systemctl restart" in waiting.stderr

    libvirtd.restart()
    world.reconnect()
    live = world.sharectl("hook", "status", "-f", "json").ok().json
    assert (live["Live"], "a guest that was started to see" in live["Known By"]) == ("yes", True)
    again = world.sharectl("hook", "status", "--no-probe", "-f", "json").ok().json
    assert re.fullmatch(r"it was called \d+ s ago, after it was written", again["Known By"])
    assert [domain.name() for domain in world.connection.listAllDomains()] == [guest.name]
    assert "the hook is live" in world.sharectl("hook", "install").ok().stdout

    world.sharectl("hook", "uninstall").ok()
    assert world.sharectl("hook", "uninstall").ok().stdout == ""
    world.guests[0].start()


def test_what_is_not_mounted_is_mounted_before_the_guest_starts(hooked: World) -> None:
    (guest,) = hooked.guests
    mounted = hooked.mounts()
    (Path(mounted[0][0]) / "file").write_text("still there\n")
    unmount(hooked)
    guest.start()
    assert hooked.mounts() == mounted
    guest.wait_for("script ended")
    assert guest.sh("share docs; cat /mnt/docs/file")[1].endswith("still there\n")


def test_two_domains_that_start_at_once_share_one_mount(hooked: World) -> None:
    hooked.guest("vm2")
    hooked.sharectl("add", "vm2", "docs").ok()
    mounted = hooked.mounts()
    unmount(hooked)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda guest: guest.start(), hooked.guests))
    assert hooked.mounts() == mounted


def test_a_wrong_source_is_refused_in_virsh(hooked: World) -> None:
    mount_point = _mount_point(hooked)
    unmount(hooked)
    Path(mount_point).mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "elsewhere", mount_point], check=True)
    done = subprocess.run(
        ["virsh", "start", "vm1"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert f"sharectl: share docs of domain vm1: {mount_point} is a mount of elsewhere" in (
        done.stderr
    )
    config = hooked.folder / "config.toml"
    assert f"mend it with: sharectl --config {config} reconcile" in done.stderr


def test_what_the_record_says_decides(hooked: World) -> None:
    (guest,) = hooked.guests
    with JsonStore(hooked.store).transaction() as store:
        (mapping,) = store.mappings
        store.put(replace(mapping, intent=Intent.DETACHING))
    text = why_refused(guest)
    assert text.startswith("sharectl: share docs of domain vm1: it is being detached; finish that")
    assert f"sharectl remove vm1 {mapping.share_id}" in text

    with JsonStore(hooked.store).transaction() as store:
        store.delete(mapping.id)
    unmount(hooked)
    text = why_refused(guest)
    assert f"has a filesystem for {mapping.mount_point}, and no record of it; if it is" in text
    assert f": sharectl add vm1 {mapping.share_id} --tag docs; if not, take the" in text

    hooked.store.write_text("{")
    text = why_refused(guest)
    assert text.startswith(f"sharectl: domain vm1 has shares, and store {hooked.store} cannot be")
    hooked.guest("plain", shared_memory=None).start()


def test_the_name_of_a_domain_is_only_a_name(hooked: World) -> None:
    (guest,) = hooked.guests
    mounted = hooked.mounts()
    for name in ("-n $(mkdir owned)", "'a\"b`mkdir owned`;&", "%s\\n ünï *"):
        guest.domain.rename(name)
        unmount(hooked)
        guest.start()
        assert hooked.mounts() == mounted
        guest.domain.destroy()
    hooked.store.write_text("{")
    assert f"domain {name} has shares" in why_refused(guest)
    assert not Path("/owned").exists()  # hooks run in /


def _client(mount_point: str) -> int:
    """The ceph-fuse that serves a mount point; it was mounted in a folder named by the share."""
    name = b"/" + Path(mount_point).name.encode()
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"ceph-fuse") and any(name in word for word in words):
            return int(process.parent.name)
    raise AssertionError("no ceph-fuse")


def test_a_mount_that_does_not_answer_is_refused_in_time(hooked: World) -> None:
    (guest,) = hooked.guests
    mount_point = _mount_point(hooked)
    client = _client(mount_point)
    os.kill(client, signal.SIGSTOP)
    began = time.monotonic()
    text = why_refused(guest)
    assert time.monotonic() - began < DEADLINE_SECONDS
    os.kill(client, signal.SIGCONT)
    assert text.startswith("sharectl: share docs of domain vm1: file server 10.")
    assert "does not answer" in text

    os.kill(client, signal.SIGKILL)
    assert "of no use any more" in why_refused(guest)


def test_a_server_that_is_away_is_refused_in_time(hooked: World) -> None:
    hooked.config = "[mount]\ntimeout = 3\n"
    hooked.environment()  # writes the configuration, which the hook reads
    unmount(hooked)
    with JsonStore(hooked.store).transaction() as store:
        (mapping,) = store.mappings
        _, colon, path = mapping.export_location.partition(":/")
        store.put(replace(mapping, export_location=f"10.99.0.77:6789{colon}{path}"))
    began = time.monotonic()
    text = why_refused(hooked.guests[0])
    assert time.monotonic() - began < DEADLINE_SECONDS
    assert text.startswith("sharectl: share docs of domain vm1: ")
    assert "10.99.0.77" in text
    assert (hooked.mounts(), list((hooked.runtime / "mnt").iterdir())) == ((), [])


def test_nothing_but_a_start_fails_by_the_hook(hooked: World, libvirtd: Libvirtd) -> None:
    """A failing `reconnect` hook would kill the guest."""
    hooked.guests[0].start()
    hooked.store.write_text("{")
    libvirtd.restart()
    hooked.reconnect()
    (guest,) = hooked.guests
    guest.domain.suspend()  # waits until the daemon has the guest back
    assert guest.domain.isActive()
    guest.domain.destroy()
    assert "cannot be read" in why_refused(guest)


def test_hook_run_does_what_the_hook_does(hooked: World) -> None:
    mounted = hooked.mounts()
    unmount(hooked)
    xml = hooked.guests[0].domain.XMLDesc()
    argv = hooked.argv("hook", "run", "vm1", "prepare", "begin", "-")

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv, env=hooked.environment(), input=xml, capture_output=True, text=True, check=False
        )

    done = run()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert hooked.mounts() == mounted
    hooked.store.write_text("{")
    done = run()
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("sharectl: domain vm1 has shares, and store")
    assert done.stderr.count("\n") == 1


def test_at_boot_all_shares_are_mounted(hooked: World) -> None:
    mounted = hooked.mounts()
    unmount(hooked)
    line = next(
        line for line in Path("/etc/cron.d/sharectl").read_text().splitlines() if "@reboot" in line
    )
    command = line.removeprefix("@reboot root ")
    subprocess.run(["/bin/sh", "-c", command], check=True, cwd="/")
    assert hooked.mounts() == mounted
