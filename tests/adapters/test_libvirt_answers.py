"""What libvirt may answer by a bug: an error, and never "it does not run" or "it has nothing"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from sharectl.adapters import libvirt_answers as answers
from sharectl.errors import BackendError

_UUID = "6695eb01-f6a4-8304-79aa-97f2502e193f"
_OTHER = "00000000-0000-4000-8000-000000000001"
_XML = "<domain><name>test</name><uuid>{}</uuid></domain>"


@dataclass
class _Domain:
    xml: object = _XML.format(_UUID)
    uuid: object = _UUID

    def UUIDString(self) -> object:  # noqa: N802 - libvirt's name
        return self.uuid

    def name(self) -> str:
        return "test"

    def XMLDesc(self, _flags: int) -> object:  # noqa: N802
        return self.xml


def test_what_is_as_it_should_be() -> None:
    xml, root = answers.definition(_Domain(), 0)
    assert (xml, root.findtext("name")) == (_XML.format(_UUID), "test")
    assert answers.yes(1, "x") is True
    assert answers.yes(0, "x") is False
    assert answers.number(0, "x") == 0


@pytest.mark.parametrize("value", [None, -1, 2, "1", 1.0, [], 10**40])
def test_neither_yes_nor_no(value: object) -> None:
    with pytest.raises(BackendError, match=r"^libvirt gave .* as whether it runs$"):
        answers.yes(value, "whether it runs")


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (answers.number, None), (answers.number, -1), (answers.number, "5"),
        (answers.number, 2**64), (answers.text, None), (answers.text, ""), (answers.text, b"x"),
        (answers.text, "\udcff"), (answers.objects, None), (answers.objects, "xy"),
    ],
)  # fmt: skip
def test_other_types(read: Callable[[object, str], object], value: object) -> None:
    with pytest.raises(BackendError, match=r"as it$"):
        read(value, "it")


@pytest.mark.parametrize("value", [None, "", "x", "../x", _UUID.upper(), _UUID + "\n"])
def test_no_uuid(value: object) -> None:
    with pytest.raises(BackendError, match="as the UUID of a domain"):
        answers.uuid(_Domain(uuid=value))


@pytest.mark.parametrize(
    "xml", [None, "", "<domain/>", "<html/>", _XML.format(_OTHER), _XML.format(_UUID)[:-3]]
)
def test_xml_that_is_not_the_domains(xml: object) -> None:
    """Edited, it would be defined; read, it would tell that the domain has no share."""
    with pytest.raises(BackendError):
        answers.definition(_Domain(xml), 0)
