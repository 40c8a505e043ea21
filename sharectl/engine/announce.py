"""Tasks as events, for whoever keeps or passes on what was done with share mappings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sharectl.errors import Explained
from sharectl.model.enums import Intent
from sharectl.model.event import Phase, Task, TaskEvent

if TYPE_CHECKING:
    from sharectl.model.mapping import ShareMapping
    from sharectl.ports import HostPorts

_BY_INTENT = {
    Intent.ATTACHING: Task.ATTACH,
    Intent.ATTACHED: Task.REPAIR,
    Intent.DETACHING: Task.DETACH,
}


@contextmanager
def announced(app: HostPorts, task: Task, mapping: ShareMapping) -> Iterator[None]:
    """Emit that `task` begins, and how the block ends; what is raised in it goes on."""
    who = app.host.requester
    app.events.emit(TaskEvent(task, Phase.START, mapping, who))
    try:
        yield
    except BaseException as error:
        why = error if isinstance(error, Explained) else None
        app.events.emit(TaskEvent(task, Phase.ERROR, mapping, who, why))
        raise
    app.events.emit(TaskEvent(task, Phase.END, mapping, who))


def task_of(mapping: ShareMapping) -> Task:
    """What finishes or repairs a mapping as it is recorded."""
    return _BY_INTENT[mapping.intent]
