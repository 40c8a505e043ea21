"""remove: detach a share from a domain. Works with whatever is already gone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from sharectl.engine.announce import announced
from sharectl.engine.converge import converge
from sharectl.engine.deadlines import Deadline, WaitEnded
from sharectl.engine.domains import look_at_domains
from sharectl.engine.observe import observe
from sharectl.engine.records import change, forget, one_line
from sharectl.engine.steps import Effort
from sharectl.errors import (
    ConfigError,
    Denied,
    Explained,
    Interrupted,
    NotFound,
    SharectlError,
    Unavailable,
)
from sharectl.model import checks
from sharectl.model.action import Action
from sharectl.model.enums import Intent
from sharectl.model.event import Task
from sharectl.model.host import check_local
from sharectl.model.mapping import ShareMapping
from sharectl.model.plan import plan, unknown_domain
from sharectl.operations.lookup import find_recorded

if TYPE_CHECKING:
    from sharectl.model.domain import Domain
    from sharectl.ports import App

_Error = TypeVar("_Error", bound=Explained)
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
    app.events.progress("checking")
    app.host.check_root("remove")
    check_local(app.config.libvirt_uri)
    checks.check_ident("domain", request.domain)
    checks.check_ident("share", request.share)
    verb = "remove --force" if request.force else "remove"
    mapping = find_recorded(app, request.domain, request.share, verb=verb)
    app = app.at(mapping)
    if (there := _check_detachable(app, mapping)) is not None:
        mapping = replace(mapping, libvirt_uri=there.libvirt_uri)
        app = app.at(mapping)  # an earlier version did not record which libvirt has it
    lock_seconds = max(request.timeout, _LOCK_SECONDS)
    if request.dry_run:
        return RemoveResult(mapping, _plan(app, mapping, manila=True))
    with app.locks.share(mapping.share_id, lock_seconds):
        _check_detachable(app, mapping)  # it may have been started while another had the lock
        return _detach(app, request, mapping)


def _check_detachable(app: App, mapping: ShareMapping) -> Domain | None:
    """The domain, which has nothing of the share in use; None when it is gone."""
    only = frozenset({mapping.domain_uuid})
    seen = look_at_domains(app, (mapping,), only=only)
    domain = seen.find(mapping)
    if seen.is_unseen(mapping):
        raise seen.why_unseen(mapping) or unknown_domain(mapping)
    if domain is None or checks.is_out(mapping, domain):
        return domain
    checks.check_shut_off(domain)
    if warning := checks.snapshot_warning(domain):
        app.events.warn(warning)
    return domain


def _plan(app: App, mapping: ShareMapping, *, manila: bool) -> tuple[Action, ...]:
    leaving = replace(mapping, intent=Intent.DETACHING)
    observed = observe(app, mapping.share_id, new=leaving, manila=manila)
    return plan(leaving, observed)


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
        left.append(error.about(f"access rule for {access.type} {access.to}"))
        actions = _plan(app, mapping, manila=False)
    effort = Effort(Deadline.after(app.clock, request.timeout), request.force, manila)
    leaving = _record(app, mapping)
    try:
        with announced(app, Task.DETACH, leaving):
            left += _take_out(app, mapping, leaving, actions, effort)
            _settle(app, leaving, left)
    except WaitEnded:
        if request.timeout:
            raise
        return RemoveResult(leaving, actions, waiting=True)
    return RemoveResult(leaving, actions, tuple(left))


def _take_out(
    app: App,
    mapping: ShareMapping,
    leaving: ShareMapping,
    actions: tuple[Action, ...],
    effort: Effort,
) -> tuple[SharectlError, ...]:
    """Do it; when it fails, the record says how far it came."""
    begun: list[Action] = []
    try:
        return converge(app, leaving, effort, begun=begun.append)
    except WaitEnded:
        change(app, leaving, Intent.DETACHING, None)
        raise
    except BaseException as error:
        if begun and not _untouched(app, leaving, error, actions):
            raise _noted(app, leaving, error) from error
        _take_back(app, mapping)  # for one, the guest was started before the intent was recorded
        raise


def _untouched(
    app: App, leaving: ShareMapping, error: BaseException, actions: tuple[Action, ...]
) -> bool:
    """Whether a signal came before the first step had an effect: it may have waited for a lock."""
    if not isinstance(error, Interrupted):
        return False
    app.interrupts.reset()
    try:
        left = _plan(app, leaving, manila=True)
    except SharectlError:
        return False
    # Not the actions themselves: they hold the state of a rule, which changes by itself.
    return [item.describe() for item in left] == [item.describe() for item in actions]


def _record(app: App, mapping: ShareMapping) -> ShareMapping:
    """Write the intent; a signal that comes meanwhile takes it back."""
    try:
        with app.interrupts.shielded():
            return _write_intent(app, mapping)
    except Interrupted:
        _take_back(app, mapping)
        raise


def _write_intent(app: App, mapping: ShareMapping) -> ShareMapping:
    with app.store.transaction() as store:
        stored = next((item for item in store.mappings if item.id == mapping.id), None)
        if stored is None:
            raise NotFound(
                f"share {mapping.share_id} is no longer attached to domain {mapping.domain_name}",
                hint="another sharectl removed it meanwhile; see: sharectl list",
            )
        leaving = stored.with_intent(Intent.DETACHING, app.clock.now())
        store.put(leaving)
    return leaving


def _take_back(app: App, mapping: ShareMapping) -> None:
    """Nothing was done yet: what was attached stays so, and no timer goes on with the remove."""
    app.interrupts.reset()
    change(app, mapping, mapping.intent, mapping.last_error)
    app.events.warn(f"nothing was changed: share {mapping.share_id} stays {mapping.intent}")


def _noted(app: App, leaving: ShareMapping, error: BaseException) -> BaseException:
    """Keep what went wrong with the record; the next run goes on from there."""
    app.interrupts.reset()
    change(app, leaving, Intent.DETACHING, one_line(error))
    return _with_command(leaving, error) if isinstance(error, Explained) else error


def _with_command(leaving: ShareMapping, error: _Error) -> _Error:
    """`error` with a hint that ends with the command that goes on from there."""
    again = f"sharectl remove {leaving.domain_word} {leaving.share_id}"
    known = error.hint
    return error.hinting(f"{known}; then: {again}" if known else f"run it again: {again}")


def _settle(app: App, leaving: ShareMapping, left: list[SharectlError]) -> None:
    """Forget the mapping, or keep it as detaching while something is left of it."""
    if not left:
        forget(app, leaving)
        return
    with app.interrupts.shielded():
        change(app, leaving, Intent.DETACHING, "; ".join(error.message for error in left))
    left[:] = [_with_command(leaving, error) for error in left]
