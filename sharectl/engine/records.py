"""Changes of a mapping's record: what is intended of it, what went wrong, and its end."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from sharectl.engine.deadlines import DOMAIN_LOCK_SECONDS
from sharectl.errors import NotFound
from sharectl.model.access import serves_to
from sharectl.model.enums import Intent
from sharectl.model.marking import mark_of
from sharectl.model.rule_owner import is_ours

if TYPE_CHECKING:
    from sharectl.engine.moved_export import Destination
    from sharectl.model.mapping import ShareMapping
    from sharectl.model.observed import Observed
    from sharectl.ports import App, Transaction


def change(app: App, mapping: ShareMapping, intent: Intent, last_error: str | None) -> ShareMapping:
    """Write what is intended and what went wrong into the record, which may have changed since.

    Returns the record as it is now. It is written only when that is a change.
    """
    with app.store.transaction() as store:
        stored, _others = _part(store.mappings, mapping)
        now = mapping if stored is None else stored
        if stored is None or (stored.intent, stored.last_error) != (intent, last_error):
            now = now.with_intent(intent, app.clock.now(), last_error)
            store.put(now)
    return now


def follow(app: App, mapping: ShareMapping, to: Destination, observed: Observed) -> None:
    """Write into the records of the mapping's share where it is exported now, and to whom.

    The rules of ours that were `observed` for the client until now are outdated from here on.
    """
    rules = tuple(
        item.id
        for item in observed.rules or ()
        if serves_to(item, mapping.access) and is_ours(item, observed.host, observed.mappings)
    )
    with app.store.transaction() as store:
        for item in store.mappings:
            if item.share_id == mapping.share_id:
                store.put(to.of(item, rules if item.id == mapping.id else ()))


def one_line(error: BaseException) -> str:
    """The error as it is kept in a record."""
    return " ".join(str(error).split()) or type(error).__name__


def forget(app: App, mapping: ShareMapping) -> None:
    """Delete the record; what it alone tells is handed on to mappings that still need it.

    A rule of ours stays while another mapping of the share wants it, and the shared memory and
    controllers that we gave a domain while another mapping of the domain does: the last one has
    to know of them.
    """
    lock = app.locks.domain(mapping.domain_uuid, DOMAIN_LOCK_SECONDS)
    with app.interrupts.shielded(), lock:
        _give_back(app, mapping)
        heir = drop(app, mapping)
        if heir is not None and heir.wanted:
            with suppress(NotFound):
                app.domains.mark(heir.domain_uuid, mark_of(heir, app.host.identity))


def drop(app: App, mapping: ShareMapping) -> ShareMapping | None:
    """Delete the record alone; returns the mapping that has to know more of its domain now."""
    with app.store.transaction() as store:
        stored, others = _part(store.mappings, mapping)
        if stored is None:
            return None
        _hand_on_rule(store, stored, others)
        heir = _hand_on_domain(store, stored, others)
        store.delete(stored.id)
    return heir


def _part(
    mappings: tuple[ShareMapping, ...], mapping: ShareMapping
) -> tuple[ShareMapping | None, list[ShareMapping]]:
    stored = next((item for item in mappings if item.id == mapping.id), None)
    return stored, [item for item in mappings if item.id != mapping.id]


def _give_back(app: App, mapping: ShareMapping) -> None:
    """The last mapping of a domain gives back what the others, at their turn, had to leave.

    It may have been handed on to it by one that was removed at the same time.
    """
    stored, others = _part(app.store.load(), mapping)
    if stored is None or any(item.domain_uuid == stored.domain_uuid for item in others):
        return
    with suppress(NotFound):  # the domain is gone
        if stored.controllers:
            app.domains.detach_filesystem(stored.domain_uuid, stored.filesystem, stored.controllers)
        if stored.shared_memory is not None:
            app.domains.disable_shared_memory(stored.domain_uuid, stored.shared_memory)


def _hand_on_rule(store: Transaction, old: ShareMapping, others: list[ShareMapping]) -> None:
    same = next((item for item in others if item.share_id == old.share_id), None)
    if old.outdated_rules and same is not None:
        knowing = replace(same, outdated_rules=(*same.outdated_rules, *old.outdated_rules))
        store.put(knowing)
        others[others.index(same)] = knowing
    heirs = [item for item in others if (item.share_id, item.access) == (old.share_id, old.access)]
    asked = any(item.owns_rule and item.rule_id is None for item in heirs)
    if old.owns_rule and heirs and not asked:  # one that has asked anew knows better
        store.put(replace(heirs[0], owns_rule=True, rule_id=old.rule_id))


def _hand_on_domain(
    store: Transaction, old: ShareMapping, others: list[ShareMapping]
) -> ShareMapping | None:
    """Returns the mapping that has to know more from now on."""
    heir = next((item for item in others if item.domain_uuid == old.domain_uuid), None)
    if heir is None:
        return None
    memory = heir.shared_memory
    if not any(item.shared_memory for item in others if item.domain_uuid == old.domain_uuid):
        memory = old.shared_memory
    controllers = tuple(sorted({*heir.controllers, *old.controllers}))
    if (memory, controllers) == (heir.shared_memory, heir.controllers):
        return None
    knowing = replace(heir, shared_memory=memory, controllers=controllers)
    store.put(knowing)
    return knowing
