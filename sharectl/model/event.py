"""What happens while sharectl works, as values. `ports.events` says who hears of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sharectl.errors import Explained, SharectlError
    from sharectl.model.action import Action
    from sharectl.model.mapping import ShareMapping


class Phase(StrEnum):
    """Where something is that takes a while, in the words of Nova's versioned notifications."""

    START = "start"
    END = "end"
    ERROR = "error"


class Task(StrEnum):
    """What is done with a share mapping; the first two have the names of Nova's notifications."""

    ATTACH = "share_attach"
    DETACH = "share_detach"
    REPAIR = "share_repair"
    ADOPT = "share_adopt"
    FORGET = "share_forget"
    MOUNT = "share_mount"  # by the hook, before a domain starts, or at boot


@dataclass(frozen=True)
class Requester:
    """Who asked for it.

    Attributes:
        login: the user who logged in, also behind sudo and su; empty for cron, systemd and
            libvirt, which start sharectl for nobody.
        user: the user as whom sharectl runs.
    """

    login: str
    user: str


@dataclass(frozen=True)
class TaskEvent:
    """A task with one mapping begins or ends. The mapping is as it is recorded then."""

    task: Task
    phase: Phase
    mapping: ShareMapping
    who: Requester
    error: Explained | None = None


@dataclass(frozen=True)
class StepEvent:
    """An action of a plan begins or ends; those of one task come between its start and end."""

    action: Action
    phase: Phase
    mapping: ShareMapping
    error: SharectlError | None = None


@dataclass(frozen=True)
class Requested:
    """OpenStack answered a request that changes something.

    Attributes:
        method: of HTTP, such as POST.
        path: of the URL, without its query.
        status: of HTTP.
        request_id: what OpenStack's own logs call the request; empty where it has none.
    """

    method: str
    path: str
    status: int
    request_id: str


@dataclass(frozen=True)
class Progress:
    """What is done or waited for now, for somebody who watches."""

    text: str


@dataclass(frozen=True)
class Note:
    """What a person at a terminal may like to know, and a script may not."""

    text: str


@dataclass(frozen=True)
class Warned:
    """What the admin should know although nothing failed."""

    text: str


@dataclass(frozen=True)
class Changed:
    """One thing was done, or would be by a real run, of a command that works on many mappings."""

    text: str


@dataclass(frozen=True)
class Failed:
    """One thing could not be done, or not looked at; the rest goes on."""

    error: SharectlError


Event = TaskEvent | StepEvent | Requested | Progress | Note | Warned | Changed | Failed
