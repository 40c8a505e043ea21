"""Each verb with each of the calls that it makes outside made to fail or to lie: two lines each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from sharectl.adapters.json_store import JsonStore
from tests.adapters.openstack_server import serving
from tests.cli.running import run
from tests.edge.calls import Watch, watching
from tests.edge.inject import Report, Run, inject
from tests.edge.lies import chosen
from tests.edge.outcome import wrong_with_result
from tests.edge.world import edge_world

_VERBS = (
    "list", "list --long", "show test docs", "shares --long", "reconcile -n", "reconcile",
    "remove test docs", "add test docs", "adopt", "forget test docs", "metadata show test",
)  # fmt: skip
_QUICK = ("list", "show test docs", "remove test docs")
_QUICK_CASES = 6  # of each of these
_CASES = pytest.mark.parametrize(
    ("verb", "every"),
    [(verb, False) for verb in _QUICK]
    + [pytest.param(verb, True, marks=pytest.mark.lab) for verb in _VERBS],
)
pytestmark = [pytest.mark.loopback, pytest.mark.usefixtures("cloud")]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, credentials: object) -> Iterator[None]:
    """The cloud that the environment names."""
    with serving() as served:
        monkeypatch.setenv("OS_AUTH_URL", f"{served.url}/v3")
        yield


def _run(folder: Path, verb: str) -> Run:
    """Each time on a host of its own; the store must be readable behind it."""
    numbers = count()

    def act(watch: Watch) -> str:
        with edge_world(folder / str(next(numbers))) as world:
            app = world.app()
            with watching(watch):
                result = run(app, *verb.split())
            JsonStore(world.store).load()
        wrong = wrong_with_result(result)
        return wrong and f"{wrong}: {result.exit_code} {result.output} {result.exception!r}"

    return act


@_CASES
def test_whatever_a_call_raises(tmp_path: Path, verb: str, every: bool) -> None:
    """The calls are those that the verb makes when nothing fails, and those that it makes then."""
    report = Report()
    inject(_run(tmp_path, verb), report, most=None if every else _QUICK_CASES)
    assert not report.wrong, "\n".join(report.wrong)


@_CASES
def test_whatever_libvirt_returns(tmp_path: Path, verb: str, every: bool) -> None:
    act, seen, found = _run(tmp_path, verb), Watch(), []
    assert not act(seen)
    cases = list(chosen(seen.true, every=False, size=4))
    step = 1 if every else max(1, len(cases) // _QUICK_CASES)
    for call, index, lie in cases[::step]:
        if wrong := act(Watch(lies={call: lie})):
            found.append(f"{wrong}: lie {index} of {call}")
    assert not found, "\n".join(found)
