"""One look at everything that concerns a share on this host."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sharectl.engine.domains import look_at_domains
from sharectl.engine.project import wrong_project
from sharectl.errors import NotFound
from sharectl.model.host_domains import HostDomains, libvirt_of
from sharectl.model.mapping import ShareMapping
from sharectl.model.observed import Observed
from sharectl.model.rule_owner import revealed
from sharectl.model.share import AccessRule

if TYPE_CHECKING:
    from sharectl.model.survey import Survey
    from sharectl.ports import App


def observe(
    app: App,
    share_id: str,
    *,
    new: ShareMapping | None = None,
    manila: bool = True,
    known: Survey | None = None,
) -> Observed:
    """What is there now.

    Args:
        app: the ports, with the cloud of the share.
        share_id: the share to look at.
        new: a mapping that is not in the store yet, seen as if it were.
        manila: whether to ask Manila; otherwise rules count as not looked at.
        known: an earlier look at all domains, of which only those of this share are looked at
            again: a repair of many shares would otherwise look at all domains for each. It also
            has the share's status, and what its server answered.

    Raises `Unavailable` and whatever else Manila's side can raise: a look that failed is never
    empty. A libvirt that does not answer is told in the result.
    """
    stored = app.store.load()
    mappings = tuple(item for item in stored if item.share_id == share_id)
    if new is not None:
        mappings = (*(item for item in mappings if item.id != new.id), new)
    rules: tuple[AccessRule, ...] | None = None
    exists = True
    if manila:
        try:
            rules = revealed(app.shares.rules(share_id), mappings, app.host.identity)
        except NotFound:
            if (error := wrong_project(app, mappings)) is not None:
                raise error.about(f"share {_name(mappings, share_id)}") from None
            rules, exists = (), False
    if known is None or not mappings:
        domains = look_at_domains(app, (*stored, *mappings))
        seen = Observed(app.host.identity, mappings, rules, (), domains)
    else:
        seen = known.observed(mappings[0])
        seen = replace(seen, domains=_refreshed(app, seen.domains, mappings), rules=rules)
    mounts = app.mounts.list()
    return replace(
        seen, mappings=mappings, mounts=mounts, host_mounts=mounts, share_exists=exists,
        notes=app.mounts.notes(), served=app.mounts.served(),
    )  # fmt: skip


def _name(mappings: tuple[ShareMapping, ...], share_id: str) -> str:
    return next((item.share_name for item in mappings if item.share_name), share_id)


def _refreshed(
    app: App, domains: HostDomains | None, mappings: tuple[ShareMapping, ...]
) -> HostDomains | None:
    if domains is None:
        return None
    uuids = frozenset(item.domain_uuid for item in mappings)
    fresh = look_at_domains(app, mappings, only=uuids)
    return HostDomains(
        (*(item for item in domains.seen if item.uuid not in uuids), *fresh.seen),
        (*(item for item in domains.unseen if item.uuid not in uuids), *fresh.unseen),
        domains.complete - {libvirt_of(item) for item in mappings} | fresh.complete,
        {**domains.failed, **fresh.failed},
    )
