"""URIs of libvirt: which of them lead to the same domains."""

from __future__ import annotations

import pytest

from sharectl.errors import Refused
from sharectl.model.host import canonical_uri, check_system

_SYSTEM = (
    "qemu:///system",
    "qemu+unix:///system",
    "qemu:///system?mode=legacy",
    "qemu+unix:///system?mode=direct",
    "qemu:///system?socket=/run/libvirt/libvirt-sock",
    "qemu+unix:///system?socket=/var/run/libvirt/libvirt-sock&mode=legacy",
    "qemu+unix:///system?mode=auto;socket=/run/libvirt/virtqemud-sock",
    "qemu:///system#fragment",
    "qemu:///system?",
)
_OTHERS = (
    ("qemu:///session", "qemu:///session"),
    ("qemu+unix:///session", "qemu:///session"),
    ("qemu:///session?socket=/run/libvirt/libvirt-sock",
     "qemu:///session?socket=/run/libvirt/libvirt-sock"),
    ("qemu+unix:///system?socket=/other", "qemu:///system?socket=/other"),
    ("qemu:///system?mode=legacy&socket=/other", "qemu:///system?socket=/other"),
    ("qemu:///embed?root=/a", "qemu:///embed?root=/a"),
    ("qemu+ext:///system?command=x", "qemu+ext:///system?command=x"),
    ("qemu+ssh://other/system", "qemu+ssh://other/system"),
    ("test:///default", "test:///default"),
    ("", ""),
)  # fmt: skip


@pytest.mark.parametrize("uri", _SYSTEM)
def test_spellings_of_the_system_are_one(uri: str) -> None:
    assert canonical_uri(uri) == "qemu:///system"
    check_system(uri)


@pytest.mark.parametrize(("uri", "canonical"), _OTHERS)
def test_every_other_libvirt_stays_another(uri: str, canonical: str) -> None:
    assert canonical_uri(uri) == canonical
    assert canonical_uri(canonical) == canonical
    with pytest.raises(Refused):
        check_system(uri)
