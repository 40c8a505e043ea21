"""Finding the recorded mapping that an admin names.

A name of a share is what Manila says now: a recorded one may be that of another share since. An
ID needs no look. A name of a domain is what libvirt says now; the recorded one serves for domains
that are gone, and when libvirt cannot be asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharectl.errors import (
    ConfigError,
    Denied,
    NotFound,
    Refused,
    SharectlError,
    Unavailable,
)
from sharectl.model.commands import is_like_uuid, word
from sharectl.model.domain import Domain
from sharectl.model.mapping import ShareMapping, find_mapping, has_device, has_live_device

if TYPE_CHECKING:
    from sharectl.ports import App

UNSEEN = (Unavailable, Denied, ConfigError)
"""What a look can raise that leaves everything open."""


def find_recorded(app: App, domain: str, share: str, *, verb: str = "") -> ShareMapping:
    """The mapping of that domain and share, also when the domain itself is gone.

    Args:
        app: the ports.
        domain: name, UUID or id.
        share: ID or name.
        verb: the command that changes something; empty for one that only shows. What only shows
            trusts a recorded name when Manila cannot be asked.

    Raises `NotFound`, and `Refused` when several of its shares have that name, or several domains
    that are gone had that one. Raises what Manila's side does when the name cannot be looked up.
    """
    mappings = of_domain(app, app.store.load(), domain)
    by_id = [item for item in mappings if item.share_id == share]
    found = by_id or _by_name(app, mappings, domain, share, verb)
    if not found:
        raise _not_attached(app, mappings, domain, share)
    if len(found) > 1:
        raise Refused(
            f"share {share!r} is attached to {len(found)} domains that were named {domain!r}",
            hint="give the UUID of one: " + " ".join(item.domain_uuid for item in found),
        )
    return found[0]


def _by_name(
    app: App, mappings: tuple[ShareMapping, ...], domain: str, name: str, verb: str
) -> list[ShareMapping]:
    """The mappings of the share that Manila calls `name`."""
    clouds = {(item.cloud, item.auth_url, item.project_id): item for item in mappings}
    missing = 0
    for first in clouds.values():
        try:
            share = app.at(first).shares.find(name)
        except NotFound:
            missing += 1
            continue
        except UNSEEN as error:
            return _without_manila(mappings, domain, name, verb, error)
        if found := [item for item in mappings if item.share_id == share.id]:
            return found
    return _formerly(app, mappings, domain, name) if missing else []


def _named(mappings: tuple[ShareMapping, ...], name: str) -> list[ShareMapping]:
    """Those that were recorded with that name, one for each domain; as `find_mapping` does."""
    uuids = sorted({item.domain_uuid for item in mappings})
    found = (find_mapping(mappings, uuid, name) for uuid in uuids)
    return [item for item in found if item is not None]


def _without_manila(
    mappings: tuple[ShareMapping, ...], domain: str, name: str, verb: str, error: SharectlError
) -> list[ShareMapping]:
    """Another share may have the name by now: what changes something wants the ID."""
    recorded = _named(mappings, name)
    if not verb or not recorded:
        return recorded
    target = recorded[0].domain_word
    ids = " or ".join(item.share_id for item in recorded)
    raise error.about(f"which share is named {name!r} cannot be asked").hinting(
        f"give the ID of the one that had that name: sharectl {verb} {target} {ids}"
    )


def _formerly(
    app: App, mappings: tuple[ShareMapping, ...], domain: str, name: str
) -> list[ShareMapping]:
    """What had the name and is gone from Manila; raises `NotFound` for what was renamed."""
    gone = []
    for item in _named(mappings, name):
        try:
            now = app.at(item).shares.find(item.share_id)
        except NotFound:
            gone.append(item)
            continue
        raise NotFound(
            f"no share is named {name!r} any more: it is {now.name or 'without a name'} now",
            hint=f"give its ID: {item.share_id}; see sharectl list {item.domain_word}",
        )
    return gone


def _not_attached(
    app: App, mappings: tuple[ShareMapping, ...], domain: str, share: str
) -> NotFound:
    """What to do depends on whether the domain has the share, as after the store was lost."""
    from sharectl.engine.domains import located
    from sharectl.model.checks import how_to_record, unrecorded_device

    try:
        seen = app.domains.find(domain)
    except SharectlError:
        seen = None
    base = str(app.config.mount_base)
    recorded = [item.share_id for item in mappings]
    there = None
    if seen is not None:
        (seen,) = located(app, (seen,))
        there = unrecorded_device(seen, share, base, recorded)
    if seen is not None and there is not None:
        return NotFound(
            f"no record says that share {share!r} is attached to domain {domain!r}, and the domain"
            " has it",
            hint=how_to_record(seen, share, there),
        )
    return NotFound(
        f"share {share!r} is not attached to domain {domain!r}",
        hint=f"see what is attached: sharectl list {word(domain)}",
    )


def of_domain(
    app: App, mappings: tuple[ShareMapping, ...], domain: str
) -> tuple[ShareMapping, ...]:
    """The mappings of the domain with that UUID, name or id.

    A name is what libvirt says now; the one in the store serves for domains that are gone, and
    when libvirt cannot be asked.
    """
    _check_one_domain(app, domain)
    if any(item.domain_uuid == domain for item in mappings):
        return tuple(item for item in mappings if item.domain_uuid == domain)
    named = tuple(item for item in mappings if item.domain_name == domain)
    seen: dict[str, Domain] = {}
    if named:
        seen, unseen = look_at(app, named)
        if unseen:
            return named
    current = {uuid for uuid, item in seen.items() if item.name == domain}
    gone = tuple(item for item in named if item.domain_uuid not in seen)
    if not current:
        try:
            current = {app.domains.find(domain).uuid}
        except NotFound:
            if not gone:
                raise
    return tuple(item for item in mappings if item.domain_uuid in current) or gone


def _check_one_domain(app: App, domain: str) -> None:
    """Refuse an id or UUID that is another domain's name, as far as libvirt can be asked."""
    if not (domain.isdigit() or is_like_uuid(domain)):
        return
    try:
        app.domains.find(domain)
    except Refused:
        raise
    except UNSEEN:
        return
    except NotFound:
        return


def look_at(
    app: App, mappings: tuple[ShareMapping, ...]
) -> tuple[dict[str, Domain], tuple[SharectlError, ...]]:
    """The mappings' domains that exist, in brief, and why others could not be looked at.

    Each is looked for in the libvirt that it was attached through; one that an earlier version
    recorded, in this run's.
    """
    seen: dict[str, Domain] = {}
    unseen: list[SharectlError] = []
    places: dict[str, list[ShareMapping]] = {}
    for item in mappings:
        places.setdefault(item.libvirt_uri, []).append(item)
    for group in places.values():
        uuids = sorted({item.domain_uuid for item in group})
        try:
            look = app.at(group[0]).domains.look(uuids, brief=True)
        except UNSEEN as error:
            unseen.append(error)
            continue
        seen.update(look.domains)
        unseen += (item.error for item in look.unseen.values())
    return _with_one_form(app, mappings, seen), tuple(unseen)


def _with_one_form(
    app: App, mappings: tuple[ShareMapping, ...], seen: dict[str, Domain]
) -> dict[str, Domain]:
    """The domains with each path in its one form.

    Nothing is looked up where each filesystem that must be there is known by its path as written.
    """
    plain = all(
        has_device(item, domain) and has_live_device(item, domain) is domain.running
        for item in mappings
        if (domain := seen.get(item.domain_uuid)) is not None
    )
    if plain:
        return seen
    from sharectl.engine.domains import located  # `list` does without, as a rule

    return {item.uuid: item for item in located(app, tuple(seen.values()))}
