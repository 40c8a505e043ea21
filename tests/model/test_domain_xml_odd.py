"""Domain XML and marks as nobody should write them: read, or one error of sharectl's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharectl.errors import ExitCode, SharectlError
from sharectl.model import domain_xml, memory_xml, provenance
from sharectl.model.xml import parse

_NAMES = st.sampled_from(
    ["domain", "devices", "filesystem", "source", "target", "driver", "metadata", "s:shares",
     "s:share", "s:mapping", "memoryBacking", "access", "cpu", "numa", "cell", "alias"]
)  # fmt: skip
_VALUES = st.sampled_from(
    ["", "mount", "virtiofs", "shared", "0x1", "-1", "9" * 5000, "é", "&#9;", "nan"]
)
_ATTRIBUTES = st.dictionaries(
    st.sampled_from(["type", "dir", "mode", "id", "tag", "index", "share_id", "access_level"]),
    _VALUES,
    max_size=4,
)
_DOCUMENTS = st.recursive(
    st.sampled_from(["", "text", "<!-- c -->", "<?p i?>", "&e;"]),
    lambda inner: st.builds(
        lambda name, attributes, children: "<{0}{1}>{2}</{0}>".format(
            name, "".join(f" {k}='{v}'" for k, v in attributes.items()), "".join(children)
        ),
        _NAMES, _ATTRIBUTES, st.lists(inner, max_size=4),
    ),
    max_leaves=25,
)  # fmt: skip
_ODD = (
    "",
    "\0",
    "\ud800",
    "<domain",
    "<domain>" * 5000,
    "<a>" * 300 + "</a>" * 300,
    "<?xml version='1.0' encoding='utf-16'?><domain/>",
    "<!DOCTYPE d [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><domain>&e;</domain>",
    "<domain><name>" + "x" * 11_000_000 + "</name></domain>",
    "<html><body>502</body></html>",
)


def _read(text: str) -> None:
    """As `observe` does."""
    try:
        root = parse(text)
        domain_xml.filesystems(root)
        domain_xml.paths(root)
        domain_xml.pci_controllers(root)
        memory_xml.has_shared_memory(root)
        provenance.marks(root)
    except SharectlError as error:
        assert error.exit_code is not ExitCode.INTERNAL


@given(_DOCUMENTS)
def test_whatever_a_domain_says(inner: str) -> None:
    _read(f"<domain xmlns:s='{provenance.NAMESPACE}'>{inner}</domain>")


@given(st.text())
def test_what_is_no_xml(text: str) -> None:
    _read(text)


@pytest.mark.parametrize("text", _ODD, ids=range(len(_ODD)))
def test_odd_xml(text: str) -> None:
    _read(text)
