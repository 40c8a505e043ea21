"""What the adapters are asked to do, on files and programs that are inside a test."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from sharectl import config
from sharectl.adapters import libvirt_files, mount_syscalls, process, vhost_user, virtiofsd_lock
from sharectl.adapters.file_lock import FileLocks
from sharectl.adapters.hook_host import LocalHookHost
from sharectl.adapters.host_mounts import HostMounts
from sharectl.adapters.json_store import JsonStore, backup_of
from sharectl.adapters.mount_notes import MountNotes
from sharectl.adapters.secret_files import SecretFiles
from sharectl.adapters.staging import Staging
from sharectl.adapters.system import LocalHost, SystemClock
from sharectl.adapters.withdrawal_notes import WithdrawalNotes
from sharectl.config import Config
from sharectl.model.enums import AccessLevel, ShareProtocol
from sharectl.model.host import SYSTEM
from sharectl.model.mounts import MountNote
from sharectl.model.secret import CephxKey
from sharectl.model.withdrawal import Withdrawal
from tests.model.things import MAPPING

_NOTE = MountNote("/run/sharectl/mnt/s1", "0:42", "192.0.2.1:/docs", AccessLevel.RW, "r1")
_WITHDRAWAL = Withdrawal("s1", "/run/sharectl/mnt/s1", "p1", ("r1",))
_DOMAIN = "<domain><name>test</name><uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid></domain>"
_TOML = '[libvirt]\nuri = "qemu:///system"\n[nfs]\noptions = ["soft"]\n'


@dataclass(frozen=True)
class Place:
    """A folder of its own, and the settings that lead there."""

    folder: Path

    @property
    def config(self) -> Config:
        return Config(state_dir=self.folder / "state", runtime_dir=self.folder / "run")

    @property
    def store(self) -> JsonStore:
        return JsonStore(self.config.store_file)

    @property
    def mounts(self) -> HostMounts:
        return HostMounts(self.config)

    @property
    def locks(self) -> FileLocks:
        return FileLocks(self.config.lock_dir)

    @property
    def secrets(self) -> SecretFiles:
        return SecretFiles(self.config.secrets_dir)

    @property
    def withdrawals(self) -> WithdrawalNotes:
        return WithdrawalNotes(self.config.withdrawals_dir)

    @property
    def notes(self) -> MountNotes:
        return MountNotes(self.config)

    @property
    def hook(self) -> LocalHookHost:
        return LocalHookHost("test:///default", 5)

    def fill(self) -> None:
        """Everything that the uses look at is there."""
        (self.folder / "config.toml").write_text(_TOML)
        _put(self)
        _put(self)
        self.secrets.put("s1", CephxKey("k"))
        self.withdrawals.put(_WITHDRAWAL)
        self.notes.write(_NOTE)
        Staging(self.config).make("s2")
        for name in ("mnt/s3", "ceph-fuse", "etc/qemu", "run/qemu", "vhost-user"):
            (self.config.runtime_dir / name).mkdir(parents=True, exist_ok=True)
        run = self.config.runtime_dir
        (run / "ceph-fuse/s4.conf").write_text("")
        (run / "staging/s5.x").symlink_to(run)
        (run / "etc/qemu/test.xml").write_text(_DOMAIN)
        (run / "run/qemu/1-te\u00e9-fs0-fs.pid").write_text("1")
        program = self.folder / "virtiofsd"
        program.write_text("")
        program.chmod(0o755)
        described = {"type": "fs", "binary": str(program)}
        (run / "vhost-user/50-fs.json").write_text(json.dumps(described))
        (self.folder / "link").symlink_to(self.folder)


def _put(place: Place) -> None:
    with place.store.transaction() as transaction:
        transaction.put(MAPPING)


def _put_first(place: Place) -> None:
    place.config.store_file.unlink()
    backup_of(place.config.store_file).unlink()
    _put(place)


def _delete(place: Place) -> None:
    with place.store.transaction() as transaction:
        transaction.delete(MAPPING.id)


def _load_damaged(place: Place) -> object:
    place.config.store_file.write_text("{")
    return place.store.load()


def _load_gone(place: Place) -> object:
    place.config.store_file.unlink()
    return place.store.load()


def _load_folder(place: Place) -> object:
    place.config.store_file.unlink()
    place.config.store_file.mkdir()
    return place.store.load()


def _lock(place: Place) -> None:
    with place.locks.domain("u1", 1), place.locks.reconcile():
        pass


def _lock_held(place: Place) -> None:
    with place.locks.share("s1", 1), place.locks.share("s1", 0.06):
        pass


def _configure(place: Place) -> object:
    environment = {"SHARECTL_STATE_DIR": str(place.folder / "link/state")}
    return config.load(place.folder / "config.toml", environment=environment)


def _is_served(place: Place) -> object:
    folder = place.config.runtime_dir / "run/qemu"
    with patch.object(virtiofsd_lock, "FOLDER", folder):
        return virtiofsd_lock.is_served(SYSTEM, "1", "te\u00e9", "fs0")


def _files_of_libvirt(place: Place) -> object:
    run = place.config.runtime_dir
    with (
        patch.object(libvirt_files, "DEFINITIONS", run / "etc/qemu"),
        patch.object(libvirt_files, "STATES", run / "run/qemu"),
    ):
        return libvirt_files.read(SYSTEM)


def _bind(place: Place) -> None:
    mount_syscalls.bind(place.folder / "nothing", place.folder / "nowhere")


def _run_too_slow(_place: Place) -> None:
    with suppress(process.TimedOut):  # which is for the adapters alone
        process.run(["sleep", "9"], timeout=0.01)


def _host(place: Place) -> object:
    host = LocalHost((place.folder / "nothing", Path("/etc/machine-id")))
    host.check_root("add")
    return host.identity, host.user, SystemClock().now()


USES: dict[str, Callable[[Place], object]] = {
    "config": _configure,
    "store: load": lambda place: place.store.load(),
    "store: put": _put,
    "store: put the first": _put_first,
    "store: delete": _delete,
    "store: load, damaged": _load_damaged,
    "store: load, gone": _load_gone,
    "store: load, a folder": _load_folder,
    "locks": _lock,
    "locks: held": _lock_held,
    "secrets: put": lambda place: place.secrets.put("s2", CephxKey("k")),
    "secrets: file": lambda place: place.secrets.file("s1"),
    "secrets: delete": lambda place: place.secrets.delete("s1"),
    "withdrawals: put": lambda place: place.withdrawals.put(_WITHDRAWAL),
    "withdrawals: list": lambda place: place.withdrawals.list(),
    "withdrawals: delete": lambda place: place.withdrawals.delete("s1"),
    "notes: write": lambda place: place.notes.write(_NOTE),
    "notes: remove": lambda place: place.notes.remove(_NOTE.mount_point),
    "mounts: notes": lambda place: place.mounts.notes(),
    "mounts: list": lambda place: place.mounts.list(),
    "mounts: served": lambda place: place.mounts.served(),
    "mounts: resolve": lambda place: place.mounts.resolve([str(place.folder / "link/state")]),
    "mounts: leftovers": lambda place: place.mounts.leftovers(),
    "mounts: sweep": lambda place: place.mounts.sweep(str(place.config.mount_base / "s2")),
    "mounts: sweep, files": lambda place: place.mounts.sweep(str(place.config.mount_base / "s4")),
    "mounts: sweep, a link": lambda place: place.mounts.sweep(str(place.config.mount_base / "s5")),
    "staging": lambda place: Staging(place.config).make("s6"),
    "staging: keep a link": lambda place: Staging(place.config).clear("s5", keep_link=True),
    "mounts: sweep, no folder": lambda place: place.mounts.sweep(str(place.config.mount_base)),
    "mounts: volatile": lambda place: place.mounts.volatile(),
    "mounts: NFS": lambda place: place.mounts.check_client(ShareProtocol.NFS),
    "mounts: CephFS": lambda place: place.mounts.check_client(ShareProtocol.CEPHFS),
    "mounts: address": lambda place: place.mounts.local_address("127.0.0.1"),
    "mounts: unmount": lambda place: place.mounts.unmount(
        str(place.config.mount_base / "s3"), 1, seen=None
    ),
    "mounts: bind": _bind,
    "mounts: detach": lambda place: mount_syscalls.detach(place.folder / "nothing"),
    "mounts: probe": lambda place: place.mounts.probe([[str(place.folder)], ["/proc"]], 5),
    "process": lambda _place: process.run(["true"], timeout=5),
    "process: too slow": _run_too_slow,
    "hook: template": lambda place: place.hook.template("hook.sh"),
    "hook: read": lambda place: place.hook.read(place.folder / "config.toml"),
    "hook: write": lambda place: place.hook.write(place.folder / "new/hook", "x", mode=0o755),
    "hook: delete": lambda place: place.hook.delete(place.folder / "config.toml"),
    "hook: folder": lambda place: place.hook.make_private(place.folder / "another"),
    "hook: systemd": lambda place: (place.hook.has_systemd, place.hook.python),
    "hook: systemctl": lambda place: place.hook.systemctl("--version"),
    "hook: provoke": lambda place: place.hook.provoke_hook(),
    "host": _host,
    "virtiofsd": lambda place: vhost_user.find([place.config.runtime_dir / "vhost-user"]),
    "virtiofsd: folders": lambda _place: vhost_user.folders(),
    "virtiofsd: served": _is_served,
    "libvirt's files": _files_of_libvirt,
}


@contextmanager
def places(folder: Path) -> Iterator[Callable[[], Place]]:
    """Makes new places, filled."""
    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, {"SUDO_USER": ""}))
        numbers = iter(range(10**9))

        def make() -> Place:
            place = Place(folder / str(next(numbers)))
            place.folder.mkdir()
            place.fill()
            return place

        yield make
