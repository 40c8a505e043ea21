"""Manila: shares and their export locations, at whatever microversion the server has.

| microversion | what changes for us                                                  |
|--------------|----------------------------------------------------------------------|
| 2.9          | export locations have an API of their own, and leave the shares       |
| 2.69         | shares can be soft-deleted, and are in no ordinary list then          |

That something is gone is never taken from one answer: see `manila_lists.confirm_gone`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from uuid import UUID

from sharectl.adapters import manila_answers as answers
from sharectl.adapters.manila_errors import RequestFailed
from sharectl.adapters.manila_lists import (
    ShareList,
    confirm_gone,
    get_share,
    names,
    soft_deleted_names,
)
from sharectl.adapters.manila_rules import ManilaRules
from sharectl.adapters.manila_survey import survey
from sharectl.errors import Denied, NotFound, Refused
from sharectl.model.share import Share, ShareSeen

_LISTED_EXPORTS = (2, 8)  # the last with export locations in the list of shares
# Without it, the shares that other projects have made public can be listed as well.
_OWN = {"is_public": "False"}


class ManilaShares(ManilaRules):
    """`Shares` over python-manilaclient."""

    @cached_property
    def _project(self) -> str:
        return self._session.project_id()

    def project_id(self) -> str:
        """The project of the credentials."""
        return self._project

    def cloud(self) -> tuple[str, str]:
        """As the credentials name it."""
        return self._session.cloud()

    def serves(self, project_id: str) -> bool:
        """Whether the credentials are those of the project, or of an admin.

        Raises `Unavailable` and `ConfigError`: the login tells it.
        """
        return self.project_id() == project_id or "admin" in self._session.roles()

    def find(self, ident: str) -> Share:
        """By ID, else by name; also in the recycle bin."""
        tried = {ident} if _is_uuid(ident) else set()
        for share_id in tried:
            with suppress(NotFound):  # a share may have a name that looks like an ID
                return get_share(self._session, share_id)
        named = self._named(ident)
        if len(named) > 1:
            raise Refused(
                f"{len(named)} shares are named {ident!r}",
                hint="give the ID of one: " + " ".join(named),
            )
        for share_id in named:
            with suppress(NotFound):  # deleted since it was listed
                return get_share(self._session, share_id)
        confirm_gone(self._session, {*tried, *named})
        raise NotFound(
            f"share {ident!r} does not exist in this project", hint="see: sharectl shares"
        )

    def _named(self, name: str) -> list[str]:
        search = {**_OWN, "name": name}
        found = names(self._session, search) or soft_deleted_names(self._session, search)
        return [share_id for share_id, has in found.items() if has == name]

    def list(self) -> tuple[Share, ...]:
        """All of the project that are not in the recycle bin."""
        found = ShareList(self._session, lambda item: answers.share(item, ()), _OWN).all()
        return tuple(found.values())

    def survey(self, share_ids: Collection[str]) -> Mapping[str, ShareSeen]:
        """One call for all shares, and one for the rules of each, several at a time."""
        listed = self._list_with_exports() if share_ids else {}
        seen = survey(sorted(share_ids), lambda share_id: self._see(share_id, listed))
        gone = {key for key, item in seen.items() if item.status is None and item.error is None}
        if gone:
            confirm_gone(self._session, gone)
        return seen

    def _see(self, share_id: str, listed: Mapping[str, ShareSeen]) -> ShareSeen:
        try:
            seen = listed.get(share_id)
            if seen is None:  # of another project, in the recycle bin, or on a page left out
                seen = _as_seen(get_share(self._session, share_id))
            return replace(seen, rules=self._rules_once(share_id))
        except NotFound:
            return ShareSeen(None)
        except (Denied, Refused, RequestFailed) as error:
            return ShareSeen(None, error=error)

    def _list_with_exports(self) -> dict[str, ShareSeen]:
        """Until 2.8 the list of shares tells the export locations of each."""
        try:
            return ShareList(
                self._session,
                lambda found: _as_seen(answers.share(found, answers.old_locations(found))),
                _OWN,
                version=_LISTED_EXPORTS,
            ).all()
        except Refused:  # a server that no longer speaks 2.8
            return {item.id: replace(_as_seen(item), export_paths=None) for item in self.list()}


def _as_seen(found: Share) -> ShareSeen:
    """What a survey tells of the share, without its rules."""
    return ShareSeen(
        found.status,
        frozenset(item.path for item in found.export_locations),
        name=found.name,
        metadata=found.metadata,
        hindrance=found.hindrance,
        project_id=found.project_id,
    )


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
