"""What libvirt answers when a domain with a share is saved, migrated, undefined and so on.

The table is in the manual, and is read from there: a row that is not measured here fails, and so
does an answer that this libvirt does not give.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.e2e.operations import OPERATIONS, Stand
from tests.lab import libvirtd as daemons
from tests.lab.fixtures_libvirt import RUN
from tests.lab.guest import Guest
from tests.lab.trixie import Node
from tests.tools import manual

_PAGE = Path(__file__).parents[2] / "man/sharectl-domains.7"
_SECTION = manual.sections(_PAGE)["OPERATIONS"]
_ANSWER = re.compile(r'libvirt (\d+\.\d+): (?:(works)|refused, "([^"]+)")')
_STACKS = {"9.0": "debian12", "11.3": "debian13"}


def _table() -> dict[str, dict[str, str | None]]:
    """Operation -> version of libvirt -> the words of its refusal, or None where it works."""
    rows: dict[str, list[str]] = {}
    name = ""
    for line in _SECTION.lines:
        if line in _SECTION.tags:
            name = line
        elif name:
            rows.setdefault(name, []).append(line)
    return {
        name: {m[1]: None if m[2] else m[3] for m in _ANSWER.finditer(" ".join(lines))}
        for name, lines in rows.items()
    }


TABLE = _table()


@pytest.fixture(scope="module", params=_STACKS, ids=_STACKS.get)
def stand(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stand]:
    """A host with one of the two stacks, and Debian 13 as where to migrate to."""
    folder = tmp_path_factory.mktemp("stand")
    peer: Node = request.getfixturevalue("trixie_peer")
    if request.param == "11.3":
        node: Node = request.getfixturevalue("trixie")
        made = Stand(node.connection, node.define, peer, folder)
    else:
        request.getfixturevalue("libvirtd")
        made = Stand(libvirt.open(daemons.URI), _define_on_debian_12, peer, folder)
    assert made.version == request.param
    yield made
    made.discard()


def _define_on_debian_12(name: str, **options: Any) -> Guest:
    return Guest.define(libvirt.open(daemons.URI), name, RUN / "guests", **options)


def test_manual_has_the_operations_that_are_measured() -> None:
    assert list(TABLE) == list(OPERATIONS)
    assert [name for name, answers in TABLE.items() if set(answers) != set(_STACKS)] == []


@pytest.mark.lab
@pytest.mark.parametrize("name", OPERATIONS)
def test_libvirt_answers_as_the_manual_says(stand: Stand, name: str) -> None:
    operation, expected = OPERATIONS[name], TABLE[name][stand.version]
    try:
        if expected is None:
            operation.do(stand)
            operation.worked(stand)
        else:
            with pytest.raises(libvirt.libvirtError) as refusal:
                operation.do(stand)
            assert expected in str(refusal.value)
            stand.unharmed()
    except BaseException:
        stand.discard()  # the next operation shall not suffer from it
        raise


@pytest.fixture
def newer(trixie: Node, tmp_path: Path) -> Iterator[Stand]:
    """A running guest with a share on Debian 13."""
    stand = Stand(trixie.connection, trixie.define, trixie, tmp_path, name="vm2")
    stand.running()
    yield stand
    stand.discard()


def _have_a_file_open(stand: Stand) -> None:
    command = "sleep 1000 </mnt/one/from-host & cat /mnt/one/from-host"
    assert stand.guest.sh(command) == (0, "hello\n")


def _lose_the_files(stand: Stand) -> None:
    stand.share.rename(stand.folder / "lost")
    stand.share.mkdir()


@pytest.mark.lab
def test_saved_guest_does_not_start_without_the_files_that_it_has_open(newer: Stand) -> None:
    _have_a_file_open(newer)
    newer.guest.domain.managedSave()
    _lose_the_files(newer)

    with pytest.raises(libvirt.libvirtError, match="load of migration failed"):
        newer.guest.domain.create()

    newer.share.rmdir()
    (newer.folder / "lost").rename(newer.share)
    newer.guest.domain.create()  # the image was kept
    newer.reads_and_writes(newer.guest)


@pytest.mark.lab
def test_saved_guest_starts_on_an_empty_folder_when_it_knew_no_file(newer: Stand) -> None:
    newer.guest.domain.managedSave()
    _lose_the_files(newer)

    newer.guest.domain.create()

    assert newer.guest.sh("ls /mnt/one; echo lost >/mnt/one/new") == (0, "")
    assert [path.name for path in newer.share.iterdir()] == ["new"]


@pytest.mark.lab
def test_reverting_without_the_files_ends_the_running_guest(newer: Stand) -> None:
    _have_a_file_open(newer)
    OPERATIONS["virsh snapshot-create, memory kept in the disk"].do(newer)
    _lose_the_files(newer)

    (snapshot,) = newer.guest.domain.listAllSnapshots()
    with pytest.raises(libvirt.libvirtError, match="load of internal snapshot"):
        newer.guest.domain.revertToSnapshot(snapshot)

    assert newer.guest.domain.state() == [
        libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_FAILED,
    ]  # fmt: skip
