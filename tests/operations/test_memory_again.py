"""Memory that a domain has lost, or has of another kind than is asked for."""

from __future__ import annotations

import shlex

import pytest

from sharectl.errors import Refused
from sharectl.model.enums import SharedMemory
from sharectl.operations.add import add
from sharectl.operations.add_checks import AddRequest
from tests.operations.reconciling import run_reconcile
from tests.operations.scenarios import World, attached, nfs, private_memory


def _without_memory() -> World:
    """The domain was defined again: no filesystem, and no memory backing."""
    world, _ = attached(nfs)
    (device,) = world.app.domains.find(world.uuid).filesystems
    world.app.domains.detach_filesystem(world.uuid, device, ())
    xml = world.app.domains.xml_of(world.uuid)
    start, end = xml.index("<memoryBacking"), xml.index("</memoryBacking>") + 16
    world.app.domains.edit(world.uuid, xml[start:end], "")
    return world


def test_dry_run_promises_no_filesystem_that_libvirt_refuses() -> None:
    world = _without_memory()
    planned = run_reconcile(world.app, dry_run=True)
    done = run_reconcile(world.app)
    for outcome in (planned, done):
        (problem,) = outcome.problems
        assert "domain guest has no shared memory" in problem.message
        assert outcome.changes == ()
        assert f"sharectl add guest {world.share_id} --tag" in problem.advice
        assert "--enable-shared-memory" in problem.advice


def test_the_command_of_the_hint_works() -> None:
    world = _without_memory()
    (problem,) = run_reconcile(world.app).problems
    command = problem.advice.partition("give it some: ")[2].partition(",")[0]
    words = shlex.split(command)
    assert words[:2] == ["sharectl", "add"]
    assert words[-1] == "--enable-shared-memory"
    request = AddRequest(words[2], words[3], words[5], shared_memory=SharedMemory.MEMFD)
    add(world.app, request)
    outcome = run_reconcile(world.app)
    assert (outcome.changes, outcome.problems) == ((), ())


@pytest.mark.parametrize(
    ("have", "asked", "said"),
    [
        ("anonymous", SharedMemory.MEMFD, "<source type='memfd'/>"),
        ("anonymous", SharedMemory.HUGEPAGES, "<source type='memfd'/>"),
        ("file", SharedMemory.MEMFD, "--enable-shared-memory=file"),
        ("memfd", SharedMemory.FILE, "<source type='file'/>"),
    ],
)
def test_another_source_of_memory_is_not_silently_kept(
    have: str, asked: SharedMemory, said: str
) -> None:
    world = private_memory().asking(shared_memory=asked)
    backing = f"<memoryBacking><source type='{have}'/></memoryBacking>"
    world.app.domains.edit(world.uuid, "<vcpu>", f"{backing}<vcpu>")
    before = world.app.snapshot()
    with pytest.raises(Refused, match=f"memory from source '{have}'") as caught:
        world.add()
    assert said in caught.value.advice
    assert world.app.snapshot() == before


def test_private_cells_are_named_before_the_option_that_they_would_refuse() -> None:
    world = private_memory().asking(shared_memory=None)
    cells = "<cpu><numa><cell memAccess='private'/></numa></cpu>"
    world.app.domains.edit(world.uuid, "<vcpu>", f"{cells}<vcpu>")
    with pytest.raises(Refused, match="NUMA cells whose memory is private") as caught:
        world.add()
    assert "--enable-shared-memory" not in caught.value.advice
