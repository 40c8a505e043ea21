"""The engine, for a share with several export locations: the next one when one cannot be mounted.

The record names the location that is tried, and to whom it is granted, before that is done. A
rule for the client of one that was given up is recorded as outdated, and withdrawn when the share
is mounted or the mapping goes. So what a kill leaves behind is what any reconcile finishes.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sharectl.engine import candidates
from sharectl.engine.converge import converge, nobody
from sharectl.engine.deadlines import Deadline
from sharectl.engine.moved_export import Destination
from sharectl.engine.observe import observe
from sharectl.engine.records import follow
from sharectl.errors import MountFailed, ServerDead, SharectlError, Unavailable
from sharectl.model.action import Action, MountShare
from sharectl.model.export_location import servers
from sharectl.model.mapping import ShareMapping
from sharectl.model.mount_users import check_mountable
from sharectl.model.mounts import mounted_at

if TYPE_CHECKING:
    from sharectl.engine.steps import Effort
    from sharectl.model.observed import Observed
    from sharectl.ports import App

Dead = MutableMapping[tuple[str, ...], ServerDead]


@dataclass(frozen=True)
class Elsewhere:
    """Where else a share may be mounted from.

    Attributes:
        others: the locations to try after that of the mapping; None is to ask Manila.
        dead: servers that did not answer in this run, which are not waited for again.
    """

    others: tuple[str, ...] | None = None
    dead: Dead = field(default_factory=dict)


def converge_somewhere(
    app: App,
    mapping: ShareMapping,
    effort: Effort,
    observed: Observed | None = None,
    done: Callable[[Action], None] = nobody,
    *,
    elsewhere: Elsewhere,
) -> None:
    """As `converge`; when the share cannot be mounted, at the next export location.

    Another one is tried only while nothing is mounted and no guest runs with the mount point, and
    the admin did not choose the location. All together get the time of one mount.

    Args:
        app: the ports of where the mapping was attached.
        mapping: the recorded mapping.
        effort: how hard to try.
        observed: a look that was taken under the share's lock.
        done: called with each action that was done.
        elsewhere: what is known of other locations.

    Raises as `converge` does; when each location has failed, the error names them all.
    """
    if not _is_bare(app, mapping):
        converge(app, mapping, effort, observed, done)
        return
    others = elsewhere.others
    if others is None and effort.manila:
        others = _ask(app, mapping)
    _Attempts(app, mapping, effort, done, elsewhere.dead).run(list(others or ()), observed)


def _ask(app: App, mapping: ShareMapping) -> tuple[str, ...]:
    """The other locations; none where Manila does not tell: the recorded one can be mounted yet."""
    try:
        share = app.shares.find(mapping.share_id)
        return candidates.others(app, share, mapping.export_location)
    except SharectlError as error:
        app.events.progress(f"other export locations are not known: {error.message}")
        return ()


def _is_bare(app: App, mapping: ShareMapping) -> bool:
    """Whether the share is to be mounted and is not."""
    return mapping.wanted and mounted_at(app.mounts.list(), mapping.mount_point) is None


@dataclass
class _Attempts:
    app: App
    mapping: ShareMapping
    effort: Effort
    done: Callable[[Action], None]
    dead: Dead
    failures: dict[str, SharectlError] = field(default_factory=dict)

    def run(self, left: list[str], observed: Observed | None) -> None:
        """Try the mapping's location, then those that are `left`."""
        end = Deadline.after(self.app.clock, self.app.config.mount_timeout)
        while not self._mounted(end.remaining(self.app.clock) / (len(left) + 1), observed):
            observed = None
            while True:
                if not left or end.remaining(self.app.clock) <= 0:
                    raise self._all_failed()
                if self._move(left.pop(0)):
                    break

    def _mounted(self, seconds: float, observed: Observed | None) -> bool:
        """Whether the location of the mapping could be used; what else fails is raised."""
        mapping, effort = self.mapping, replace(self.effort, mount_seconds=seconds)
        try:
            self._check_server()
            converge(self.app, mapping, effort, observed, self.done)
        except (ServerDead, MountFailed) as error:
            self._failed(mapping.export_location, error)
            if isinstance(error, ServerDead):
                self.dead.setdefault(servers(mapping.protocol, mapping.export_location), error)
            if not _is_bare(self.app, mapping):
                raise
            return False
        except SharectlError as error:
            if not self.failures:
                raise
            before = "; ".join(f"{key}: {why.message}" for key, why in self.failures.items())
            raise error.and_so(f"tried before: {before}") from error
        return True

    def _check_server(self) -> None:
        """Do not wait for a server again that has not answered in this run."""
        hosts = servers(self.mapping.protocol, self.mapping.export_location)
        if (known := self.dead.get(hosts)) is not None:
            text = f"file server {', '.join(hosts)} did not answer before"
            raise ServerDead(text, servers=hosts, hint=known.hint)

    def _failed(self, location: str, error: SharectlError) -> None:
        self.failures[location] = error
        self.app.events.progress(f"{location} cannot be used: {error.message}")

    def _move(self, location: str) -> bool:
        """Record the location, unless this host has no route to it; returns whether it is so."""
        app, mapping = self.app, self.mapping
        observed = observe(app, mapping.share_id, manila=self.effort.manila)
        check_mountable(MountShare(mapping), observed)
        try:
            to = candidates.new_client(app, mapping.share_id, mapping.protocol, location)
        except Unavailable as error:
            self._failed(location, error)
            return False
        with app.interrupts.shielded():
            follow(app, mapping, Destination(location, to, mapping.filesystem_name), observed)
            stored = (item for item in app.store.load() if item.id == mapping.id)
            self.mapping = next(stored, mapping)
        return True

    def _all_failed(self) -> SharectlError:
        first = next(iter(self.failures.values()))
        if len({error.message for error in self.failures.values()}) == 1:
            return first  # of one location, or for a reason that has nothing to do with them
        return candidates.none_answers(self.mapping.share_id, self.failures)
