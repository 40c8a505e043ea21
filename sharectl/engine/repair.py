"""The repair of one share: what its mappings need, and doing it.

An interrupted add is finished, an interrupted remove too; what was attached gets back whatever
is missing. What cannot be done is kept in the record, as the mapping's last error.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sharectl.engine.announce import announced, task_of
from sharectl.engine.deadlines import Deadline
from sharectl.engine.domains import look_at_domains
from sharectl.engine.fallback import Dead, Elsewhere, converge_somewhere
from sharectl.engine.moved_export import check_followable, destination, has_moved
from sharectl.engine.observe import observe
from sharectl.engine.records import change, follow, forget, one_line
from sharectl.engine.steps import Effort
from sharectl.errors import (
    InUse,
    NotFound,
    Refused,
    RuleExists,
    ServerDead,
    SharectlError,
    Unavailable,
)
from sharectl.model.action import (
    Action,
    AwaitAccess,
    MountShare,
    RememberDevice,
    ReplaceMount,
    UnmountShare,
)
from sharectl.model.enums import Intent
from sharectl.model.mapping import ShareMapping
from sharectl.model.mount_users import check_mountable, check_replaceable
from sharectl.model.mounts import mounted_at
from sharectl.model.observed import Observed
from sharectl.model.plan import plan

if TYPE_CHECKING:
    from sharectl.engine.tally import Tally
    from sharectl.model.survey import Survey
    from sharectl.ports import App

_QUIET = (AwaitAccess, RememberDevice)  # nothing that an admin would miss


def _unmounted(mapping: ShareMapping) -> str:
    return UnmountShare(mapping.share_id, mapping.mount_point).describe()


def _unfinished(mapping: ShareMapping) -> Unavailable:
    """Of a record that became one of an add or a remove after the survey."""
    return Unavailable(
        f"it is being {mapping.intent.removesuffix('ing')}ed, which needs both Manila and libvirt",
        hint="once they answer: sharectl reconcile",
    )


class Repair:
    """The repair of one share after a survey.

    Args:
        app: the ports of this run; each mapping is repaired with those of its origin.
        seen: the survey.
        tally: where changes and problems go.
        dead: the servers that did not answer in this run: each is waited for once.
        prune: whether mappings of domains that are gone are taken away.
        timeout: seconds to wait for Manila.
    """

    def __init__(
        self, app: App, seen: Survey, tally: Tally, dead: Dead, *, prune: bool, timeout: float
    ) -> None:
        self._app = app
        self._seen = seen
        self._tally = tally
        self._dead = dead
        self._prune = prune
        self._timeout = timeout
        self._previewed: set[str] = set()

    def needs(self, mapping: ShareMapping) -> bool:
        """Whether the survey shows anything to be done for the mapping, or to be told."""
        if mapping.intent is not Intent.ATTACHED:
            return self._seen.is_whole(mapping)
        if mapping.last_error is not None and self._seen.is_whole(mapping):
            return True
        if has_moved(mapping, self._seen):
            return True
        try:
            return bool(plan(mapping, self._seen.observed(mapping)))
        except SharectlError:
            return True

    def preview(self, mapping: ShareMapping) -> None:
        """Say what `share` would do, until it would fail."""
        observed = self._seen.observed(mapping)
        try:
            if self._abandoned(mapping):
                mapping = mapping.with_intent(Intent.DETACHING, self._app.clock.now())
            elif has_moved(mapping, self._seen):
                to = destination(self._app.at(mapping), mapping)
                check_followable(mapping, to, observed)
                if mounted_at(observed.mounts, mapping.mount_point) is not None:
                    self._tell_once(mapping, _unmounted(mapping))
                self._tell_once(mapping, f"follow the export location to {to.export_location}")
                mapping = to.of(mapping)
                everyone = tuple(to.of(item) for item in observed.mappings)
                observed = replace(observed, mappings=everyone, mounts=(), notes={})
            for action in plan(mapping, observed):
                self._preview(mapping, action, observed)
        except SharectlError as error:
            self._tally.failed(error, mapping)
            return
        if mapping.intent is not Intent.ATTACHED:
            self._tally.changed(f"finish {mapping.intent}", mapping)

    def _preview(self, mapping: ShareMapping, action: Action, observed: Observed) -> None:
        if isinstance(action, MountShare):
            check_mountable(action, observed)
        if isinstance(action, ReplaceMount):
            check_replaceable(action, observed)
        if not isinstance(action, _QUIET):
            self._tell_once(mapping, action.describe())

    def _tell_once(self, mapping: ShareMapping, what: str) -> None:
        """What is done for the first mapping of a share is not done again for the next."""
        if what not in self._previewed:
            self._previewed.add(what)
            self._tally.changed(what, mapping)

    def share(self, mappings: tuple[ShareMapping, ...]) -> None:
        """Repair the mappings, which are of one share. The caller holds the share's lock."""
        for mapping in mappings:
            try:
                self._mapping(mapping)
            except SharectlError as error:
                self._failed(mapping, error)

    def _mapping(self, mapping: ShareMapping) -> None:
        stored = self._stored(mapping)
        if stored is None:
            return  # removed since the survey
        if stored.intent is not Intent.ATTACHED and not self._seen.is_whole(stored):
            self._tally.failed(_unfinished(stored), stored)  # and the record stays as it is
            return
        if self._abandoned(stored) and self._still_gone(stored):
            stored = change(self._app, stored, Intent.DETACHING, None)
        elif has_moved(stored, self._seen):
            stored = self._follow(stored)
        manila = self._seen.share(stored.share_id) is not None
        app = self._app.at(stored)
        observed = observe(app, stored.share_id, manila=manila, known=self._seen)
        if all(item.id != stored.id for item in observed.mappings):
            return  # the store was lost meanwhile
        effort = Effort(Deadline.after(app.clock, self._timeout), manila=manila)
        with announced(app, task_of(stored), stored):
            converge_somewhere(
                app, stored, effort, observed, lambda action: self._tell(stored, action),
                elsewhere=Elsewhere(self._others(stored), self._dead),
            )  # fmt: skip
            if stored.wanted:
                self._attached(stored)
            else:
                self._detached(stored)

    def _stored(self, mapping: ShareMapping) -> ShareMapping | None:
        return next((item for item in self._app.store.load() if item.id == mapping.id), None)

    def _abandoned(self, mapping: ShareMapping) -> bool:
        """Whether the domain is gone for good, as the admin says by pruning."""
        if not self._prune or not mapping.wanted or not self._seen.is_whole(mapping):
            return False
        return self._seen.domains is not None and self._seen.domains.is_gone(mapping)

    def _still_gone(self, mapping: ShareMapping) -> bool:
        """Under the share's lock: tools that change a domain undefine it and define it again."""
        only = frozenset({mapping.domain_uuid})
        return look_at_domains(self._app, (mapping,), only=only).is_gone(mapping)

    def _attached(self, mapping: ShareMapping) -> None:
        whole = self._seen.is_whole(mapping)
        if mapping.intent is Intent.ATTACHED and not (mapping.last_error and whole):
            return
        change(self._app, mapping, Intent.ATTACHED, None)
        finished = mapping.intent is Intent.ATTACHING
        self._tally.changed("attached" if finished else "in order again", mapping)

    def _detached(self, mapping: ShareMapping) -> None:
        forget(self._app.at(mapping), mapping)
        self._tally.changed("detached", mapping)

    def _tell(self, mapping: ShareMapping, action: Action) -> None:
        if not isinstance(action, _QUIET):
            self._tally.changed(action.describe(), mapping)

    def _failed(self, mapping: ShareMapping, error: SharectlError) -> None:
        """Keep the error in the record, and undo an add that can never be finished."""
        if isinstance(error, ServerDead):
            self._dead.setdefault(error.servers, error)
        undo = mapping.intent is Intent.ATTACHING and self._is_final(mapping, error)
        intent = Intent.DETACHING if undo else mapping.intent
        stored = self._stored(mapping)
        if stored is not None:
            stored = change(self._app, stored, intent if undo else stored.intent, one_line(error))
        self._tally.failed(error, mapping)
        if undo and stored is not None:
            self._undo(stored)

    def _is_final(self, mapping: ShareMapping, error: SharectlError) -> bool:
        """Whether an add can never be finished: refused although its share was and is available.

        Manila may refuse anything while it is not, during a backup for one.
        """
        available = self._seen.observed(mapping).share_status in (None, "available")
        if not available or not isinstance(error, Refused | NotFound):
            return False
        if isinstance(error, InUse | RuleExists):
            return False  # for now
        try:
            return self._app.at(mapping).shares.find(mapping.share_id).status == "available"
        except NotFound:
            return True
        except SharectlError:
            return False  # not known

    def _undo(self, mapping: ShareMapping) -> None:
        try:
            self._mapping(mapping)
        except SharectlError as error:
            self._tally.failed(error, mapping)

    def _follow(self, mapping: ShareMapping) -> ShareMapping:
        """Not while a guest runs with the mount: the record has to say what is mounted."""
        to = destination(self._app.at(mapping), mapping)
        observed = observe(self._app, mapping.share_id, manila=False)
        check_followable(mapping, to, observed)
        seen = mounted_at(observed.mounts, mapping.mount_point)
        if seen is not None:
            # Before the record changes, which alone says that this mount is of sharectl.
            self._app.mounts.unmount(mapping.mount_point, self._app.config.mount_timeout, seen=seen)
            self._tally.changed(_unmounted(mapping), mapping)
        follow(self._app, mapping, to, self._seen.observed(mapping))
        self._tally.changed(f"follow the export location to {to.export_location}", mapping)
        return self._stored(mapping) or mapping

    def _others(self, mapping: ShareMapping) -> tuple[str, ...] | None:
        """None where the share may have other export locations, which Manila is then asked for."""
        share = self._seen.share(mapping.share_id)
        if share is None or share.status is None:
            return ()
        return () if share.export_paths is not None and len(share.export_paths) == 1 else None
