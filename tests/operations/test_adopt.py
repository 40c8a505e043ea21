"""adopt and forget: what the store has lost, and what it is to lose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sharectl.errors import Denied, NotFound, Refused
from sharectl.model.domain import Filesystem
from sharectl.operations.add import add
from sharectl.operations.adopt import AdoptRequest, adopt
from sharectl.operations.forget import forget_mapping, look
from sharectl.operations.preflight import AddRequest
from sharectl.operations.show import show_mapping
from tests.fakes import FakeApp
from tests.fakes.faults import Fault, FaultyApp, Injector, Killed, Kind, When
from tests.operations.reconciling import run_adopt, run_reconcile
from tests.operations.scenarios import SCENARIOS, World, attached, cephfs, nfs, private_memory


def _lose_store(app: FakeApp) -> None:
    with app.store.transaction() as store:
        for mapping in store.mappings:
            store.delete(mapping.id)


def _essence(app: FakeApp) -> object:
    """The world without times, and without which mapping of a share knows its rule."""
    seen = app.snapshot()
    rules = {item.rule_id for item in seen.mappings if item.owns_rule}
    mappings = tuple(
        replace(
            item,
            updated_at=item.created_at,
            owns_rule=False,
            rule_id=None,
            libvirt_uri="",
            cloud="",
            auth_url="",
        )
        for item in seen.mappings
    )
    return replace(seen, mappings=mappings), rules


def _check_noted(world: World) -> None:
    """The access rule does not name a new domain yet."""
    assert all("note host and domain" in line for line in run_reconcile(world.app).changes)


@pytest.mark.parametrize("by", ["share", "share_id"])
@pytest.mark.parametrize("way", ["adopt", "add"])
def test_lost_store_is_told_by_what_asks_for_one_share(by: str, way: str) -> None:
    world, _ = attached(nfs)
    share, before = getattr(world, by), world.app.snapshot()
    _lose_store(world.app)
    with pytest.raises(Refused, match="the store does not know of it") as refused:
        world.asking(share=share, tag="another").add()
    advice = f"record it again: sharectl add guest {world.share_id} --tag {world.share_id}"
    assert refused.value.hint == advice
    for look_for in (show_mapping, look):
        with pytest.raises(NotFound, match="and the domain has it") as caught:
            look_for(world.app, "guest", share)
        assert caught.value.hint == advice.replace(f"guest {world.share_id}", f"guest {share}")
    if way == "adopt":
        run_adopt(world.app)
    else:
        world.asking(share=share).add()
    assert len(world.app.snapshot().mappings) == len(before.mappings)


@pytest.mark.parametrize("make", [make for name, make in SCENARIOS.items() if name != "old_manila"])
def test_lost_store_is_made_anew_and_nothing_else_changes(make: Callable[[], World]) -> None:
    world, before = attached(make)
    wanted, count = _essence(world.app), len(world.app.store.load())
    _lose_store(world.app)
    assert len(run_adopt(world.app, dry_run=True).changes) == count
    assert world.app.store.load() == ()

    injector = Injector(world.app)
    world.app.restart()
    result = adopt(FaultyApp(injector), AdoptRequest())

    assert (len(result.changes), result.problems) == (count, ())
    assert injector.changes == ["store.put"] * count
    assert _essence(world.app) == wanted
    assert run_reconcile(world.app).changes == ()
    assert run_adopt(world.app).changes == ()
    for mapping in world.app.store.load():
        if mapping.domain_name == world.request.domain:
            world.remove()
    if len(before.mappings) == 0:
        assert world.app.snapshot() == before


def test_memory_that_was_given_is_taken_back_after_an_adoption() -> None:
    world, before = attached(private_memory)
    _lose_store(world.app)
    run_adopt(world.app)
    world.remove()
    assert world.app.snapshot() == before


def test_key_is_put_back_where_a_boot_finds_it() -> None:
    world, _ = attached(cephfs)
    before = world.app.snapshot()
    _lose_store(world.app)
    world.app.secrets.delete(world.share_id)
    run_adopt(world.app)
    assert world.app.snapshot().keys == before.keys


def test_rule_of_a_manila_without_metadata_counts_as_foreign() -> None:
    world, _ = attached(SCENARIOS["old_manila"])
    _lose_store(world.app)
    run_adopt(world.app)
    world.remove()
    assert len(world.app.shares.all_rules) == 1


def test_marks_that_cannot_be_adopted_are_told_and_the_others_are() -> None:
    world, _ = attached(nfs)
    add(world.app, AddRequest("neighbour", "other"))
    _lose_store(world.app)
    domain = world.app.domains.find("guest")
    world.app.domains.detach_filesystem(domain.uuid, domain.filesystems[0])
    result = run_adopt(world.app)
    assert [line.partition(":")[0] for line in result.changes] == ["neighbour other"]
    assert "there is no filesystem for it" in result.problems[0].message
    world.add()
    assert len(world.app.domains.find("guest").marks) == 1


def test_filesystem_of_another_place_is_refused() -> None:
    world, _ = attached(nfs)
    _lose_store(world.app)
    domain = world.app.domains.find("guest")
    mark = replace(domain.marks[0], mount_point="/elsewhere/s")
    world.app.domains.detach_filesystem(domain.uuid, domain.filesystems[0])
    world.app.domains.attach_filesystem(domain.uuid, Filesystem(mark.tag, "/elsewhere/s"))
    world.app.domains.mark(domain.uuid, mark)
    assert "this host mounts shares at" in run_adopt(world.app).problems[0].message
    assert world.app.store.load() == ()


def test_only_the_domains_asked_for() -> None:
    world, _ = attached(nfs)
    add(world.app, AddRequest("neighbour", "other"))
    _lose_store(world.app)
    assert len(run_adopt(world.app, domains=("neighbour",)).changes) == 1
    with pytest.raises(NotFound):
        run_adopt(world.app, domains=("nobody",))


def test_forget_says_what_it_leaves_and_touches_nothing_else() -> None:
    world, _ = attached(cephfs)
    before = world.app.snapshot()
    found = look(world.app, "guest", "data")
    assert [line.partition(" ")[0] for line in found.left] == [
        "access", "mount", "key", "filesystem",
    ]  # fmt: skip
    forget_mapping(world.app, found)
    after = world.app.snapshot()
    assert after == replace(before, mappings=())
    run_adopt(world.app)
    assert len(world.app.store.load()) == 1


def test_forget_hands_on_what_another_mapping_has_to_know() -> None:
    world, _ = attached(SCENARIOS["second_domain"])
    first, second = world.app.store.load()
    forget_mapping(world.app, look(world.app, first.domain_name, "data"))
    (left,) = world.app.store.load()
    assert left.id == second.id
    assert left.owns_rule


def test_forget_needs_root_and_a_mapping() -> None:
    world, _ = attached(nfs)
    with pytest.raises(NotFound):
        look(world.app, "neighbour", "docs")
    world.app.host.root = False
    with pytest.raises(Denied):
        look(world.app, "guest", "docs")


def test_adopting_a_share_that_another_domain_has_with_another_level_is_refused() -> None:
    world, _ = attached(nfs)
    domain = world.app.domains.find("guest")
    mark = replace(domain.marks[0], id="m2", access_level="ro")
    neighbour = world.app.domains.find("neighbour")
    world.app.domains.attach_filesystem(neighbour.uuid, domain.filesystems[0])
    world.app.domains.mark(neighbour.uuid, mark)
    (problem,) = run_adopt(world.app).problems
    assert isinstance(problem, Refused)
    assert "one host mount serves all domains" in problem.message


def _clone(world: World) -> str:
    """What `virsh dumpxml`, another name and UUID, and `virsh define` make, marks included."""
    domain = world.app.domains.find("guest")
    uuid = world.app.domains.define("clone")
    world.app.domains.attach_filesystem(uuid, domain.filesystems[0])
    world.app.domains.mark(uuid, domain.marks[0])
    return uuid


@pytest.mark.parametrize("make", [nfs, cephfs])
@pytest.mark.parametrize("store_lost", [False, True])
def test_clone_gets_a_record_of_its_own(make: Callable[[], World], store_lost: bool) -> None:
    world, before = attached(make)
    uuid = _clone(world)
    if store_lost:
        _lose_store(world.app)

    result = run_adopt(world.app)

    assert (len(result.changes), result.problems) == (1 + store_lost, ())
    seen = {item.domain_uuid: item.id for item in world.app.store.load()}
    assert len({*seen.values()}) == 2
    for owner, mapping_id in seen.items():
        (mark,) = world.app.domains.find(owner).marks
        assert mark.id == mapping_id
    assert run_adopt(world.app).changes == ()
    _check_noted(world)
    assert run_reconcile(world.app).changes == ()
    world.app.domains.start(uuid)
    world.remove()  # the clone still has the share
    assert (len(world.app.snapshot().mounts), len(world.app.shares.all_rules)) == (
        len(before.mounts) + 1, len(before.rules) + 1,
    )  # fmt: skip
    world.app.domains.stop(uuid)
    replace(world, request=AddRequest("clone", world.share)).remove()
    assert (world.app.snapshot().mounts, world.app.snapshot().rules) == (
        before.mounts, before.rules,
    )  # fmt: skip


@pytest.mark.parametrize("make", [nfs, SCENARIOS["old_manila"]])
def test_domain_defined_anew_under_another_uuid_keeps_its_record(
    make: Callable[[], World],
) -> None:
    world, _ = attached(make)
    (old,) = world.app.store.load()
    uuid = _clone(world)
    world.app.domains.undefine(old.domain_uuid)
    assert len(run_adopt(world.app).changes) == 1
    (now,) = world.app.store.load()
    assert (now.id, now.domain_uuid, now.domain_name) == (old.id, uuid, "clone")
    assert (now.rule_id, now.owns_rule) == (old.rule_id, True)
    _check_noted(world)
    assert run_reconcile(world.app).changes == ()


def test_killed_between_the_record_of_a_clone_and_its_mark() -> None:
    world, _ = attached(nfs)
    _clone(world)
    with pytest.raises(Killed):
        adopt(FaultyApp(Injector(world.app, Fault(0, When.AFTER, Kind.KILL))), AdoptRequest())
    assert "note share" in run_reconcile(world.app).changes[-1]
    ids = {item.id for item in world.app.store.load()}
    assert {world.app.domains.find(name).marks[0].id for name in ("guest", "clone")} == ids
    assert run_adopt(world.app).changes == ()
