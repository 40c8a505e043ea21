"""Each verb with each of the calls that it makes outside made to fail: two lines, no status 1."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result

from sharectl.adapters.json_store import JsonStore
from sharectl.errors import ExitCode
from tests.adapters.openstack_server import serving
from tests.cli.running import run
from tests.edge.calls import Call, Watch, watching
from tests.edge.faults import sample
from tests.edge.world import edge_world

_VERBS = (
    "list", "list --long", "show test docs", "shares --long", "reconcile -n", "reconcile",
    "remove test docs", "add test docs", "adopt", "forget test docs", "metadata show test",
)  # fmt: skip
_QUICK = ("list", "show test docs", "remove test docs")
_QUICK_CASES = 12  # of each of these
pytestmark = pytest.mark.loopback


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, credentials: object) -> Iterator[None]:
    """The cloud that the environment names."""
    with serving() as served:
        monkeypatch.setenv("OS_AUTH_URL", f"{served.url}/v3")
        yield


def _run(folder: Path, verb: str, watch: Watch) -> Result:
    """On a host of its own; the store must be readable behind it."""
    with edge_world(folder) as world:
        app = world.app()
        with watching(watch):
            result = run(app, *verb.split())
        JsonStore(world.store).load()
    return result


def _wrong(result: Result) -> str:
    """What is not as the contract has it."""
    lines = result.stderr.splitlines()
    if result.exit_code not in set(ExitCode) - {ExitCode.INTERNAL}:
        return "status"
    if "Traceback" in result.output or not isinstance(result.exception, (SystemExit, type(None))):
        return "traceback"
    errors = [line for line in lines if line.startswith("sharectl: error: ")]
    told = {ExitCode.OK, ExitCode.DRIFT, ExitCode.PARTIAL}
    if result.exit_code not in told and not errors:
        return "no error line"
    if any(not line.startswith("sharectl: ") for line in lines):
        return "a line of somebody else"
    return ""


def _cases(folder: Path, verb: str, every: bool) -> Iterator[tuple[Call, BaseException]]:
    seen = Watch()
    assert not _wrong(_run(folder / "seen", verb, seen))
    calls = list(seen.seen)
    if not every:
        calls = calls[:: max(1, len(calls) // _QUICK_CASES)]
    for call, make in sample(calls, 3 if every else 1):
        yield call, make()


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize(
    ("verb", "every"),
    [(verb, False) for verb in _QUICK]
    + [pytest.param(verb, True, marks=pytest.mark.lab) for verb in _VERBS],
)
def test_whatever_a_call_raises(tmp_path: Path, verb: str, every: bool) -> None:
    """The calls are those that the verb makes when nothing fails."""
    found = []
    for number, (call, fault) in enumerate(_cases(tmp_path, verb, every)):
        result = _run(tmp_path / str(number), verb, Watch(call, fault))
        if wrong := _wrong(result):
            found.append(f"{wrong}: {call} {fault!r}: {result.exit_code} {result.stderr}")
    assert not found, "\n".join(found)
