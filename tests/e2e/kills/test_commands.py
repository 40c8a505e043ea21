"""SIGKILL anywhere in add, remove, reconcile, adopt and reconcile --prune.

First at each boundary between two effects, then at random times; all of it with Debian 12's libvirt
and with Debian 13's. Afterwards the share is fully attached or fully gone; and a remove leaves the
host, libvirt and Manila as they were. A guest that runs with the same share all the while reads
and writes it without a single error.
"""

from __future__ import annotations

import random

import pytest

from tests.e2e.kills.cases import ROUNDS, SITUATIONS, Kill, run
from tests.e2e.kills.conftest import Place, Places

pytestmark = pytest.mark.lab


@pytest.mark.parametrize(
    ("situation", "name"), [(each, name) for each, cases in SITUATIONS.items() for name in cases]
)
def test_killed_at_every_boundary(places: Places, stack: str, situation: str, name: str) -> None:
    place = places(stack, situation)
    effects = place.effects(name)
    assert effects
    kills = [Kill(name, at) for at in range(len(effects))]
    assert run(place.bench, place.cases, kills) == {}


def test_killed_at_random_times(
    request: pytest.FixtureRequest, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = random.randrange(1 << 32)
    dice = random.Random(seed)
    names = [dice.choice(list(place.cases)) for _ in range(ROUNDS)]
    kills = [Kill(name, 0, dice.uniform(0, 1.2 * _seconds(place, name))) for name in names]
    wrong = run(place.bench, place.cases, kills)
    with capsys.disabled():
        print(f"\n{request.node.name}: seed {seed}, {ROUNDS} rounds, {len(wrong)} not mended")
    assert wrong == {}


def _seconds(place: Place, name: str) -> float:
    """How long a good run takes from its first effect."""
    return sum(call.seconds for call in place.effects(name))
