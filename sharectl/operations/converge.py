"""The engine: observe a share, plan, act. The only place where planned changes happen.

Every step can be repeated: what was done before a crash is seen and not done again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sharectl.errors import MountFailed, Refused, SharectlError
from sharectl.model.action import Action, UnmountShare
from sharectl.model.mapping import ShareMapping
from sharectl.model.mounts import mounted_at
from sharectl.model.plan import plan, wanted_by_others
from sharectl.operations.observe import observe
from sharectl.operations.steps import Effort, Steps

if TYPE_CHECKING:
    from sharectl.model.observed import Observed
    from sharectl.ports import App


def _nobody(_action: Action) -> None:
    """Who wants to know what was done."""


def converge(
    app: App,
    mapping: ShareMapping,
    effort: Effort,
    observed: Observed | None = None,
    told: Callable[[Action], None] = _nobody,
) -> tuple[SharectlError, ...]:
    """Make true what the recorded `mapping` intends. The caller holds the share's lock.

    With `effort.force` a failed step does not stop the others, and the failures are returned.
    Without, the first failure is raised. `observed` is a look that was taken under the lock;
    `told` is called with each action that was done.
    """
    if observed is None:
        observed = observe(app, mapping.share_id, manila=effort.manila)
    steps = Steps(app, mapping, effort)
    failures = []
    for action in plan(mapping, observed, app.host.name):
        app.report.step(action.describe())
        try:
            steps.apply(action)
        except SharectlError as error:
            if not effort.force:
                raise
            failures.append(error)
            if isinstance(action, UnmountShare) and isinstance(error, Refused):
                break  # a guest has it: it must keep its access as well
        else:
            told(action)
    if not (mapping.wanted or failures or wanted_by_others(mapping, observed)):
        _sweep(app, mapping, observed)
    return tuple(failures)


def _sweep(app: App, mapping: ShareMapping, observed: Observed) -> None:
    """Take away what a mount leaves behind, also when there was no mount to take away.

    One that was killed may have made the mount point, or have removed all but that. A mount that
    stays because a guest has it keeps its key: the next mapping of the share will need it.
    """
    if mounted_at(app.mounts.list(), mapping.mount_point) is not None:
        return
    app.secrets.delete(mapping.share_id)
    if mounted_at(observed.mounts, mapping.mount_point) is None:
        try:
            app.mounts.unmount(mapping.mount_point, app.config.mount_timeout)
        except MountFailed as error:  # somebody's data lies in it
            app.report.warn(error.message)
