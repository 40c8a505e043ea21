"""remove: detach a share from a domain. Works with whatever is already gone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sharectl.errors import ConfigError, Denied, NotFound, SharectlError, Unavailable
from sharectl.model import checks
from sharectl.model.action import Action
from sharectl.model.enums import Intent
from sharectl.model.host import check_local
from sharectl.model.mapping import ShareMapping
from sharectl.model.plan import plan
from sharectl.operations.converge import converge
from sharectl.operations.deadlines import Deadline, WaitEnded
from sharectl.operations.listing import find_recorded
from sharectl.operations.observe import observe
from sharectl.operations.records import change, forget, one_line
from sharectl.operations.steps import Effort

if TYPE_CHECKING:
    from sharectl.ports import App

_LOCK_SECONDS = 60.0


@dataclass(frozen=True)
class RemoveRequest:
    """What the admin asked for. `timeout` is in seconds; 0 is not to wait for Manila."""

    domain: str
    share: str
    force: bool = False
    timeout: float = 60.0
    dry_run: bool = False


@dataclass(frozen=True)
class RemoveResult:
    """What `remove` did or would do, and what it had to leave behind (with `force`).

    The hint of each error in `left` ends with the command that finishes it.
    """

    mapping: ShareMapping
    actions: tuple[Action, ...]
    left: tuple[SharectlError, ...] = ()
    waiting: bool = False


def remove(app: App, request: RemoveRequest) -> RemoveResult:
    """Detach `request.share` from `request.domain`.

    Raises `NotFound` when it is not attached, `Refused` while the domain runs. A step that fails
    leaves the mapping recorded as detaching; run again, it goes on from there.
    """
    app.interrupts.install()
    app.report.step("checking")
    app.host.check_root("remove")
    check_local(app.config.libvirt_uri)
    checks.check_ident("domain", request.domain)
    checks.check_ident("share", request.share)
    mapping = find_recorded(app, request.domain, request.share)
    _check_detachable(app, mapping)
    lock_seconds = max(request.timeout, _LOCK_SECONDS)
    if request.dry_run:
        return RemoveResult(mapping, _plan(app, mapping, manila=True))
    with app.locks.share(mapping.share_id, lock_seconds):
        _check_detachable(app, mapping)  # it may have been started while another had the lock
        return _detach(app, request, mapping)


def _check_detachable(app: App, mapping: ShareMapping) -> None:
    domain = app.domains.get([mapping.domain_uuid]).get(mapping.domain_uuid)
    if domain is None or checks.is_out(mapping, domain):
        return
    checks.check_shut_off(domain)
    if warning := checks.snapshot_warning(domain):
        app.report.warn(warning)


def _plan(app: App, mapping: ShareMapping, *, manila: bool) -> tuple[Action, ...]:
    leaving = replace(mapping, intent=Intent.DETACHING)
    observed = observe(app, mapping.share_id, new=leaving, manila=manila)
    return plan(leaving, observed, app.host.name)


def _detach(app: App, request: RemoveRequest, mapping: ShareMapping) -> RemoveResult:
    manila = True
    left: list[SharectlError] = []
    try:
        actions = _plan(app, mapping, manila=True)
    except (Unavailable, Denied, ConfigError) as error:
        if not request.force:
            raise
        manila = False
        access = mapping.access
        error.message = f"access rule for {access.type} {access.to}: {error.message}"
        left.append(error)
        actions = _plan(app, mapping, manila=False)
    with app.interrupts.shielded():
        leaving = _record(app, mapping)
    effort = Effort(Deadline.after(app.clock, request.timeout), request.force, manila)
    try:
        left += converge(app, leaving, effort)
    except WaitEnded as error:
        _note(app, leaving, error)
        if request.timeout == 0:
            return RemoveResult(leaving, actions, waiting=True)
        raise
    except BaseException as error:
        app.interrupts.reset()
        _note(app, leaving, error)
        raise
    _settle(app, leaving, left)
    return RemoveResult(leaving, actions, tuple(left))


def _record(app: App, mapping: ShareMapping) -> ShareMapping:
    with app.store.transaction() as store:
        stored = next((item for item in store.mappings if item.id == mapping.id), None)
        if stored is None:
            raise NotFound(
                f"share {mapping.share_id} is no longer attached to domain {mapping.domain_name}",
                hint="another sharectl removed it meanwhile",
            )
        leaving = stored.with_intent(Intent.DETACHING, app.clock.now())
        store.put(leaving)
    return leaving


def _note(app: App, leaving: ShareMapping, error: BaseException) -> None:
    """Keep what went wrong with the record; the next run goes on from there."""
    waited = isinstance(error, WaitEnded)
    change(app, leaving, Intent.DETACHING, None if waited else one_line(error))
    if isinstance(error, SharectlError) and not waited:
        _tell_again(leaving, error)


def _tell_again(leaving: ShareMapping, error: SharectlError) -> None:
    """Make the hint of `error` end with the command that goes on from there."""
    again = f"sharectl remove {leaving.domain_name} {leaving.share_id}"
    error.hint = f"{error.hint}; then: {again}" if error.hint else f"run it again: {again}"


def _settle(app: App, leaving: ShareMapping, left: list[SharectlError]) -> None:
    """Forget the mapping, or keep it as detaching while something is left of it."""
    if not left:
        forget(app, leaving)
        return
    with app.interrupts.shielded():
        change(app, leaving, Intent.DETACHING, "; ".join(error.message for error in left))
    for error in left:
        _tell_again(leaving, error)
