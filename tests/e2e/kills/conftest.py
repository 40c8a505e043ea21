"""The stands on which sharectl is killed: both stacks, with a running neighbour or without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from tests.e2e.hosts import Host
from tests.e2e.kills.cases import AT_ONCE, BESIDE, SITUATIONS, Case, record
from tests.e2e.stands import Bench, Call
from tests.lab.cloud.cloud import Cloud


@dataclass(frozen=True)
class Place:
    """Where a situation is: a bench with one of the stacks, and the cases that there are."""

    bench: Bench
    cases: Mapping[str, Case]
    _effects: dict[str, tuple[Call, ...]] = field(default_factory=dict)

    def effects(self, name: str) -> tuple[Call, ...]:
        """Those of a run of the case that nothing happens to."""
        if name not in self._effects:
            self._effects[name] = record(self.bench, self.cases[name])
        return self._effects[name]


Places = Callable[[str, str], Place]

# By stack, the fixture that is a host with it.
HOSTS = {"debian 12": "sandbox_host", "debian 13": "trixie"}


@pytest.fixture(scope="package")
def places(request: pytest.FixtureRequest, cloud: Cloud) -> Iterator[Places]:
    """`places(stack, situation)` is the same for all tests of this folder."""
    made: dict[tuple[str, str], Place] = {}

    def place(stack: str, situation: str) -> Place:
        key = stack, situation
        if key not in made:
            host: Host = request.getfixturevalue(HOSTS[stack])
            bench = Bench(cloud, AT_ONCE[situation], host, neighbours=situation == BESIDE)
            made[key] = Place(bench, SITUATIONS[situation])
        return made[key]

    yield place
    for each in made.values():
        each.bench.clean()
    cloud.purge()


@pytest.fixture(params=HOSTS)
def stack(request: pytest.FixtureRequest) -> str:
    """Whose libvirt, QEMU and virtiofsd there are."""
    return str(request.param)


@pytest.fixture(params=SITUATIONS)
def place(request: pytest.FixtureRequest, places: Places, stack: str) -> Place:
    """Each situation with each stack."""
    return places(stack, str(request.param))
