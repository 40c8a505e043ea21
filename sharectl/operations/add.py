"""add: attach a share to a domain. The intent is recorded first; a failure is undone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sharectl.engine.announce import announced
from sharectl.engine.converge import converge
from sharectl.engine.deadlines import Deadline, WaitEnded
from sharectl.engine.fallback import Elsewhere, converge_somewhere
from sharectl.engine.mounting import warn_of_disk
from sharectl.engine.observe import observe
from sharectl.engine.records import change, forget, one_line
from sharectl.engine.steps import Effort
from sharectl.errors import Explained, NotFound, SharectlError, Unavailable
from sharectl.model import domain_xml, memory_xml, provenance
from sharectl.model.action import Action, AttachFilesystem, EnableSharedMemory, MarkDomain
from sharectl.model.enums import AccessLevel, Intent
from sharectl.model.event import Task
from sharectl.model.health import health_of
from sharectl.model.mapping import ShareMapping
from sharectl.model.mapping_checks import check_free
from sharectl.model.marking import mark_of
from sharectl.model.mount_use import is_right
from sharectl.model.mounts import mounted_at
from sharectl.model.xml import parse, to_text
from sharectl.operations.add_checks import AddRequest, Prepared, prepare, prepare_again
from sharectl.operations.views import MappingView, view

if TYPE_CHECKING:
    from sharectl.ports import App

_UNDO_SECONDS = 60.0
_PROBE_SECONDS = 3.0  # for the file server to answer
_LOCK_SECONDS = 60.0  # for another sharectl that works on the same share


@dataclass(frozen=True)
class AddResult:
    """What `add` did, or would do.

    `actions` is the plan (empty: nothing to do). `xml_diff` is for a dry run. `waiting` is set
    when access was asked for and, with a timeout of 0, not waited for.
    """

    view: MappingView
    actions: tuple[Action, ...]
    xml_before: str = ""
    xml_after: str = ""
    waiting: bool = False


def add(app: App, request: AddRequest) -> AddResult:
    """Attach `request.share` to `request.domain`.

    Raises the error of the first check that fails, with nothing changed; or the error of the
    step that failed, with everything undone or, where that failed too, recorded.
    """
    app.interrupts.install()
    app.events.progress("checking")
    prepared = prepare(app, request)
    app = app.at(prepared.mapping)
    warn_of_disk(app)
    if request.dry_run:
        return _dry_run(app, prepared)
    waiting = False
    if not prepared.settled:
        with app.locks.share(prepared.mapping.share_id, max(request.timeout, _LOCK_SECONDS)):
            prepared = prepare_again(app, request, prepared)
            if not prepared.settled:
                waiting = _attach(app, prepared, Deadline.after(app.clock, request.timeout))
    return AddResult(_look_again(app, prepared), prepared.actions, waiting=waiting)


def _dry_run(app: App, prepared: Prepared) -> AddResult:
    """The plan, and the definition before and after it."""
    can_readonly = app.domains.host().readonly_filesystems
    before = to_text(parse(prepared.domain.xml))
    after = before
    for action in prepared.actions:
        if isinstance(action, EnableSharedMemory):
            after = memory_xml.enable(after, action.kind)
        if isinstance(action, AttachFilesystem):
            device = action.filesystem
            device = replace(device, readonly=device.readonly and can_readonly)
            after = domain_xml.add_filesystem(after, device)
        if isinstance(action, MarkDomain):
            mark = mark_of(prepared.mapping, app.host.identity)
            marks = provenance.with_mark(prepared.domain.marks, mark)
            after = provenance.replace_marks(after, marks)
    shown = view(prepared.mapping, prepared.domain, seen=True)
    return AddResult(shown, prepared.actions, before, after)


def _attach(app: App, prepared: Prepared, deadline: Deadline) -> bool:
    """Attach it; returns whether Manila was not waited for."""
    try:
        with announced(app, Task.ATTACH, prepared.mapping):
            _attach_or_undo(app, prepared, deadline)
    except WaitEnded:
        if deadline.seconds:
            raise
        return True
    return False


def _attach_or_undo(app: App, prepared: Prepared, deadline: Deadline) -> None:
    """Record, converge, finish. Raises `WaitEnded`, with nothing undone, when it is not to wait."""
    mapping, recorded = prepared.mapping, False
    try:
        with app.interrupts.shielded():
            _record(app, prepared)
            recorded = True
        elsewhere = Elsewhere(prepared.others)
        converge_somewhere(app, mapping, Effort(deadline), elsewhere=elsewhere)
        with app.interrupts.shielded():
            _finish(app, mapping)
    except WaitEnded as error:
        if deadline.seconds == 0:
            raise
        raise _undone(app, mapping, error, new=prepared.new) from error
    except BaseException as error:
        if not recorded:
            raise
        raise _undone(app, mapping, error, new=prepared.new) from error


def _record(app: App, prepared: Prepared) -> None:
    """Write the intent. The store's lock makes the check and the write one step."""
    mapping = prepared.mapping
    with app.store.transaction() as store:
        if not prepared.new:
            stored = _require(store.mappings, mapping)
            memory = mapping.shared_memory or stored.shared_memory
            chosen = prepared.chosen or stored.location_chosen
            now = replace(stored, shared_memory=memory, location_chosen=chosen)
            if now != stored:
                store.put(now)
            return
        check_free(mapping, store.mappings)
        store.put(mapping)


def _require(mappings: tuple[ShareMapping, ...], mapping: ShareMapping) -> ShareMapping:
    stored = next((item for item in mappings if item.id == mapping.id), None)
    if stored is None or not stored.wanted:
        raise NotFound(
            f"share {mapping.share_id} is no longer attached to domain {mapping.domain_name}",
            hint="another sharectl removed it meanwhile; run the same add again",
        )
    return stored


def _finish(app: App, mapping: ShareMapping) -> None:
    with app.store.transaction() as store:
        stored = _require(store.mappings, mapping)
        store.put(stored.with_intent(Intent.ATTACHED, app.clock.now()))


def _undone(app: App, mapping: ShareMapping, error: BaseException, *, new: bool) -> BaseException:
    """Take back what was done for a new mapping; an older one stays and names the error.

    When undoing fails, or when it cannot be known whether the failed step will yet happen, the
    mapping stays recorded. Returns `error` with how things stand then.
    """
    app.interrupts.reset()
    if not new:
        return _kept(app, mapping, error)
    app.events.progress("undoing")
    command = f"sharectl remove {mapping.domain_word} {mapping.share_id}"
    failed, state = "nothing could be undone", "it stays recorded"
    try:
        undoing = change(app, mapping, Intent.DETACHING, one_line(error))
        failed, state = "undoing it failed too", "it is recorded as detaching"
        converge(app, undoing, Effort(Deadline.after(app.clock, _UNDO_SECONDS)))
        if not (isinstance(error, Unavailable) and error.uncertain):
            forget(app, mapping)
            return _so(app, error, "everything was undone", None)
        failed = "whether the last request was carried out is not known"
    except SharectlError as second:
        failed = f"{failed}: {second.message}"
    return _so(app, error, failed, f"{state}; finish with: {command}")


def _kept(app: App, mapping: ShareMapping, error: BaseException) -> BaseException:
    """Record why an older mapping could not be completed or repaired."""
    try:
        change(app, mapping, mapping.intent, one_line(error))
        stands = f"the share stays {mapping.intent}, with status error"
    except SharectlError as second:
        stands = f"the share stays {mapping.intent}; recording the error failed: {second.message}"
    readonly = " --read-only" if mapping.access_level is AccessLevel.RO else ""
    again = f"sharectl add {mapping.domain_word} {mapping.share_id}{readonly}"
    known = error.hint if isinstance(error, Explained) else None
    return _so(app, error, stands, f"{known}; then: {again}" if known else f"run it again: {again}")


def _so(app: App, error: BaseException, stands: str, hint: str | None) -> BaseException:
    """The error with how things stand and, if anything is left, what finishes it."""
    if isinstance(error, Explained):
        return error.and_so(stands, hint)
    app.events.warn("; ".join(filter(None, (stands, hint))))
    return error


def _look_again(app: App, prepared: Prepared) -> MappingView:
    """The mapping as it is now, with its health."""
    stored = [item for item in app.store.load() if item.id == prepared.mapping.id]
    mapping = stored[0] if stored else prepared.mapping
    observed = observe(app, mapping.share_id, new=mapping)
    mount = mounted_at(observed.mounts, mapping.mount_point)
    if mount is not None and is_right(mapping, mount):
        answers = app.mounts.probe([[mapping.mount_point]], _PROBE_SECONDS)
        observed = replace(observed, server=answers[mapping.mount_point])
    shown = view(mapping, observed.domain(mapping), seen=True)
    return replace(shown, health=health_of(mapping, observed))
