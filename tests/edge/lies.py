"""What a call to libvirt may return in place of what it should: by a bug, or a damaged message."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.edge.calls import Call

Lie = Callable[[Any], Any]

_CONTROL = "te\x1b[31mst\n\u202e"
_ANY: tuple[Lie, ...] = (
    lambda _true: None,
    lambda _true: object(),
    lambda _true: [],
    lambda _true: {},
    lambda _true: b"\xff\x00",
    lambda _true: "",
    lambda _true: "nonsense",
    lambda _true: -1,
    lambda _true: 7,
    lambda _true: 10**40,
    lambda _true: float("nan"),
    lambda _true: True,
)
_TEXTS: tuple[Lie, ...] = (
    lambda true: true[: len(true) // 2],
    lambda true: true + _CONTROL,
    lambda true: true.replace("test", _CONTROL),
    lambda true: true.encode(),
    lambda _true: "\x00",
    lambda _true: "\udcff",
    lambda _true: "../../etc",
    lambda _true: "9" * 5000,
)
_DEVICES = "<domain><name>test</name><uuid>{uuid}</uuid><devices>{}</devices></domain>"


def _always(text: str) -> Lie:
    return lambda _true: text


_DOCUMENTS = tuple(
    _always(text)
    for text in (
        "<domain/>",
        "<html><body>502 Bad Gateway</body></html>",
        "<a>" * 3000 + "</a>" * 3000,
        "<domain id='x'><name/><uuid/><devices><filesystem/></devices></domain>",
        "<!DOCTYPE d [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><domain><name>&e;</name></domain>",
        _DEVICES.format("<controller type='pci' index='x' model='y'/>", uuid="u"),
        _DEVICES.format("<controller type='pci' index='" + "9" * 5000 + "'/>", uuid="u"),
        _DEVICES.format(
            "<disk><address type='pci' domain='x' bus='0x' slot='-1' function='0x99'/></disk>",
            uuid="u",
        ),
        _DEVICES.format(
            "<filesystem><driver type='virtiofs'/><source dir='relative'/><target/></filesystem>",
            uuid="u",
        ),
        "<domain><metadata><s:shares xmlns:s='urn:sharectl:1'><s:share id='\u202e'"
        " share_id='../x' controllers='a b' shared_memory='x'/></s:shares>"
        "<m:added xmlns:m='urn:sharectl:memory:1' vhost-user='many' source='new'/>"
        "<p:widened xmlns:p='urn:sharectl:slots:1' slots='a b'/></metadata>"
        "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking></domain>",
    )
)
_LISTS: tuple[Lie, ...] = (
    lambda _true: [None],
    lambda _true: [3, "x"],
    lambda true: [*true, object()],
    lambda true: (*true, *true),
)
_NUMBERS: tuple[Lie, ...] = (lambda true: true + 2**70, lambda true: -true - 1, str, float)


def lies(call: Call, true: Any) -> tuple[Lie, ...]:
    """Those in place of `true`; each is given what the call returns this time."""
    if isinstance(true, str):
        return (*_ANY, *_TEXTS, *(_DOCUMENTS if call.callee.endswith("XMLDesc") else ()))
    if isinstance(true, list):
        return (*_ANY, *_LISTS)
    return (*_ANY, *_NUMBERS) if isinstance(true, int) else _ANY


def chosen(true: dict[Call, Any], *, every: bool, size: int = 2) -> Iterator[tuple[Call, int, Lie]]:
    """Lies for each call, all or `size` of them, with the number by which to find one again."""
    for number, (call, value) in enumerate(true.items()):
        some = lies(call, value)
        wanted = range(len(some)) if every else [(number + i) * 7 % len(some) for i in range(size)]
        for index in wanted:
            yield call, index, some[index]
