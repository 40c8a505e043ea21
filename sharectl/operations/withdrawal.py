"""Waiting until Manila has withdrawn an access rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharectl.errors import NotFound, Refused
from sharectl.model.enums import RuleState
from sharectl.model.share import AccessRule
from sharectl.operations.deadlines import Deadline, Pause

if TYPE_CHECKING:
    from sharectl.ports import App


def await_withdrawal(app: App, share_id: str, rule_id: str, deadline: Deadline) -> None:
    """Wait until the rule, which Manila was asked to withdraw, is gone.

    Raises `Refused` when Manila cannot withdraw it, `WaitEnded` at the deadline.
    """
    pause = Pause(app, deadline)
    while (rule := _find(app, share_id, rule_id)) is not None:
        if rule.state is RuleState.ERROR:
            raise Refused(
                f"Manila could not withdraw access rule {rule.id} of share {share_id}",
                hint="its back end refuses; ask the operator of Manila",
            )
        pause.once(f"Manila to withdraw access rule {rule.id} of share {share_id}")


def _find(app: App, share_id: str, rule_id: str) -> AccessRule | None:
    try:
        rules = app.shares.rules(share_id)
    except NotFound:
        return None
    return next((item for item in rules if item.id == rule_id), None)
