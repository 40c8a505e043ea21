"""The plan for a share's access rules in Manila: granted, repaired, noted, withdrawn."""

from __future__ import annotations

from sharectl.errors import InUse, Refused
from sharectl.model import access as rules_of
from sharectl.model.action import (
    Action,
    AwaitAccess,
    AwaitWithdrawal,
    GrantAccess,
    NoteInRule,
    RevokeAccess,
)
from sharectl.model.enums import Health, RuleState
from sharectl.model.mapping import ShareMapping
from sharectl.model.mount_users import runs_with
from sharectl.model.observed import Observed
from sharectl.model.rule_owner import (
    HOST_ID,
    domain_key,
    is_of_other_host,
    is_ours,
    maker,
    missing_notes,
    usable,
)
from sharectl.model.share import AccessRule


def grant(focus: ShareMapping, observed: Observed) -> tuple[Action, ...]:
    """What gives the mapping's client the access that it needs.

    A rule of another sharectl host is never leaned on: it goes when that host removes it.
    """
    if observed.rules is None:
        return ()
    access, share = focus.access, focus.share_id
    name = focus.share_name
    ask = (GrantAccess(share, access, name), AwaitAccess(share, access))
    rules = usable(observed.rules, observed.host, observed.mappings)
    rule = rules_of.find_rule(rules, access)
    if rule is None:
        _check_available(focus, observed)
        return (*_free(focus, observed), *ask)
    ours = is_ours(rule, observed.host, observed.mappings)
    if rule.state is RuleState.ERROR or not rules_of.allows(rule, access.level):
        if not ours:
            raise _not_enough(rule, focus)
        cut_off = observed.server in (Health.STALE, Health.NO_ACCESS)
        if not cut_off:
            check_spared(rule, focus, observed)
        return (RevokeAccess(share, rule, cut_off, name), *ask)
    wait = () if rule.state is RuleState.ACTIVE else (AwaitAccess(share, access),)
    return (*wait, *(_note(rule, focus, observed) if ours else ()))


def _free(focus: ShareMapping, observed: Observed) -> tuple[Action, ...]:
    """Manila has one rule for a client: an old one must be gone first."""
    same = [item for item in observed.rules or () if rules_of.is_for(item, focus.access)]
    for rule in same:
        theirs = is_of_other_host(rule, observed.host, observed.mappings)
        if theirs and not rule.leaving:
            raise of_other_host(rule, focus)
    return tuple(AwaitWithdrawal(focus.share_id, item) for item in same if item.leaving)


def of_other_host(rule: AccessRule, focus: ShareMapping) -> Refused:
    """The refusal to share a rule with the sharectl of another host."""
    share = focus.share_id
    if rule.id == focus.rule_id:
        return _of_copied_record(rule, focus)
    return Refused(
        f"access rule {rule.id} for {rule.access_type} {rule.access_to} on share {share} belongs"
        f" to the sharectl of host {maker(rule)}, and Manila has one rule for a client",
        hint="give this host a client of its own (nfs.access_to or cephfs.access_to, see man"
        " sharectl-config), or remove the share there; if that host is gone: sharectl forget"
        f" --from-host {(rule.metadata or {}).get(HOST_ID) or maker(rule)} {share}",
    )


def _of_copied_record(rule: AccessRule, focus: ShareMapping) -> Refused:
    share = focus.share_id
    return Refused(
        f"access rule {rule.id} on share {share}, which the record names, was made by host"
        f" {maker(rule)}: the records were copied from there, or this host has a new machine ID",
        hint=f"if that host has the share: sharectl remove {focus.domain_word} {share}; if it is"
        " gone, with the guests that have the share shut off: sharectl forget --from-host"
        f" {(rule.metadata or {}).get(HOST_ID) or maker(rule)} {share}; then: sharectl reconcile",
    )


def _note(rule: AccessRule, focus: ShareMapping, observed: Observed) -> tuple[Action, ...]:
    notes = missing_notes(rule, observed.host, focus)
    note = NoteInRule(focus.share_id, rule.id, tuple(notes.items()), focus.share_name)
    return (note,) if notes else ()


def check_spared(rule: AccessRule, focus: ShareMapping, observed: Observed) -> None:
    """Raise `InUse` while a guest runs with the mount that the rule is for.

    To make a rule again cuts off, for good on CephFS, whoever works with it all the same. Only a
    server that says so itself is proof that nobody can.
    """
    if (by := runs_with(focus, observed)) is not None:
        raise InUse(
            f"access rule {rule.id} on share {focus.share_id} is in state {rule.state} and has to"
            f" be made again, and {by.runs} with the mount, which is not known to be cut off",
            hint=f"{by.stop}, then: sharectl reconcile",
        )


def _check_available(focus: ShareMapping, observed: Observed) -> None:
    """A share that is backed up or moved has no rules meanwhile (Nova's bug 2089007)."""
    if observed.share_status not in (None, "available"):
        raise Refused(
            f"share {focus.share_id} is in status {observed.share_status!r} and its access rule"
            " is gone",
            hint="access is granted again once the share is available: sharectl reconcile",
        )


def _not_enough(rule: AccessRule, focus: ShareMapping) -> Refused:
    """The refusal to work around a rule that somebody else made and that is not enough."""
    why = (
        "is in state error"
        if rule.state is RuleState.ERROR
        else f"only gives {rule.access_level} access"
    )
    return Refused(
        f"access rule {rule.id} for {rule.access_type} {rule.access_to} on share"
        f" {focus.share_id} was not made by sharectl and {why}",
        hint=f"ask its owner, or: openstack share access delete {focus.share_id} {rule.id}",
    )


def revoke(focus: ShareMapping, observed: Observed, *, kept: bool) -> tuple[Action, ...]:
    """What takes away the access of a mapping that goes; `kept` is while others want the rule."""
    rules = [
        item
        for item in observed.rules or ()
        if rules_of.serves_to(item, focus.access)
        and is_ours(item, observed.host, observed.mappings)
    ]
    if kept:
        key = domain_key(focus.domain_uuid)
        return tuple(
            NoteInRule(focus.share_id, item.id, ((key, ""),), focus.share_name)
            for item in rules
            if key in (item.metadata or {}) and not item.leaving
        )
    own = tuple(_revoke(focus, item) for item in rules)
    return (*own, *(item for item in withdraw(focus, observed) if item not in own))


def withdraw(focus: ShareMapping, observed: Observed) -> tuple[Action, ...]:
    """Rules for the client that mounted the export where it was, once that is mounted anew.

    Only those that the records knew: another host may have this one's name.
    """
    return tuple(
        _revoke(focus, item)
        for item in observed.rules or ()
        if item.id in focus.outdated_rules
        and is_ours(item, observed.host, observed.mappings)
        and not any(rules_of.is_for(item, other.access) for other in observed.mappings)
    )


def _revoke(focus: ShareMapping, rule: AccessRule) -> RevokeAccess:
    return RevokeAccess(focus.share_id, rule, share_name=focus.share_name)
