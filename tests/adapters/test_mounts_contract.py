"""What the operations rely on in the mounts of a host: those in memory do as the real ones do."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest

from sharectl.adapters.host_mounts import HostMounts
from sharectl.adapters.secret_files import SecretFiles
from sharectl.config import Config
from sharectl.errors import MountFailed, SharectlError
from sharectl.model.enums import AccessLevel, AccessType, Health, ShareProtocol
from sharectl.model.export_location import same_source
from sharectl.model.mounts import HostMount, MountRequest, mounted_at
from sharectl.model.secret import CephxKey
from sharectl.model.share import Access
from sharectl.ports import Mounts
from tests.fakes.mounts import FakeMounts
from tests.fakes.shares import FakeShares
from tests.fakes.store import FakeSecrets
from tests.lab.cloud.cloud import Cloud

_USER = "sharectl-contract"
_CUT_OFF = (Health.NO_ACCESS, Health.STALE)
_PATIENCE = 60.0


class Side(Protocol):
    """A host with a CephFS share that it has access to, and what others do to it."""

    mounts: Mounts
    share_id: str
    source: str
    point: Path

    def grant(self) -> Path:
        """Grant access, anew if it was withdrawn; the file with the key."""

    def withdraw(self) -> None: ...

    def take_away(self) -> None:
        """As an admin does it, who leaves the folder."""


class _Fake:
    """The mounts in memory."""

    def __init__(self) -> None:
        self.shares, self.secrets = FakeShares(), FakeSecrets(Config().secrets_dir)
        self.fake = FakeMounts(self.shares, self.secrets)
        self.mounts: Mounts = self.fake
        self.source = "192.0.2.21:6789:/volumes/one"
        self.share_id = self.shares.create("docs", "CEPHFS", self.source).id
        self.point = Config().mount_base / self.share_id

    def grant(self) -> Path:
        access = Access(AccessType.CEPHX, _USER, AccessLevel.RW)
        self.shares.add_rule(self.share_id, access)
        key = self.shares.key_of(self.share_id, _USER)
        return self.secrets.put(self.share_id, CephxKey(key or ""))

    def withdraw(self) -> None:
        for rule in self.shares.all_rules:
            self.shares.revoke(self.share_id, rule.id)
        self.shares.settle()

    def take_away(self) -> None:
        self.fake.take_away(str(self.point))


class _Real:
    """ceph-fuse, and the Manila and Ceph of the lab."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        self.cloud = cloud
        config = Config(runtime_dir=folder / "run", state_dir=folder / "state")
        self.secrets = SecretFiles(config.secrets_dir)
        self.mounts: Mounts = HostMounts(config)
        self.share_id = cloud.create_share(f"c-{uuid4().hex[:8]}", "CEPHFS", backend="ceph").id
        self.source = cloud.export_locations(self.share_id)[0].path
        self.point = config.mount_base / self.share_id

    def grant(self) -> Path:
        rule = self.cloud.allow(self.share_id, _USER, access_type="cephx")
        return self.secrets.put(self.share_id, CephxKey(rule.access_key or ""))

    def withdraw(self) -> None:
        for rule in self.cloud.rules(self.share_id):
            self.cloud.deny(self.share_id, rule.id)

    def take_away(self) -> None:
        subprocess.run(["umount", self.point], check=True)


@pytest.fixture(params=["memory", pytest.param("real", marks=pytest.mark.lab)])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    if request.param == "memory":
        yield _Fake()
        return
    cloud: Cloud = request.getfixturevalue("clean_cloud")
    made = _Real(cloud, Path(tempfile.mkdtemp(prefix="contract-", dir="/run")))
    yield made
    _unmount(made, force=True)


def _unmount(side: Side, *, force: bool = False) -> None:
    """Unmount what is there."""
    seen = mounted_at(side.mounts.list(), str(side.point))
    side.mounts.unmount(str(side.point), _PATIENCE, seen=seen, force=force)


def _mount(side: Side, key_file: Path | None, level: AccessLevel = AccessLevel.RW) -> HostMount:
    request = MountRequest(
        ShareProtocol.CEPHFS, side.source, side.point, level, _USER, None, "rule-1"
    )
    side.mounts.mount(request, key_file, _PATIENCE)
    found = _found(side)
    assert found is not None
    return found


def _found(side: Side) -> HostMount | None:
    return mounted_at(side.mounts.list(), str(side.point))


def _health(side: Side) -> Health:
    return side.mounts.probe([[str(side.point)]], _PATIENCE)[str(side.point)]


def _clean(side: Side) -> bool:
    return (_found(side), side.mounts.notes(), side.mounts.leftovers()) == (None, {}, ())


@pytest.mark.parametrize("level", AccessLevel)
def test_mounted_noted_and_unmounted(side: Side, level: AccessLevel) -> None:
    found = _mount(side, side.grant(), level)
    assert same_source(ShareProtocol.CEPHFS, side.source, found)
    assert found.read_only is (level is AccessLevel.RO)
    (note,) = side.mounts.notes().values()
    assert (note.mount_point, note.device, note.source, note.level, note.rule_id) == (
        str(side.point), found.device, found.source, level, "rule-1",
    )  # fmt: skip
    assert (_health(side), side.mounts.leftovers()) == (Health.OK, ())
    for _again in range(2):
        _unmount(side)
        assert _clean(side)


def _no_key(_side: Side) -> Path | None:
    return None


def _old_key(side: Side) -> Path | None:
    old = side.grant()
    side.withdraw()
    return old


@pytest.mark.parametrize("key", [_no_key, _old_key])
def test_mount_that_fails_leaves_nothing(side: Side, key: Callable[[Side], Path | None]) -> None:
    with pytest.raises(SharectlError):
        _mount(side, key(side))
    assert _clean(side)


def test_what_an_admin_unmounts_stays_noted_until_it_is_mounted_again(side: Side) -> None:
    key_file = side.grant()
    before = _mount(side, key_file)
    side.take_away()
    assert side.mounts.notes()[str(side.point)].device == before.device
    assert side.mounts.leftovers() == (str(side.point),)
    side.mounts.sweep(str(side.point))
    assert side.mounts.leftovers() == ()
    after = _mount(side, key_file)
    assert side.mounts.notes()[str(side.point)].device == after.device
    side.mounts.sweep(str(side.point))
    assert _found(side) == after


def test_folder_that_an_admin_left_is_no_hindrance(side: Side) -> None:
    key_file = side.grant()
    _mount(side, key_file)
    side.take_away()
    _mount(side, key_file)
    assert (_health(side), side.mounts.leftovers()) == (Health.OK, ())


def test_client_that_was_cut_off_stays_so_until_it_is_mounted_anew(side: Side) -> None:
    _mount(side, side.grant())
    side.withdraw()
    assert _health(side) in _CUT_OFF
    key_file = side.grant()
    assert _health(side) in _CUT_OFF
    _unmount(side)
    _mount(side, key_file)
    assert _health(side) is Health.OK


def test_forms_of_a_path(side: Side) -> None:
    _mount(side, side.grant())
    forms = {f"{side.point}//": "", f"/{side.point}/./a/../b/": "/b", str(side.point): ""}
    wanted = {form: f"{side.point}{inside}" for form, inside in forms.items()}
    assert side.mounts.resolve(forms) == wanted


def test_runtime_folder_is_volatile_and_nothing_is_served(side: Side) -> None:
    _mount(side, side.grant())
    assert side.mounts.volatile()
    assert side.mounts.served() == ()


def test_no_mount_without_a_key(side: Side) -> None:
    with pytest.raises(MountFailed):
        _mount(side, None)
