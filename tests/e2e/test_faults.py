"""Whatever breaks at whatever step of a real add or remove, nothing is left that is not recorded.

The steps are those of a recorded good run. Each is broken by an error and by SIGTERM before and
after its effect, by SIGKILL after it (which is before the next), and by both signals on its way
if it takes time. The cases of all tests run side by side, each in a world of its own; the tests
only look at the outcome.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from sharectl.errors import ExitCode
from tests.e2e.faulty import ERRORS, How, When
from tests.e2e.stands import Bench, Call, Stand, difference
from tests.e2e.world import Snapshot
from tests.lab.cloud.cloud import Cloud

pytestmark = pytest.mark.lab

_AT_ONCE = 4
_SLOW_S = 0.01
_KILLED = -9


@dataclass(frozen=True)
class Group:
    """The cases of one test: a verb, broken in one way at every step."""

    verb: str
    how: How
    when: When

    def __str__(self) -> str:
        return f"{self.verb}-{self.how}-{self.when}"

    def strikes(self, call: Call) -> bool:
        return self.when is not When.DURING or call.seconds >= _SLOW_S

    def statuses(self, call: Call) -> set[int]:
        """What sharectl may return; a signal on the way can come too late."""
        late = {int(ExitCode.OK)} if self.when is When.DURING else set()
        match self.how:
            case How.SIGTERM:
                return {int(ExitCode.INTERRUPTED)} | late
            case How.SIGKILL:
                return {_KILLED} | late
        return {int(ERRORS[call.port].exit_code)}


GROUPS = tuple(
    Group(verb, how, when)
    for verb in ("add", "remove")
    for how, when in (
        (How.ERROR, When.BEFORE),
        (How.ERROR, When.AFTER),
        (How.SIGTERM, When.BEFORE),
        (How.SIGTERM, When.DURING),
        (How.SIGTERM, When.AFTER),
        (How.SIGKILL, When.DURING),
        (How.SIGKILL, When.AFTER),
    )
)


def _break(stand: Stand, group: Group, at: int, call: Call) -> Iterator[str]:
    """Break `group.verb` at its call number `at`, then mend it; yields what is not as it should."""
    if group.verb == "remove":
        stand.run("add").ok()
    broken = stand.run(group.verb, at, group.when, group.how, call.seconds / 2)
    if broken.status not in group.statuses(call):
        yield f"exit {broken.status}: {broken.stderr}"
    if "Traceback" in broken.stderr or "internal error" in broken.stderr:
        yield broken.stderr
    seen = stand.world.snapshot()
    if seen != stand.before and not seen.mappings:
        yield f"something is left and not recorded: {difference(stand.before, seen)}"
    undone = group.verb == "add" and group.how is How.SIGTERM and broken.status != ExitCode.OK
    if undone and seen != stand.before:
        yield f"not undone: {difference(stand.before, seen)}\n{broken.stderr}"
    yield from _mend(stand, group, recorded=bool(seen.mappings))


def _mend(stand: Stand, group: Group, *, recorded: bool) -> Iterator[str]:
    """A plain remove brings all back to what it was; so does an add and then a remove."""
    if group.how is How.SIGKILL and group.when is When.AFTER:
        added = stand.run("add")
        refused = added.status == ExitCode.REFUSED and "still being detached" in added.stderr
        if added.status != ExitCode.OK and not (refused and group.verb == "remove"):
            yield f"add afterwards: exit {added.status}: {added.stderr}"
        if added.status == ExitCode.OK and not _complete(stand.world.snapshot()):
            yield f"add afterwards left {difference(stand.before, stand.world.snapshot())}"
        recorded = bool(stand.world.mappings())
    if not recorded:
        return
    removed = stand.run("remove")
    if removed.status != ExitCode.OK:
        yield f"remove afterwards: exit {removed.status}: {removed.stderr}"
    after = stand.world.snapshot()
    if after != stand.before:
        yield f"remove afterwards left {difference(stand.before, after)}"


def _complete(seen: Snapshot) -> bool:
    """Whether the share is attached with all that belongs to it."""
    intents = [intent for _share, intent in seen.mappings.values()]
    counts = [len(things) for things in (seen.mounts, seen.rules, seen.secrets)]
    return intents == ["attached"] and counts == [1, 1, 1] and "virtiofs" in str(seen.domains)


@dataclass(frozen=True)
class Outcome:
    """The steps of good runs, what was wrong in which case, and what all of it has left."""

    calls: dict[str, tuple[Call, ...]]
    problems: dict[Group, dict[str, list[str]]]
    locks: int


@pytest.fixture(scope="module")
def outcome(request: pytest.FixtureRequest, cloud: Cloud, libvirtd: object) -> Iterator[Outcome]:
    """All cases of the tests that are to run."""
    chosen = [item.callspec.params["group"] for item in request.session.items
              if item.path == Path(__file__) and hasattr(item, "callspec")]  # fmt: skip
    with Bench(cloud, _AT_ONCE) as bench:
        calls = {verb: bench.record(verb) for verb in ("add", "remove")}
        cases = [(group, at, call) for group in chosen
                 for at, call in enumerate(calls[group.verb]) if group.strikes(call)]  # fmt: skip

        def problems(case: tuple[Group, int, Call]) -> list[str]:
            return bench.problems(lambda stand: _break(stand, *case))

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = list(pool.map(problems, cases))
        wrong: dict[Group, dict[str, list[str]]] = {group: {} for group in chosen}
        for (group, at, call), problem in zip(cases, found, strict=True):
            if problem:
                wrong[group][f"{at} {call.name}"] = problem
        yield Outcome(calls, wrong, len(cloud.locks()))


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_broken_at_every_step(outcome: Outcome, group: Group) -> None:
    for case, problems in outcome.problems[group].items():
        print(case, *problems, sep="\n    ")
    assert list(outcome.problems[group]) == []


def test_the_runs_have_every_kind_of_step(outcome: Outcome) -> None:
    """Else the cases above would be fewer than they seem."""
    seen = {verb: {call.name for call in calls} for verb, calls in outcome.calls.items()}
    assert seen["add"] >= {
        "store.put", "shares.grant", "secrets.put", "mounts.mount",
        "domains.enable_shared_memory", "domains.attach_filesystem",
    }  # fmt: skip
    assert seen["remove"] >= {
        "store.put", "domains.detach_filesystem", "domains.disable_shared_memory",
        "mounts.unmount", "secrets.delete", "shares.revoke", "store.delete",
    }  # fmt: skip


def test_no_lock_is_left_in_manila(outcome: Outcome) -> None:
    assert outcome.locks == 0
