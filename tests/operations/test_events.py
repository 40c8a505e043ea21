"""What the stream of events says of each command, for those who keep or pass it on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharectl.errors import Refused, SharectlError, Unavailable
from sharectl.model.event import Phase, Requester, StepEvent, Task, TaskEvent
from sharectl.operations.add import add
from sharectl.operations.add_checks import AddRequest
from sharectl.operations.adopt import AdoptRequest, adopt
from sharectl.operations.forget import forget_mapping, look
from sharectl.operations.remove import RemoveRequest, remove
from tests.fakes import FakeApp
from tests.fakes.mounts import umount
from tests.operations.reconciling import run_reconcile
from tests.operations.scenarios import attached, cephfs, nfs

_ADD = AddRequest("guest", "docs")


def _tasks(app: FakeApp) -> list[tuple[Task, Phase]]:
    return [(it.task, it.phase) for it in app.heard.events if isinstance(it, TaskEvent)]


def _both(task: Task) -> list[tuple[Task, Phase]]:
    return [(task, Phase.START), (task, Phase.END)]


def test_add_and_remove_are_one_task_each_with_who_asked() -> None:
    app = cephfs().app
    add(app, _ADD)
    remove(app, RemoveRequest("guest", "docs"))
    assert _tasks(app) == [*_both(Task.ATTACH), *_both(Task.DETACH)]
    for event in app.heard.events:
        if isinstance(event, TaskEvent):
            assert event.who == Requester("alice", "root")
            assert (event.mapping.domain_name, event.mapping.share_name) == ("guest", "docs")


def test_steps_come_between_and_in_pairs() -> None:
    app = cephfs().app
    add(app, _ADD)
    seen = [item for item in app.heard.events if isinstance(item, TaskEvent | StepEvent)]
    assert isinstance(seen[0], TaskEvent)
    assert isinstance(seen[-1], TaskEvent)
    steps = [item for item in seen if isinstance(item, StepEvent)]
    assert len(steps) == len(seen) - 2 > 0
    for start, end in zip(steps[::2], steps[1::2], strict=True):
        assert (start.phase, end.phase) == (Phase.START, Phase.END)
        assert start.action == end.action


def test_a_failure_is_the_error_that_the_admin_sees() -> None:
    app = nfs().app
    app.mounts.dead = {"192.0.2.1"}
    with pytest.raises(SharectlError) as caught:
        add(app, _ADD)
    (end,) = [it for it in app.heard.events if isinstance(it, TaskEvent) and it.error is not None]
    assert (end.task, end.phase, end.error) == (Task.ATTACH, Phase.ERROR, caught.value)
    failed = [it for it in app.heard.events if isinstance(it, StepEvent) and it.error is not None]
    assert isinstance(failed[0].error, Unavailable)


def test_what_is_refused_before_anything_is_done_is_no_task() -> None:
    world, _ = attached(nfs)
    world.app.heard.events.clear()
    with pytest.raises(Refused):
        add(world.app, AddRequest("guest", "docs", tag="another"))
    add(world.app, AddRequest("guest", "docs", dry_run=True))
    assert _tasks(world.app) == []


def test_what_is_not_waited_for_has_not_ended_well() -> None:
    app = nfs().app
    assert add(app, replace(_ADD, timeout=0.0)).waiting
    assert _tasks(app) == [(Task.ATTACH, Phase.START), (Task.ATTACH, Phase.ERROR)]


def test_reconcile_says_what_it_finishes() -> None:
    world, _ = attached(nfs)
    app = world.app
    umount(app.mounts, app.store.load()[0].mount_point)
    app.heard.events.clear()
    run_reconcile(app)
    assert _tasks(app) == _both(Task.REPAIR)
    run_reconcile(app)
    assert _tasks(app) == []  # there was nothing to do


def test_adopt_and_forget() -> None:
    world, _ = attached(nfs)
    app = world.app
    app.heard.events.clear()
    forget_mapping(app, look(app, "guest", "docs"))
    adopt(app, AdoptRequest())
    assert _tasks(app) == [*_both(Task.FORGET), *_both(Task.ADOPT)]
