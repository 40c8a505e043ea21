"""adopt and forget: what the store has lost, and what it is to lose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sharectl.errors import NotFound, Refused
from sharectl.model.domain import Filesystem
from sharectl.model.rule_owner import domain_key
from sharectl.operations.add import add
from sharectl.operations.add_checks import AddRequest
from sharectl.operations.adopt import AdoptRequest, adopt
from sharectl.operations.forget import look
from sharectl.operations.show import show_mapping
from tests.fakes import FakeApp
from tests.fakes.faults import FaultyApp, Injector
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
        replace(item, updated_at=item.created_at, owns_rule=False, rule_id=None)
        for item in seen.mappings
    )
    return replace(seen, mappings=mappings), rules


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


@pytest.mark.parametrize(
    "make", [make for name, make in SCENARIOS.items() if name not in ("old_manila", "foreign_rule")]
)
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


@pytest.mark.parametrize("name", ["old_manila", "foreign_rule"])
def test_without_a_rule_that_names_the_domain_it_is_added_again(name: str) -> None:
    """A Manila without rule metadata, or somebody else's rule: nothing confirms the mark."""
    world, _ = attached(SCENARIOS[name])
    before = world.app.snapshot()
    _lose_store(world.app)
    (problem,) = run_adopt(world.app).problems
    assert "no access rule in Manila says that share" in problem.message
    assert problem.hint is not None
    assert f"sharectl add guest {world.share_id} --tag {world.share_id};" in problem.hint
    assert world.app.store.load() == ()
    world.asking(share=world.share_id, tag=world.share_id).add()
    assert replace(world.app.snapshot(), mappings=(), domains=frozenset()) == replace(
        before, mappings=(), domains=frozenset()
    )


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
    tag = domain.marks[0].tag
    world.app.domains.detach_filesystem(domain.uuid, domain.filesystems[0])
    world.app.domains.attach_filesystem(domain.uuid, Filesystem(tag, "/elsewhere/s"))
    assert "this host mounts the share at" in run_adopt(world.app).problems[0].message
    assert world.app.store.load() == ()


def test_only_the_domains_asked_for() -> None:
    world, _ = attached(nfs)
    add(world.app, AddRequest("neighbour", "other"))
    _lose_store(world.app)
    assert len(run_adopt(world.app, domains=("neighbour",)).changes) == 1
    with pytest.raises(NotFound):
        run_adopt(world.app, domains=("nobody",))


def test_adopting_a_share_that_another_domain_has_with_another_level_is_refused() -> None:
    world, _ = attached(nfs)
    domain = world.app.domains.find("guest")
    mark = replace(domain.marks[0], id="m2", access_level="ro")
    neighbour = world.app.domains.find("neighbour")
    world.app.domains.attach_filesystem(neighbour.uuid, domain.filesystems[0])
    world.app.domains.mark(neighbour.uuid, mark)
    (rule,) = world.app.shares.all_rules
    note = {domain_key(neighbour.uuid): f"ro {mark.tag}"}
    world.app.shares.annotate(world.share_id, rule.id, note)
    (problem,) = run_adopt(world.app).problems
    assert isinstance(problem, Refused)
    assert "one host mount serves all domains" in problem.message


def test_a_domain_that_is_looked_at_again_has_lost_it_to_a_remove() -> None:
    """adopt waits for the share while another process completes a remove of it."""
    world, before = attached(nfs)
    lost = world.app.store.load()
    _lose_store(world.app)

    def remove() -> None:
        world.app.locks.while_waiting = None
        with world.app.store.transaction() as store:
            for mapping in lost:
                store.put(mapping)
        world.remove()

    world.app.restart()
    world.app.locks.while_waiting = remove
    result = adopt(world.app, AdoptRequest())
    assert (result.changes, result.problems) == ((), ())
    assert world.app.snapshot() == before


def test_a_domain_that_cannot_be_looked_at_is_told_and_the_others_are_adopted() -> None:
    world, _ = attached(nfs)
    add(world.app, AddRequest("neighbour", "other"))
    _lose_store(world.app)
    world.app.domains.hanging.add(world.uuid)
    result = run_adopt(world.app)
    assert [line.partition(":")[0] for line in result.changes] == ["neighbour other"]
    (problem,) = result.problems
    assert problem.message.startswith("guest: ")
    assert result.unseen == (problem,)
