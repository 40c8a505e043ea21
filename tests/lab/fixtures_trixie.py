"""Fixtures of the Debian 13 tier: nodes, and guests on them that go away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests.lab import sandbox
from tests.lab.fixtures_libvirt import RUN, DomainFactory
from tests.lab.trixie import Node

NodeFactory = Callable[[], Node]

_FOLDER = RUN / "trixie"
_numbers = count(1)


def _start() -> Node:
    if not sandbox.inside():
        hint = "run: make test, or python -m tests.lab run -- pytest ..."
        pytest.fail(f"this needs the lab's sandbox; {hint}", pytrace=False)
    return Node.start(next(_numbers), _FOLDER, shared=[RUN])  # with the cloud's clouds.yaml


@pytest.fixture(scope="session")
def trixie() -> Iterator[Node]:
    """A Debian 13 host, for the whole session."""
    node = _start()
    yield node
    node.stop()


@pytest.fixture(scope="session")
def trixie_peer(trixie: Node) -> Iterator[Node]:
    """Another one, for the whole session, where guests of the first can migrate to."""
    node = _start()
    yield node
    node.stop()


@pytest.fixture
def trixie_nodes() -> Iterator[NodeFactory]:
    """Start Debian 13 hosts for one test: `trixie_nodes()` is a new one at each call."""
    started: list[Node] = []

    def start() -> Node:
        started.append(_start())
        return started[-1]

    yield start
    for node in started:
        node.stop()


@pytest.fixture
def trixie_domain(trixie: Node) -> Iterator[DomainFactory]:
    """Define guests on `trixie`, as `domain` does on Debian 12; gone at the end of the test."""
    yield trixie.define
    trixie.remove_guests()
