"""One look at everything that concerns a share on this host."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sharectl.errors import ConfigError, NotFound
from sharectl.model.access import revealed
from sharectl.model.domain import Domain
from sharectl.model.mapping import ShareMapping
from sharectl.model.observed import Observed
from sharectl.model.share import AccessRule

if TYPE_CHECKING:
    from sharectl.operations.survey import Survey
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
        app: the ports.
        share_id: the share to look at.
        new: a mapping that is not in the store yet, seen as if it were.
        manila: whether to ask Manila; otherwise rules count as not looked at.
        known: an earlier look at all domains, of which only those of this share are looked at
            again: a repair of many shares would else look at all domains for each. It also has
            the share's status, and what its server answered.

    Raises `Unavailable` and whatever else looking can raise: a look that failed is never empty.
    """
    mappings = tuple(item for item in app.store.load() if item.share_id == share_id)
    if new is not None:
        mappings = (*(item for item in mappings if item.id != new.id), new)
    rules: tuple[AccessRule, ...] | None = None
    exists = True
    if manila:
        try:
            rules = revealed(app.shares.rules(share_id), mappings, app.host.name)
        except NotFound:
            if (error := wrong_project(app, mappings)) is not None:
                error.message = f"share {mappings[0].share_name or share_id}: {error.message}"
                raise error from None
            rules, exists = (), False
    if known is None:
        return Observed(mappings, rules, app.mounts.list(), app.domains.list(), exists)
    earlier = known.observed(mappings[0])
    domains = _refreshed(app, earlier.domains, mappings)
    return replace(
        earlier, mappings=mappings, rules=rules, mounts=app.mounts.list(), domains=domains,
        share_exists=exists,
    )  # fmt: skip


def wrong_project(app: App, mappings: tuple[ShareMapping, ...]) -> ConfigError | None:
    """Why Manila may say of the share of `mappings` that it does not exist: to others it does.

    None when the credentials are of the project that attached it, as far as that is recorded.
    """
    here = app.shares.project_id()
    for item in mappings:
        if item.project_id not in ("", here):
            return ConfigError(
                f"it was attached as project {item.project_id}, and these credentials are of"
                f" project {here}, which has no such share",
                hint="choose the cloud of that project: --os-cloud, OS_CLOUD, or cloud in"
                " /etc/sharectl/config.toml",
            )
    return None


def _refreshed(
    app: App, domains: tuple[Domain, ...] | None, mappings: tuple[ShareMapping, ...]
) -> tuple[Domain, ...] | None:
    if domains is None:
        return None
    uuids = {item.domain_uuid for item in mappings}
    fresh = app.domains.get(sorted(uuids))
    return (*(item for item in domains if item.uuid not in uuids), *fresh.values())
