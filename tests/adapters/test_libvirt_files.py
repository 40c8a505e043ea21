"""What libvirt's own files say of its domains while it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharectl.adapters import libvirt_files
from sharectl.errors import Unavailable
from sharectl.model.host import SYSTEM

_DOMAIN = "<domain><name>{0}</name><uuid>{0}-uuid</uuid><devices><disk><source file='{1}'/></disk>"
_DOMAIN += "</devices></domain>"
_WARNING = "<!--\nWARNING: THIS IS AN AUTO-GENERATED FILE.\n-->\n\n"


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Of definitions, and of states."""
    made = tmp_path / "etc", tmp_path / "run"
    for folder in made:
        folder.mkdir()
    monkeypatch.setattr(libvirt_files, "DEFINITIONS", made[0])
    monkeypatch.setattr(libvirt_files, "STATES", made[1])
    return made


def test_definitions_and_states_together(folders: tuple[Path, Path]) -> None:
    definitions, states = folders
    (definitions / "networks").mkdir()
    (definitions / "off.xml").write_text(_WARNING + _DOMAIN.format("off", "/a"))
    (definitions / "on.xml").write_text(_WARNING + _DOMAIN.format("on", "/b"))
    for name, path in (("on", "/c"), ("transient", "/d")):
        text = f"<domstatus state='running'><vcpus/>{_DOMAIN.format(name, path)}</domstatus>"
        (states / f"{name}.xml").write_text(_WARNING + text)
    found = libvirt_files.read(SYSTEM)
    assert found is not None
    assert {uuid: (item.name, set(item.paths)) for uuid, item in found.items()} == {
        "off-uuid": ("off", {"/a"}),
        "on-uuid": ("on", {"/b", "/c"}),
        "transient-uuid": ("transient", {"/d"}),
    }


@pytest.mark.parametrize("text", ["", "no xml", "<domain><name>half"])
def test_file_that_cannot_be_read_hides_no_domain(folders: tuple[Path, Path], text: str) -> None:
    (folders[0] / "one.xml").write_text(text)
    with pytest.raises(Unavailable, match=r"one\.xml cannot be read"):
        libvirt_files.read(SYSTEM)


@pytest.mark.parametrize("uri", ["qemu:///session", "qemu:///system?socket=/x", "test:///default"])
def test_another_libvirt_has_its_files_elsewhere(folders: tuple[Path, Path], uri: str) -> None:
    assert libvirt_files.read(SYSTEM) == {}
    assert libvirt_files.read(uri) is None


def test_host_without_such_a_folder(folders: tuple[Path, Path]) -> None:
    folders[0].rmdir()
    assert libvirt_files.read(SYSTEM) is None
