"""Access rules in Manila: granted, waited for, noted in, withdrawn."""

from __future__ import annotations

from dataclasses import replace

from sharectl.engine import cephx_key
from sharectl.engine.deadlines import Pause
from sharectl.engine.steps.site import Site
from sharectl.engine.withdrawal import await_withdrawal
from sharectl.errors import Denied, Refused
from sharectl.model import access as rules_of
from sharectl.model.action import (
    AwaitAccess,
    AwaitWithdrawal,
    GrantAccess,
    NoteInRule,
    RevokeAccess,
)
from sharectl.model.enums import RuleState
from sharectl.model.plan import check_released
from sharectl.model.plan_access import check_spared
from sharectl.model.rule_owner import revealed, rule_metadata, usable
from sharectl.model.share import Access, AccessRule


def grant(site: Site, action: GrantAccess) -> None:
    app = site.app
    metadata = rule_metadata(app.host.identity, site.mapping)
    with app.interrupts.shielded():
        _remember_rule(site, owns=True)
        try:
            rule = app.shares.grant(action.share_id, action.access, metadata)
        except Refused:
            # None was made: if there is one for this client, then somebody else's.
            _remember_rule(site, owns=False)
            raise
        _remember_rule(site, owns=True, rule_id=rule.id)


def _remember_rule(site: Site, *, owns: bool, rule_id: str | None = None) -> None:
    """Record whose the rule is: the only proof on servers without rule metadata.

    When a rule was made, one that another mapping knew of is gone: Manila has one per client.
    That is written first: a mapping with a rule and no ID may claim what it finds.
    """
    with site.app.store.transaction() as store:
        for other in store.mappings if rule_id is not None else ():
            same = other.share_id == site.mapping.share_id and other.id != site.mapping.id
            if same and other.owns_rule:
                store.put(replace(other, rule_id=None, owns_rule=False))
    site.remember(owns_rule=owns, rule_id=rule_id)


def await_old_rule(site: Site, action: AwaitWithdrawal) -> None:
    await_withdrawal(site.app, action.share_id, action.rule.id, site.effort.deadline)


def note_in_rule(site: Site, action: NoteInRule) -> None:
    """What it says serves other hosts and `adopt`; access does not hang on it."""
    try:
        site.app.shares.annotate(action.share_id, action.rule_id, dict(action.notes))
    except Denied as error:
        site.app.events.warn(error.sentence)


def await_access(site: Site, action: AwaitAccess) -> None:
    """A rule that was made anew has another key; one that is kept is of no use any more."""
    rule = wait_for_rule(site, action.share_id, action.access)
    if site.app.secrets.file(action.share_id) is not None:
        cephx_key.fetch_or_kept(site.app, action.share_id, rule, site.effort.deadline)


def wait_for_rule(site: Site, share_id: str, access: Access) -> AccessRule:
    """The rule for `access` once it is active. Raises `Refused`, or `WaitEnded` at the deadline."""
    pause = Pause(site.app, site.effort.deadline)
    while True:
        rule = rules_of.find_rule(_rules(site, share_id), access)
        if rule is None:
            raise Refused(
                f"the access rule for {access.type} {access.to} on share {share_id} is gone",
                hint="somebody else withdrew it; try again",
            )
        if rule.state is RuleState.ACTIVE:
            return rule
        if rule.state is RuleState.ERROR:
            raise _rule_failed(share_id, access)
        pause.once(f"the access rule for {access.type} {access.to} on share {share_id}"
                   f" (it is {rule.state})")  # fmt: skip


def _rules(site: Site, share_id: str) -> tuple[AccessRule, ...]:
    app = site.app
    mappings = tuple(item for item in app.store.load() if item.share_id == share_id)
    rules = revealed(app.shares.rules(share_id), mappings, app.host.identity)
    return usable(rules, app.host.identity, mappings)


def _rule_failed(share_id: str, access: Access) -> Refused:
    return Refused(
        f"Manila could not apply the access rule for {access.type} {access.to} on share {share_id}"
        " (the rule is in state error)",
        hint="the reason is in Manila's log; ask its operator whether the back end takes"
        f" {access.type} rules for {access.to}",
    )


def revoke(site: Site, action: RevokeAccess) -> None:
    """Not while a virtiofsd serves the file system: unmounted is not released."""
    app = site.app
    if action.rule.id not in site.mapping.outdated_rules and not action.cut_off:
        observed = site.look()
        check_released(site.mapping, observed)
        if site.mapping.wanted:  # it is made again, and a guest may have started since the plan
            check_spared(action.rule, site.mapping, observed)
    if not action.rule.leaving:
        with app.interrupts.shielded():
            app.shares.revoke(action.share_id, action.rule.id)
    await_withdrawal(app, action.share_id, action.rule.id, site.effort.deadline)
    if action.rule.id in site.mapping.outdated_rules:
        _drop_outdated(site, action.rule.id)


def _drop_outdated(site: Site, rule_id: str) -> None:
    with site.app.store.transaction() as store:
        stored = site.stored(store)
        left = tuple(item for item in stored.outdated_rules if item != rule_id)
        store.put(replace(stored, outdated_rules=left))
