"""How to mount a share in the guest."""

from __future__ import annotations

import pytest

from sharectl.model.guest_mount import is_windows, steps

_NS = "xmlns:o='http://libosinfo.org/xmlns/libvirt/domain/1.0'"


@pytest.mark.parametrize(
    ("system", "expected"),
    [("http://microsoft.com/win/11", True), ("http://debian.org/debian/12", False)],
)
def test_libosinfo_says_what_runs_in_the_guest(system: str, expected: bool) -> None:
    os = f"<o:libosinfo {_NS}><o:os id='{system}'/></o:libosinfo>"
    assert is_windows(f"<domain><metadata>{os}</metadata></domain>") is expected


@pytest.mark.parametrize("xml", ["", "<domain/>"])
def test_without_metadata_nothing_is_known(xml: str) -> None:
    assert not is_windows(xml)


def test_steps() -> None:
    linux = "\n".join(steps("docs", "ro", "web1", windows=False))
    assert "docs /mnt virtiofs ro,nofail 0 0" in linux
    windows = "\n".join(steps("docs", "rw", "web1", windows=True))
    for word in ("WinFsp", "VirtioFsSvc", "virtiofs.exe -t docs", "queue='1024'", "edit web1"):
        assert word in windows
    assert "mount -t" not in windows
