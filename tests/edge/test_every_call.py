"""Every call at the edge made to fail once, on what runs inside a test; and none left out."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

import pytest

from sharectl.adapters.libvirt_domains import LibvirtDomains
from tests.edge import manila_uses
from tests.edge.hook_cases import CASES, hook_run
from tests.edge.inject import Report, inject
from tests.edge.listed import listed
from tests.edge.outcome import run_of
from tests.edge.uses import USES, Place, places
from tests.edge.world import URI, libvirt_of_test, prepare, uses

# What cannot be reached with what there is in a test; tests/e2e has all of it, on the real parts.
_ELSEWHERE = {
    ("host_mounts", "HostMounts._unmount_top"): "something must be mounted",
    ("host_mounts", "_remove_empty"): "a mount",
    ("staging", "Staging.put_in_place.place"): "a mount",
    ("staging", "Staging.leave"): "a mount",
    ("mount_clients", "MountClients._mount_fuse"): "a mount",
    ("libvirt_domains", "LibvirtDomains.detach_filesystem.detach"): "a domain with PCI",
    ("libvirt_domains", "_is_transient"): "libvirt must refuse",
    ("libvirt_domains", "_redefine"): "a definition that is not valid",
    ("libvirt_probe", "start_and_destroy.work"): "QEMU",
    ("manila_credential_faults", "_unusable_file"): "credentials that name a file",
    ("vhost_user", "folders"): "another user than root",
}
# Only where some process has a mount namespace of its own; and in C since Python 3.13.
_BY_CHANCE = frozenset({("served_mounts", "_roots"), ("mount_paths", "Paths._without_links")})
_DOCUMENTED = ("mounts: bind", "mounts: detach", "staging")
pytestmark = pytest.mark.filterwarnings("ignore")  # of openstacksdk
Use = Callable[[], object]


def files(folder: Path, report: Report, *, every: bool) -> None:
    """The host's files, programs and locks."""
    with places(folder) as make:
        for name, use in USES.items():

            def ready(use: Callable[[Place], object] = use) -> Use:
                place = make()
                return lambda: use(place)

            # Of these it is documented; those who call them expect it.
            foreign = OSError if name in _DOCUMENTED else MemoryError
            inject(run_of(ready, foreign=foreign), report, every=every)


def manila(folder: Path, report: Report, *, size: int = 1) -> None:
    """OpenStack."""
    folder.mkdir()
    with manila_uses.openstack(Place(folder)) as served:

        def ready(ask: manila_uses.Shares) -> Use:
            manila_uses.fresh(served)
            return lambda: ask(manila_uses.shares())

        for ask in manila_uses.ASKS.values():
            inject(run_of(lambda ask=ask: ready(ask)), report, size=size)  # type: ignore[misc]
        inject(run_of(lambda: manila_uses.of_record), report, size=size)


def libvirts(report: Report) -> None:
    """libvirt's test driver."""
    with libvirt_of_test() as uuid:
        for name, use in uses(uuid).items():

            def ready(name: str = name, use: Callable[[LibvirtDomains], object] = use) -> Use:
                prepare(uuid, name)
                return lambda: use(LibvirtDomains(URI, 5))

            inject(run_of(ready), report)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Of everything."""
    folder, made = tmp_path_factory.mktemp("edge"), Report()
    gc.collect()
    gc.disable()  # see test_libvirt_calls
    try:
        libvirts(made)
    finally:
        gc.enable()
    (folder / "files").mkdir()
    files(folder / "files", made, every=False)
    manila(folder / "manila", made)
    for number, case in enumerate(CASES.values()):
        inject(hook_run(folder / f"hook{number}", case), made, most=4)
    return made


def test_whatever_a_call_raises_is_told_as_ours(report: Report) -> None:
    assert not report.wrong, "\n".join(report.wrong)


def test_no_call_is_left_out(report: Report) -> None:
    """A call that is added to an adapter must be reached by one of the uses."""
    failed = {call.site for call in report.failed}
    left = [site for site in listed() if site not in failed]
    places = {(item.module.rpartition(".")[2], item.function): item for item in left}
    missing = [
        str(site) for place, site in places.items() if place not in _ELSEWHERE.keys() | _BY_CHANCE
    ]
    assert not missing, "\n".join(missing)
    assert not _ELSEWHERE.keys() - places.keys()
    assert len(failed) > 200


@pytest.mark.lab
def test_each_use_of_the_host_fails_in_each_way(tmp_path: Path) -> None:
    report = Report()
    files(tmp_path, report, every=True)
    assert not report.wrong, "\n".join(report.wrong)


@pytest.mark.lab
def test_each_use_of_manila_fails_in_several_ways(tmp_path: Path) -> None:
    report = Report()
    manila(tmp_path / "manila", report, size=3)
    assert not report.wrong, "\n".join(report.wrong)
