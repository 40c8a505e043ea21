"""Shared memory of a domain with devices that could use it before it was shared."""

from __future__ import annotations

import pytest

from sharectl.model import memory_xml
from sharectl.model.domain import Filesystem
from sharectl.model.domain_xml import add_filesystem
from sharectl.model.enums import SharedMemory
from sharectl.model.memory_xml import disable, enable, why_kept
from sharectl.model.xml import parse, to_text

_MEMFD = SharedMemory.MEMFD
_DEVICES = (
    "<interface type='vhostuser'/>",
    "<disk type='vhostuser'/>",
    "<video><driver name='vhostuser'/></video>",
    "<crypto type='vhostuser'/>",
)
_BACKINGS = ("", "<memoryBacking><nosharepages/></memoryBacking>")


def _domain(device: str, backing: str = "") -> str:
    inner = f"<memory>1</memory>{backing}<devices>{device}</devices>"
    return to_text(parse(f"<domain><name>n</name>{inner}</domain>"))


@pytest.mark.parametrize("backing", _BACKINGS)
@pytest.mark.parametrize("device", _DEVICES)
@pytest.mark.parametrize("kind", SharedMemory)
def test_device_that_was_there_before_is_no_reason_to_keep_it(
    device: str, backing: str, kind: SharedMemory
) -> None:
    xml = _domain(device, backing)
    enabled = enable(xml, kind)
    assert memory_xml.has_shared_memory(parse(enabled))
    assert disable(enabled, kind) == xml
    assert why_kept(enabled, kind) is None
    assert enable(enabled, kind) == enabled


@pytest.mark.parametrize("device", _DEVICES)
def test_device_that_came_since_keeps_it(device: str) -> None:
    for before in ("", _DEVICES[0]):
        enabled = enable(_domain(before), _MEMFD)
        more = enabled.replace("<devices/>", "<devices></devices>")
        more = more.replace("</devices>", f"{device}</devices>")
        assert disable(more, _MEMFD) is None
        assert why_kept(more, _MEMFD) == "a vhost-user device needs it"


def test_filesystem_keeps_it_without_a_word() -> None:
    """Another mapping's, as a rule; its removal gives the memory back."""
    enabled = add_filesystem(enable(_domain(_DEVICES[0]), _MEMFD), Filesystem("a", "/a"))
    assert disable(enabled, _MEMFD) is None
    assert why_kept(enabled, _MEMFD) is None


def test_what_was_changed_since_stays_with_a_reason() -> None:
    changed = enable(_domain(""), _MEMFD).replace("memfd", "file")
    assert disable(changed, _MEMFD) is None
    assert why_kept(changed, _MEMFD) == "it has been changed since"


def test_nothing_to_keep_needs_no_word() -> None:
    assert why_kept(_domain(""), _MEMFD) is None
