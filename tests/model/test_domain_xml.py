"""Edits of domain XML against expected files, which `pytest --regenerate` writes anew.

A case is a folder in tests/data/domain_xml named EDIT.WHAT, with in.xml and out.xml.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import canonicalize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from sharectl.model import domain_xml, memory_xml
from sharectl.model.domain import Filesystem
from sharectl.model.enums import SharedMemory
from sharectl.model.xml import parse, to_text

_CASES = Path(__file__).parent.parent / "data" / "domain_xml"
_OURS = Filesystem("docs", "/run/sharectl/mnt/s1")
_READ_ONLY = Filesystem("docs", "/run/sharectl/mnt/s1", readonly=True)


def _enable(kind: SharedMemory) -> Callable[[str], str]:
    return lambda xml: memory_xml.enable(xml, kind)


_EDITS: dict[str, Callable[[str], str]] = {
    "add": lambda xml: domain_xml.add_filesystem(xml, _OURS),
    "add.read-only": lambda xml: domain_xml.add_filesystem(xml, _READ_ONLY),
    "remove": lambda xml: domain_xml.remove_filesystem(xml, _OURS),
    "disable": lambda xml: memory_xml.disable(xml, SharedMemory.MEMFD) or xml,
    **{kind.value: _enable(kind) for kind in SharedMemory},
}
_FOLDERS = sorted(_CASES.iterdir())


def _text(case: str) -> str:
    """The input of the case, in the spelling that an edit gives it."""
    return to_text(parse((_CASES / case / "in.xml").read_text()))


@pytest.mark.parametrize("folder", _FOLDERS, ids=lambda folder: str(folder.name))
def test_edit(folder: Path, request: pytest.FixtureRequest) -> None:
    edit = _EDITS.get(folder.name) or _EDITS[folder.name.partition(".")[0]]
    after = edit((folder / "in.xml").read_text())
    expected = folder / "out.xml"
    if request.config.getoption("--regenerate"):
        expected.write_text(after)
    assert after == expected.read_text()


def _canonical(element: etree._Element) -> str:
    text = etree.tostring(element, encoding="unicode", with_tail=False)
    return canonicalize(text, with_comments=True, strip_text=True)


@pytest.mark.parametrize("folder", _FOLDERS, ids=lambda folder: str(folder.name))
def test_edit_leaves_everything_else(folder: Path) -> None:
    """Beside what is ours and the memory backing, all is there as it was, in its order."""
    trees = [etree.parse(folder / name).getroot() for name in ("in.xml", "out.xml")]
    for root in trees:
        for item in (*root.findall("./devices/filesystem"), *root.findall("./memoryBacking")):
            source, target = item.find("source"), item.find("target")
            names = [e.get("dir") for e in (source, target) if e is not None]
            if item.tag == "memoryBacking" or names == [_OURS.source, _OURS.tag]:
                parent = item.getparent()
                assert parent is not None
                parent.remove(item)
        for metadata in root.findall("metadata"):
            for note in metadata.findall("{urn:sharectl:memory:1}added"):
                metadata.remove(note)
        for name in ("devices", "metadata"):
            parent = root.find(name)
            if parent is not None and len(parent) == 0:
                root.remove(parent)
    assert _canonical(trees[0]) == _canonical(trees[1])


@pytest.mark.parametrize(
    "case", ["plain", "read-only", "beside-foreign", "one-line", "everything-else-survives"]
)
def test_remove_undoes_add(case: str) -> None:
    xml = _text(f"add.{case}")
    added = domain_xml.add_filesystem(xml, _OURS)
    assert added != xml
    assert domain_xml.remove_filesystem(added, _OURS) == xml


_ITEMS = st.sampled_from(
    [
        "<emulator>/usr/bin/qemu</emulator>",
        "<!-- comment -->",
        "<filesystem type='mount'><source dir='/a'/><target dir='a'/></filesystem>",
        "<filesystem type='mount'><driver type='virtiofs'/><target dir='docs'/></filesystem>",
        "<disk><source file='/b'/></disk>",
        "<?instruction?>",
    ]
)


@given(st.lists(_ITEMS, min_size=1, max_size=6), st.sampled_from(["", "\n", "\n    ", "text"]))
def test_remove_undoes_add_whatever_is_there(items: list[str], between: str) -> None:
    inner = between + between.join(items) + between
    xml = to_text(parse(f"<domain><devices>{inner}</devices></domain>"))
    added = domain_xml.add_filesystem(xml, _READ_ONLY)
    assert _READ_ONLY in domain_xml.filesystems(parse(added))
    assert domain_xml.remove_filesystem(added, _OURS) == xml


@pytest.mark.parametrize("kind", SharedMemory)
def test_disabling_undoes_enabling(kind: SharedMemory) -> None:
    xml = _text(f"{kind}.none")
    enabled = memory_xml.enable(xml, kind)
    assert memory_xml.has_shared_memory(parse(enabled))
    assert memory_xml.disable(enabled, kind) == xml


_BACKINGS = (
    "<nosharepages/>",
    "<nosharepages/><access mode='private'/>",
    "<source type='memfd'/>",
    "<hugepages/><locked/>",
    "\n    <nosharepages/>\n    <locked/>\n  ",
)
_METADATA = "<metadata><app:note xmlns:app='https://example.org/app'/></metadata>"


@pytest.mark.parametrize("metadata", ["", _METADATA], ids=["", "metadata"])
@pytest.mark.parametrize("inner", _BACKINGS)
@pytest.mark.parametrize("kind", SharedMemory)
def test_disabling_takes_only_what_was_added(kind: SharedMemory, inner: str, metadata: str) -> None:
    backing = f"<memoryBacking>{inner}</memoryBacking>"
    text = f"<domain><name>n</name>{metadata}<memory>1</memory>{backing}</domain>"
    xml = to_text(parse(text))
    enabled = memory_xml.enable(xml, kind)
    assert memory_xml.has_shared_memory(parse(enabled))
    assert memory_xml.disable(enabled, kind) == xml
    assert memory_xml.enable(enabled, kind) == enabled


def test_disabling_takes_back_what_was_added_in_two_steps() -> None:
    """An admin has made the memory private in between."""
    xml = "<domain><name>n</name><memoryBacking><nosharepages/></memoryBacking></domain>"
    first = memory_xml.enable(xml, SharedMemory.MEMFD)
    private = first.replace('mode="shared"', 'mode="private"')
    second = memory_xml.enable(private, SharedMemory.MEMFD)
    after = memory_xml.disable(second, SharedMemory.MEMFD)
    assert after == xml.replace("<nosharepages/>", '<nosharepages/><access mode="private"/>')


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<source type="memfd"/>', '<source type="file"/>'),
        ('<source type="memfd"/>', ""),
        ('<access mode="shared"/>', '<access mode="private"/>'),
    ],
)
def test_disabling_leaves_what_was_changed_since(old: str, new: str) -> None:
    xml = "<domain><name>n</name><memoryBacking><nosharepages/></memoryBacking></domain>"
    enabled = memory_xml.enable(xml, SharedMemory.MEMFD)
    assert old in enabled
    changed = enabled.replace(old, new)
    assert memory_xml.disable(changed, SharedMemory.MEMFD) is None


@pytest.mark.parametrize("text", ['a"b', "a'b", "a<b>&c;", "]]>", "dépôt", " lead", "a\tb"])
def test_odd_characters_survive_in_attributes(text: str) -> None:
    odd = Filesystem(text, f"/run/{text}")
    after = domain_xml.add_filesystem("<domain><devices/></domain>", odd)
    assert domain_xml.filesystems(parse(after)) == (odd,)
