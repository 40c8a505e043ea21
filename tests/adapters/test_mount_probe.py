"""What is made of the words of stat(1) and find(1), and that a server that hangs is one answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from sharectl.adapters import process
from sharectl.adapters.mount_probe import probe
from sharectl.model.enums import Health
from sharectl.model.mounts import HostMount

_NFS, _CEPH, _FUSE = "/mnt/nfs", "/mnt/ceph", "/mnt/fuse"
_MOUNTS = tuple(
    HostMount(point, kind, "source", frozenset())
    for point, kind in ((_NFS, "nfs4"), (_CEPH, "ceph"), (_FUSE, "fuse.ceph-fuse"))
)


class _Programs:
    """stat(1) and find(1) with what they say of mount points."""

    def __init__(self) -> None:
        self.stat: dict[str, str] = {}
        self.find: dict[str, str] = {}
        self.hangs = ""
        self.looked: list[str] = []

    def __call__(self, argv: Sequence[str], *, timeout: float) -> process.Completed:
        assert timeout > 0
        if argv[0] == self.hangs:
            raise process.TimedOut
        said = {"stat": self.stat, "find": self.find}[argv[0]]
        points = [item for item in argv if item.startswith("/")]
        if argv[0] == "find":
            self.looked = points
        lines = [f"{argv[0]}: '{point}': {said[point]}\n" for point in points if point in said]
        return process.Completed(1 if lines else 0, "", "".join(lines))


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> _Programs:
    made = _Programs()
    monkeypatch.setattr(process, "run", made)
    return made


def _ask(*points: str) -> dict[str, Health]:
    return dict(probe([points], 3, lambda: _MOUNTS))


def test_all_is_well(programs: _Programs) -> None:
    assert _ask(_NFS, _CEPH) == {_NFS: Health.OK, _CEPH: Health.OK}
    assert programs.looked == [_NFS, _CEPH]


def test_what_failed_is_not_looked_into(programs: _Programs) -> None:
    programs.stat = {_NFS: "Stale file handle", _CEPH: "Permission denied"}
    seen = {_NFS: Health.STALE, _CEPH: Health.NO_ACCESS, _FUSE: Health.OK}
    assert _ask(_NFS, _CEPH, _FUSE) == seen
    assert programs.looked == [_FUSE]
    programs.stat[_FUSE] = "Transport endpoint is not connected"
    programs.looked = []
    assert _ask(_NFS, _CEPH, _FUSE)[_FUSE] is Health.STALE
    assert programs.looked == []


@pytest.mark.parametrize("why", ["Permission denied", "Operation not permitted"])
def test_root_that_may_not_read_the_folder(programs: _Programs, why: str) -> None:
    programs.find = dict.fromkeys((_NFS, _CEPH, _FUSE), why)
    seen = {_NFS: Health.OK, _CEPH: Health.NO_ACCESS, _FUSE: Health.NO_ACCESS}
    assert _ask(_NFS, _CEPH, _FUSE) == seen


@pytest.mark.parametrize(
    ("why", "health"),
    [
        ("Stale file handle", Health.STALE),
        ("Cannot send after transport endpoint shutdown", Health.STALE),
        ("Input/output error", Health.STALE),
        ("Something new", Health.NO_ACCESS),
    ],
)
@pytest.mark.parametrize("point", [_NFS, _CEPH])
def test_folder_that_cannot_be_read(
    programs: _Programs, why: str, health: Health, point: str
) -> None:
    programs.find = {point: why}
    assert _ask(point) == {point: health}


@pytest.mark.parametrize("program", ["stat", "find"])
def test_server_that_hangs(programs: _Programs, program: str) -> None:
    programs.hangs = program
    assert _ask(_NFS, _CEPH) == {_NFS: Health.UNREACHABLE, _CEPH: Health.UNREACHABLE}


def test_groups_are_answered_together(programs: _Programs) -> None:
    programs.find = {_CEPH: "Permission denied"}
    found = probe([[_NFS], [_CEPH], []], 3, lambda: _MOUNTS)
    assert found == {_NFS: Health.OK, _CEPH: Health.NO_ACCESS}
    assert probe([], 3, lambda: _MOUNTS) == {}


def test_program_that_was_killed_has_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    killed = process.Completed(-9, "", "")
    monkeypatch.setattr(process, "run", lambda _argv, *, timeout: killed)
    assert _ask(_NFS, _CEPH) == {_NFS: Health.UNREACHABLE, _CEPH: Health.UNREACHABLE}


@pytest.mark.processes
@pytest.mark.parametrize("name", ["shäre", "日本", "quo'te", "a b", "tab\tx", "back\\slash", "-n"])
def test_names_that_the_programs_spell_in_their_own_way(tmp_path: Path, name: str) -> None:
    """A base folder that is not plain ASCII, by SHARECTL_RUNTIME_DIR."""
    base = tmp_path / name
    there, gone, lost = (str(base / item) for item in ("there", "gone", "lost"))
    Path(there).mkdir(parents=True)
    bad = Health.NO_ACCESS
    found = probe([[there, gone, lost], [gone], [there]], 20, lambda: ())
    assert found == {there: Health.OK, gone: bad, lost: bad}
    assert probe([[gone]], 20, lambda: ()) == {gone: bad}


@pytest.mark.processes
def test_real_programs(tmp_path: Path) -> None:
    empty, full, gone = (tmp_path / name for name in ("empty", "full", "gone"))
    for folder in (empty, full):
        folder.mkdir()
    (full / "file").touch()
    found = probe([[str(empty), str(full), str(gone)]], 20, lambda: ())
    assert found == {
        str(empty): Health.OK, str(full): Health.OK, str(gone): Health.NO_ACCESS,
    }  # fmt: skip
