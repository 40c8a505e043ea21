"""forget: a record is dropped, and what it speaks of stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharectl.errors import Denied, NotFound
from sharectl.operations.forget import forget_mapping, look
from tests.operations.reconciling import run_adopt
from tests.operations.scenarios import SCENARIOS, attached, cephfs, nfs


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
