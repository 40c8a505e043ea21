"""The paths that a domain names: any of them can be on a share's mount."""

from __future__ import annotations

import pytest

from sharectl.errors import Unavailable
from sharectl.model.domain import UnseenDomain, is_within
from sharectl.model.domain_xml import paths
from sharectl.model.xml import parse

_QEMU = "http://libvirt.org/schemas/domain/qemu/1.0"
_MOUNT = "/run/sharectl/mnt/s1"


def _paths(inner: str) -> frozenset[str]:
    return paths(parse(f"<domain xmlns:qemu='{_QEMU}'>{inner}</domain>"))


@pytest.mark.parametrize(
    ("inner", "path"),
    [
        ("<devices><disk type='file'><source file='/a/b.img'/></disk></devices>", "/a/b.img"),
        ("<devices><disk type='block'><source dev='/dev/sdb'/></disk></devices>", "/dev/sdb"),
        ("<devices><disk type='dir'><source dir='/a'/></disk></devices>", "/a"),
        ("<devices><disk><backingStore type='file'><format type='qcow2'/><source file='/a'/>"
         "<backingStore><source file='/base'/></backingStore></backingStore></disk></devices>",
         "/base"),
        ("<devices><disk><source file='/x'><dataStore type='file'><source file='/data'/>"
         "</dataStore></source></disk></devices>", "/data"),
        ("<devices><disk><mirror type='file'><source file='/m'/></mirror></disk></devices>", "/m"),
        ("<devices><filesystem><source dir='/a//b/'/></filesystem></devices>", "/a//b/"),
        ("<devices><filesystem><source socket='/s'/></filesystem></devices>", "/s"),
        ("<os><kernel>/boot/k</kernel></os>", "/boot/k"),
        ("<os><initrd>\n  /boot/i\n</initrd></os>", "/boot/i"),
        ("<os><loader type='pflash'>/fw</loader></os>", "/fw"),
        ("<os><nvram template='/t'>/nv</nvram></os>", "/nv"),
        ("<os><nvram template='/t'>/nv</nvram></os>", "/t"),
        ("<devices><serial type='file'><source path='/c'/></serial></devices>", "/c"),
        ("<devices><serial><log file='/log'/></serial></devices>", "/log"),
        ("<devices><channel type='unix'><source mode='bind' path='/ch'/></channel></devices>",
         "/ch"),
        ("<devices><hostdev><source><block>/dev/x</block></source></hostdev></devices>", "/dev/x"),
        ("<devices><memory model='nvdimm'><source><path>/pm</path></source></memory></devices>",
         "/pm"),
        ("<devices><rng><backend model='random'>/dev/urandom</backend></rng></devices>",
         "/dev/urandom"),
        ("<devices><emulator>/usr/bin/q</emulator></devices>", "/usr/bin/q"),
        ("<devices><disk><source file='/a &amp; b/&lt;c&gt;'/></disk></devices>", "/a & b/<c>"),
        ("<devices><disk><source file='/d&#233;p&#xf4;t'/></disk></devices>", "/dépôt"),
        ("<qemu:commandline><qemu:arg value='-drive'/>"
         "<qemu:arg value='file=/q/1.img,format=raw'/></qemu:commandline>", "/q/1.img"),
        ("<qemu:commandline><qemu:arg value='/q/2'/></qemu:commandline>", "/q/2"),
        ("<qemu:commandline><qemu:arg value='{\"filename\":\"/q/3\"}'/></qemu:commandline>",
         "/q/3"),
        ("<qemu:commandline><qemu:env name='X' value='/q/4'/></qemu:commandline>", "/q/4"),
    ],
)  # fmt: skip
def test_path_is_seen(inner: str, path: str) -> None:
    assert path in _paths(inner)


@pytest.mark.parametrize(
    "inner",
    [
        "<metadata><x:a xmlns:x='urn:x' path='/a'><x:b>/b</x:b></x:a></metadata>",
        "<description>see /etc/motd</description>",
        "<devices><disk type='network'><source protocol='rbd' name='pool/image'/></disk></devices>",
        "<!-- /a --><?i /b?>",
    ],
)
def test_what_is_no_path_of_a_file_is_not(inner: str) -> None:
    assert _paths(inner) == frozenset()


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        (_MOUNT, True),
        (f"{_MOUNT}/", True),
        (f"{_MOUNT}//a", True),
        (f"/{_MOUNT}", True),
        (f"//{_MOUNT}/a", True),
        ("/run/./sharectl//mnt/s1/.", True),
        ("/run/sharectl/mnt/s2/../s1", True),
        (f"{_MOUNT}/..", False),
        (f"{_MOUNT}0", False),
        ("/run/sharectl/mnt", False),
        ("run/sharectl/mnt/s1", False),
        ("", False),
        (None, False),
    ],
)
def test_within_is_asked_of_the_plain_path(path: str | None, inside: bool) -> None:
    assert is_within(path, _MOUNT) is inside


def test_unseen_domain_may_use_what_its_files_name() -> None:
    why = Unavailable("a job hangs on it")
    known = UnseenDomain("u", "n", why, frozenset({"/var/a.img", f"{_MOUNT}//disk.img"}))
    assert known.may_use(_MOUNT)
    assert not known.may_use("/run/sharectl/mnt/s2")
    assert UnseenDomain("u", "n", why).may_use("/run/sharectl/mnt/s2")
