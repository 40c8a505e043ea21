"""forget --from-host: withdraw what the sharectl of a host that is gone has left in Manila.

A host that was lost, or installed again under another host ID, leaves access rules and the locks
on them, which keep the owner from deleting the share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sharectl.engine.deadlines import Deadline
from sharectl.engine.tally import Tally
from sharectl.engine.withdrawal import await_withdrawal
from sharectl.errors import Denied, NotFound, SharectlError
from sharectl.model import checks
from sharectl.model.other_hosts import HostRule, host_of, of_host
from sharectl.model.outcome import Outcome
from sharectl.model.rule_owner import is_of_other_host

if TYPE_CHECKING:
    from sharectl.model.mapping import ShareMapping
    from sharectl.model.share import AccessRule, ShareSeen
    from sharectl.ports import App

_LOCK_SECONDS = 10.0


@dataclass(frozen=True)
class Left:
    """The rules of one host, and why other shares could not be looked at."""

    rules: tuple[HostRule, ...]
    unseen: tuple[SharectlError, ...] = ()


def rules_of_host(app: App, host: str, share: str | None = None) -> Left:
    """The rules that the sharectl of another host made on shares of this project.

    Args:
        app: the ports.
        host: a host ID, or a name if only one host has it.
        share: the ID or name of the share to look at; None for all.

    Raises `Refused` for this host and for a name that several hosts have, `NotFound` when there is
    no such rule.
    """
    app.host.check_root("forget")
    checks.check_ident("host", host)
    if share is not None:
        checks.check_ident("share", share)
    own = app.host.identity
    if host == own.id:
        of_host(host, (), own)  # before Manila is asked
    shares = app.shares.list() if share is None else (app.shares.find(share),)
    names = {item.id: item.name for item in shares}
    seen = app.shares.survey(names)
    mappings = app.store.load()
    found = [
        item
        for share_id, look in seen.items()
        for item in _of_others(app, share_id, names[share_id], look, mappings)
    ]
    unseen = tuple(
        look.error.about(f"share {names[share_id] or share_id}")
        for share_id, look in seen.items()
        if look.error is not None
    )
    return Left(of_host(host, found, own), unseen)


def _of_others(
    app: App, share_id: str, name: str, seen: ShareSeen, mappings: tuple[ShareMapping, ...]
) -> list[HostRule]:
    own = tuple(item for item in mappings if item.share_id == share_id)
    return [
        HostRule(share_id, name, rule, host)
        for rule in seen.rules
        if is_of_other_host(rule, app.host.identity, own) and (host := host_of(rule)) is not None
    ]


def withdraw(app: App, left: Left, timeout: float) -> Outcome:
    """Withdraw these rules with the locks on them, and nothing else.

    What Manila does not allow is a problem that says whom to ask. `timeout` in seconds is for all
    of them; 0 does not wait until they are gone.
    """
    app.interrupts.install()
    tally = Tally(app.events)
    for error in left.unseen:
        tally.unseen(error)
    asked = [item for item in left.rules if _asked(app, item, tally)]
    deadline = Deadline.after(app.clock, timeout)
    for item in asked:
        try:
            if timeout:
                await_withdrawal(app, item.share_id, item.rule.id, deadline)
        except SharectlError as error:
            tally.failed(error)
        else:
            tally.changed(f"{'withdrew' if timeout else 'withdrawing'} {item.describe()}")
    return tally.outcome


def _asked(app: App, item: HostRule, tally: Tally) -> bool:
    """Whether Manila withdraws the rule from now on."""
    try:
        with app.locks.share(item.share_id, _LOCK_SECONDS):
            rule = _look_again(app, item)
            if rule is None:
                return False
            if not rule.leaving:
                app.shares.revoke(item.share_id, rule.id)
            return True
    except Denied as error:
        who = f"{item.user}, who asked for it on host {item.host.name}" if item.user else "its user"
        command = f"openstack share access delete --unrestrict {item.share_id} {item.rule.id}"
        tally.failed(error.hinting(f"ask {who}, or an admin of OpenStack, to run: {command}"))
    except SharectlError as error:
        tally.failed(error.about(f"access rule {item.rule.id} of share {item.share_id}"))
    return False


def _look_again(app: App, item: HostRule) -> AccessRule | None:
    """The rule under the share's lock, if it is still there and has not become this host's."""
    try:
        rules = app.shares.rules(item.share_id)
    except NotFound:
        return None
    own = tuple(it for it in app.store.load() if it.share_id == item.share_id)
    found = (it for it in rules if it.id == item.rule.id)
    return next((it for it in found if is_of_other_host(it, app.host.identity, own)), None)
