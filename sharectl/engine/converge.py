"""The engine: observe a share, plan, act. The only place where planned changes happen.

Every step can be repeated: what was done before a crash is seen and not done again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sharectl.engine.observe import observe
from sharectl.engine.steps import Effort, Site, carry_out
from sharectl.errors import InUse, MountFailed, Refused, SharectlError
from sharectl.model.action import Action, UnmountShare, left_by
from sharectl.model.domain import Domain
from sharectl.model.event import Phase, StepEvent
from sharectl.model.mapping import ShareMapping
from sharectl.model.mount_users import users
from sharectl.model.mounts import mounted_at
from sharectl.model.plan import check_released, plan, wanted_by_others
from sharectl.model.rule_owner import is_ours
from sharectl.model.withdrawal import Withdrawal

if TYPE_CHECKING:
    from sharectl.model.observed import Observed
    from sharectl.ports import App


def nobody(_action: Action) -> None:
    """Who wants to know what was done."""


def converge(
    app: App,
    mapping: ShareMapping,
    effort: Effort,
    observed: Observed | None = None,
    done: Callable[[Action], None] = nobody,
    begun: Callable[[Action], None] = nobody,
) -> tuple[SharectlError, ...]:
    """Make true what the recorded `mapping` intends. The caller holds the share's lock.

    With `effort.force` a failed step does not stop the others, and the failures are returned.
    Without, the first failure is raised. `observed` is a look that was taken under the lock;
    `begun` is called with each action before it is done, `done` when it was done.
    """
    if observed is None:
        observed = observe(app, mapping.share_id, manila=effort.manila)
    site = Site(app, mapping, effort)
    failures = []
    for action in plan(mapping, observed):
        begun(action)
        error = _try(site, action)
        if error is None:
            done(action)
            continue
        failures.append(error)
        if isinstance(action, UnmountShare) and isinstance(error, Refused):
            break  # a guest has it: it must keep its access as well
    if not (mapping.wanted or failures or wanted_by_others(mapping, observed)):
        check_released(mapping, observed)
        if not observed.share_exists and mapping.owns_rule and mapping.rule_id:
            _warn_of_new_owner(app, mapping)
        _sweep(app, mapping, observed)
    return tuple(failures)


def _try(site: Site, action: Action) -> SharectlError | None:
    """Carry out `action`; with force, returns what went wrong, and what is left by it."""
    events = site.app.events
    events.emit(StepEvent(action, Phase.START, site.mapping))
    try:
        carry_out(action, site)
    except SharectlError as error:
        events.emit(StepEvent(action, Phase.ERROR, site.mapping, error))
        if not site.effort.force:
            raise
        return error.about(left_by(action))
    events.emit(StepEvent(action, Phase.END, site.mapping))
    return None


def _warn_of_new_owner(app: App, mapping: ShareMapping) -> None:
    """A share that is deleted takes its rules along; one that is transferred keeps them locked."""
    share, rule = mapping.share_id, mapping.rule_id
    app.events.warn(
        f"share {share} is not in project {mapping.project_id} any more; if it was transferred to"
        f" another project, access rule {rule} is still there, and the owner of the share or an"
        f" admin takes it away: openstack share access delete --unrestrict {share} {rule}"
    )


def _sweep(app: App, mapping: ShareMapping, observed: Observed) -> None:
    """Take away what a mount leaves behind, also when there was no mount to take away.

    One that was killed may have made the mount point, or have removed all but that. A mount that
    stays because a domain uses it keeps its key: the next mapping of the share will need it.
    """
    if using := users(mapping, observed):
        _leave_to_users(app, mapping, observed, using)
        return
    app.secrets.delete(mapping.share_id)
    left = mounted_at(app.mounts.list(), mapping.mount_point)
    if left is None and mounted_at(observed.mounts, mapping.mount_point) is None:
        try:
            app.mounts.unmount(mapping.mount_point, app.config.mount_timeout, seen=None)
        except (InUse, MountFailed) as error:  # somebody's data lies in it
            app.events.warn(error.sentence)


def _leave_to_users(
    app: App, mapping: ShareMapping, observed: Observed, using: tuple[Domain, ...]
) -> None:
    """A domain without a mapping, such as a clone, uses the mount all the same.

    What stays for it is noted: after a reboot there is no mount any more that leads to the rule.
    """
    rules = observed.rules or ()
    ours = (item.id for item in rules if is_ours(item, observed.host, observed.mappings))
    app.withdrawals.put(Withdrawal.of(mapping, tuple(ours)))
    names = ", ".join(item.name for item in using)
    app.events.warn(
        f"the mount {mapping.mount_point} and the access rule of share {mapping.share_id} stay:"
        f" domain {names} uses what is there; once that is taken out (virsh edit"
        f" {using[0].word}) or the domain undefined: sharectl reconcile --prune"
    )
