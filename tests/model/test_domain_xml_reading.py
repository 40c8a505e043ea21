"""What is read from domain XML, and that reading it can do no harm."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharectl.errors import BackendError
from sharectl.model import domain_xml, memory_xml
from sharectl.model.domain import Filesystem
from sharectl.model.enums import SharedMemory
from sharectl.model.xml import parse, to_text

_SHARED, _PRIVATE = "<access mode='shared'/>", "<access mode='private'/>"


def _backing(inner: str) -> str:
    return f"<memoryBacking>{inner}</memoryBacking>"


def _numa(*cells: str) -> str:
    return "<cpu><numa>" + "".join(f"<cell {cell}/>" for cell in cells) + "</numa></cpu>"


@pytest.mark.parametrize(
    ("inner", "shared"),
    [
        ("", False),
        (_backing(""), False),
        (_backing("<source type='memfd'/>"), False),
        (_backing("<hugepages/>"), False),
        (_backing(_PRIVATE), False),
        (_backing("<source type='memfd'/>" + _PRIVATE), False),
        (_backing(_SHARED), True),
        (_backing("<source type='memfd'/>" + _SHARED), True),
        (_backing("<source type='file'/>" + _SHARED), True),
        (_backing("<source type='anonymous'/><hugepages/>" + _SHARED), True),
        (_numa("id='0'"), False),
        (_numa("memAccess='shared'"), True),
        (_numa("memAccess='shared'", "memAccess='shared'"), True),
        (_numa("memAccess='shared'", "id='1'"), False),
        (_numa("memAccess='shared'", "memAccess='private'"), False),
        (_backing(_PRIVATE) + _numa("memAccess='shared'"), True),
        (_backing(_SHARED) + _numa("id='0'", "id='1'"), True),
        (_backing(_SHARED) + _numa("id='0'", "memAccess='private'"), False),
        ("<metadata>" + _backing(_SHARED) + "</metadata>", False),
        ("<x:memoryBacking xmlns:x='urn:x'><access mode='shared'/></x:memoryBacking>", False),
    ],
)
def test_shared_memory(inner: str, shared: bool) -> None:
    """As libvirt decides (qemuDomainDefValidateVirtioFSSharedMemory)."""
    assert memory_xml.has_shared_memory(parse(f"<domain>{inner}</domain>")) is shared


@pytest.mark.parametrize(
    ("inner", "shared"),
    [
        ("", True),
        (_backing("<source type='anonymous'/>"), True),
        (_backing(_PRIVATE), True),
        (_numa("id='0'"), True),
        (_numa("memAccess='private'"), False),
    ],
)
@pytest.mark.parametrize("kind", SharedMemory)
def test_enabling_gives_shared_memory_unless_a_cell_forbids_it(
    inner: str, shared: bool, kind: SharedMemory
) -> None:
    after = memory_xml.enable(f"<domain>{inner}</domain>", kind)
    assert memory_xml.has_shared_memory(parse(after)) is shared


@pytest.mark.parametrize(
    ("xml", "filesystem"),
    [
        (
            "<filesystem type='mount' accessmode='passthrough'><driver type='virtiofs'/>"
            "<source dir='/a'/><target dir='t'/><readonly/></filesystem>",
            Filesystem("t", "/a", "virtiofs", readonly=True),
        ),
        (
            "<filesystem><source dir='/a'/><target dir='t'/></filesystem>",
            Filesystem("t", "/a", ""),
        ),
        (
            "<filesystem><driver type='virtiofs'/><source socket='/s'/><target dir='t'/>"
            "</filesystem>",
            Filesystem("t", None),
        ),
        (
            "<filesystem type='ram'><source usage='1'/><target dir='/t'/></filesystem>",
            Filesystem("/t", None, ""),
        ),
        ("<filesystem/>", Filesystem("", None, "")),
    ],
)
def test_every_kind_of_filesystem_is_read(xml: str, filesystem: Filesystem) -> None:
    root = parse(f"<domain><devices>{xml}</devices></domain>")
    assert domain_xml.filesystems(root) == (filesystem,)


def test_filesystems_elsewhere_are_no_devices() -> None:
    inner = "<metadata><devices><filesystem/></devices></metadata>"
    assert domain_xml.filesystems(parse(f"<domain>{inner}</domain>")) == ()


def test_pci_controllers() -> None:
    inner = (
        "<controller type='pci' index='0' model='pcie-root'/>"
        "<controller type='pci' index='5' model='pcie-root-port'/>"
        "<controller type='usb' index='1' model='qemu-xhci'/>"
    )
    root = parse(f"<domain><devices>{inner}</devices></domain>")
    assert domain_xml.pci_controllers(root) == {0: "pcie-root", 5: "pcie-root-port"}


# A billion characters, were it expanded.
_BOMB = "<!DOCTYPE domain [<!ENTITY e0 '0123456789'>" + "".join(
    f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, 9)
)


@pytest.mark.parametrize(
    "inner",
    ["<name>&e8;</name>", "<devices><filesystem><target dir='&e8;'/></filesystem></devices>"],
)
def test_entity_bomb_does_not_go_off(inner: str) -> None:
    try:
        root = parse(f"{_BOMB}]><domain>{inner}</domain>")
    except BackendError:
        return
    assert len(to_text(root)) < 10_000


def test_external_entities_are_not_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    doctype = f"<!DOCTYPE domain [<!ENTITY e SYSTEM '{secret.as_uri()}'>]>"
    root = parse(f"{doctype}<domain><name>&e;</name></domain>")
    assert "s3cret" not in to_text(root)
    assert root.findtext("name") in (None, "")
    with pytest.raises(BackendError):
        parse(f"{doctype}<domain><x dir='&e;'/></domain>")


@pytest.mark.parametrize("subset", ["SYSTEM '{0}'", "[<!ENTITY % e SYSTEM '{0}'>%e;]"])
def test_external_dtd_is_not_fetched(subset: str, tmp_path: Path) -> None:
    dtd = tmp_path / "dtd"
    dtd.write_text("<!ENTITY f 's3cret'>")
    doctype = f"<!DOCTYPE domain {subset.format(dtd.as_uri())}>"
    try:
        root = parse(f"{doctype}<domain><name>&f;</name></domain>")
    except BackendError:
        return
    assert "s3cret" not in to_text(root)


@given(st.text() | st.sampled_from(["<", "<a", "<a></b>"]))
def test_what_is_no_xml_is_an_error_and_no_traceback(text: str) -> None:
    try:
        parse(text)
    except BackendError as error:
        assert "libvirt gave domain XML that cannot be read" in error.message


@pytest.mark.parametrize("kind", SharedMemory)
def test_what_is_shown_is_what_is_added(kind: SharedMemory) -> None:
    xml = f"<domain>{memory_xml.memory_backing(kind)}</domain>"
    assert memory_xml.has_shared_memory(parse(xml))
    added = memory_xml.enable("<domain/>", kind)
    assert "".join(line.strip() for line in added.splitlines()) == xml
