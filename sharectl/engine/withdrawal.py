"""Withdrawing access rules: waiting for Manila, and what no record speaks of.

What no record speaks of is noted before it is taken away, so that a run that is killed in
between leaves something that leads to it.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from sharectl.engine.deadlines import Deadline, Pause
from sharectl.engine.domains import check_all_seen, look_at_domains
from sharectl.engine.project import CHOOSE_CLOUD
from sharectl.errors import (
    ConfigError,
    InUse,
    NotFound,
    Refused,
    SharectlError,
)
from sharectl.model.access import serves_to
from sharectl.model.action import RevokeAccess
from sharectl.model.enums import RuleState
from sharectl.model.host import check_system
from sharectl.model.mount_users import in_folder, who
from sharectl.model.mounts import mounted_at
from sharectl.model.places import is_share_mount
from sharectl.model.rule_owner import is_ours
from sharectl.model.share import AccessRule
from sharectl.model.withdrawal import Withdrawal

if TYPE_CHECKING:
    from sharectl.engine.tally import Tally
    from sharectl.model.mapping import ShareMapping
    from sharectl.ports import App

LOCK_SECONDS = 10.0  # for another sharectl that works on the same share


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


def withdraw_noted(
    app: App, note: Withdrawal, rules: tuple[AccessRule, ...], tally: Tally, deadline: Deadline
) -> None:
    """Take away key and rules once the mount is gone, and then the note.

    The caller holds the share's lock. What Manila refuses is told, and the note stays for the
    next run. Raises as `await_withdrawal` does.
    """
    with app.interrupts.shielded():
        app.secrets.delete(note.share_id)
        asked = _ask_to_revoke(app, note.share_id, rules, tally)
    for rule in asked:
        await_withdrawal(app, note.share_id, rule.id, deadline)
        tally.changed(RevokeAccess(note.share_id, rule).describe())
    if len(asked) == len(rules):
        app.withdrawals.delete(note.share_id)


def _ask_to_revoke(
    app: App, share_id: str, rules: tuple[AccessRule, ...], tally: Tally
) -> list[AccessRule]:
    """Returns those that Manila withdraws from now on; the others are told, with the command."""
    asked = []
    for rule in rules:
        try:
            if not rule.leaving:
                app.shares.revoke(share_id, rule.id)
        except SharectlError as error:
            command = f"openstack share access delete {share_id} {rule.id} --unrestrict"
            tally.failed(error.hinting(f"withdraw it: {command}"))
        else:
            asked.append(rule)
    return asked


def finish_withdrawals(app: App, tally: Tally, *, dry_run: bool, timeout: float) -> None:
    """Go on with what an earlier run noted and did not bring to its end.

    Args:
        app: the ports.
        tally: where changes and problems go.
        dry_run: only tell what would be done.
        timeout: seconds to wait for Manila, for each share.
    """
    try:
        notes = app.withdrawals.list()
    except SharectlError as error:
        tally.failed(error)
        return
    for note in notes:
        lock = nullcontext() if dry_run else app.locks.share(note.share_id, LOCK_SECONDS)
        try:
            with lock:
                _finish(app, note, tally, Deadline.after(app.clock, timeout), dry_run=dry_run)
        except SharectlError as error:
            tally.failed(error)


def _finish(app: App, note: Withdrawal, tally: Tally, deadline: Deadline, *, dry_run: bool) -> None:
    records = tuple(item for item in app.store.load() if item.share_id == note.share_id)
    if records:
        if not dry_run and not _left_of_others(app.at(note), note, records):
            app.withdrawals.delete(note.share_id)  # the records lead to what it names
        return
    mount = mounted_at(app.mounts.list(), note.mount_point)
    if mount is not None and is_share_mount(mount):
        return  # the unmount itself was not reached: that mount is told of as any other
    _check_unused(app, note)
    app = app.at(note)
    rules = _left(app, note)
    if not dry_run:
        withdraw_noted(app, note, rules, tally, deadline)
        return
    for rule in rules:
        tally.changed(RevokeAccess(note.share_id, rule).describe())


def _left_of_others(
    app: App, note: Withdrawal, records: tuple[ShareMapping, ...]
) -> tuple[AccessRule, ...]:
    """Noted rules for another client than that of the records, as when it was configured anew.

    The mount may be made with one of them, so they go when the records are gone.
    """
    return tuple(
        rule
        for rule in _left(app, note)
        if not any(serves_to(rule, item.access) for item in records)
    )


def _check_unused(app: App, note: Withdrawal) -> None:
    """A mount that was taken off its place lives on in a guest that has it."""
    check_system(app.domains.host().uri)
    seen = look_at_domains(app, app.store.load())
    check_all_seen(seen, note.mount_point)
    using = [item for item in seen if item.uses(note.mount_point)]
    if using:
        raise Refused(
            f"share {note.share_id} is in no record, its access rule is to be withdrawn, and"
            f" {note.mount_point} is used by domain {', '.join(item.name for item in using)}",
            hint=f"take out what lies there: virsh edit {using[0].word}",
        )
    if (by := who((), in_folder(note.mount_point, app.mounts.served()))) is not None:
        raise InUse(f"{by.runs} with share {note.share_id}, which is in no record", hint=by.stop)


def _left(app: App, note: Withdrawal) -> tuple[AccessRule, ...]:
    """Those of the noted rules that are still there.

    Raises `ConfigError` when the credentials are of another project than the note.
    """
    try:
        rules = app.shares.rules(note.share_id)
    except NotFound:
        here = app.shares.project_id()
        if here == note.project_id:
            return ()
        raise ConfigError(
            f"share {note.share_id}, of which an access rule is to be withdrawn, is of project"
            f" {note.project_id}, and these credentials are of project {here}",
            hint=CHOOSE_CLOUD,
        ) from None
    return tuple(
        item
        for item in rules
        if item.id in note.rules and (item.metadata is None or is_ours(item, app.host.identity, ()))
    )
