"""Shares as Manila tells them: one, all of a list, and the proof that one is there no more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

from sharectl.adapters import manila_answers as answers
from sharectl.adapters.manila_answers import Json, Malformed
from sharectl.adapters.manila_session import ManilaSession
from sharectl.errors import ConfigError, SharectlError, Unavailable
from sharectl.model.share import ExportLocation, Share

_PAGE = 1000  # Manila's own limit, unless its operator has set another
_MOST = 1000  # pages; a list that has more has no end
_EXPORTS = (2, 9)
_COUNTED = (2, 42)
_RECYCLE_BIN = (2, 69)


T = TypeVar("T")


@dataclass(frozen=True)
class ShareList(Generic[T]):
    """A list of shares, read page by page.

    Manila pages by offset; the marker in its link to the next page does nothing. A page may be
    shorter than what was asked for, where its operator has set a lower limit, so that only the
    count, or a page with nothing new, tells that it was the last.

    `read` makes something of each share; `search` are Manila's search options; without `detailed`
    there are only IDs and names. `version` is the microversion to ask with, instead of the newest;
    a short page then counts as the last.
    """

    session: ManilaSession
    read: Callable[[Json], T]
    search: Mapping[str, str]
    detailed: bool = True
    version: tuple[int, int] | None = None

    def all(self) -> dict[str, T]:
        """What `read` made of them, by ID."""
        found: dict[str, T] = {}
        offset = 0
        number = 0
        while True:
            number += 1
            page, total = self._page(offset, number)
            new = {key: item for key, item in page if key not in found}
            found |= new
            offset += len(page)
            if not new or (total is not None and offset >= total):
                return found
            if self.version is not None and len(page) < _PAGE:
                return found

    def _page(self, offset: int, number: int) -> tuple[list[tuple[str, T]], int | None]:
        def ask(client: Any) -> tuple[list[tuple[str, T]], int | None]:
            if number > _MOST:
                raise Malformed("a list without an end")
            body = client.client.get(self._path(offset))[1]
            page = [
                (answers.ident(item), self.read(item)) for item in answers.items(body, "shares")
            ]
            total = body.get("count")
            if isinstance(total, bool) or not isinstance(total, int | None):
                raise Malformed("a list with an impossible count")
            return page, total

        if self.version is None:
            return self.session.call(ask)
        return self.session.call_at(self.version, ask)

    def _path(self, offset: int) -> str:
        """For the microversion in force, which may be negotiated by the first page."""
        query = {**self.search, "limit": str(_PAGE), "offset": str(offset)}
        if self.version is None and self.session.version >= _COUNTED:
            query["with_count"] = "true"
        return f"/shares{'/detail' if self.detailed else ''}?{urlencode(sorted(query.items()))}"


def names(session: ManilaSession, search: Mapping[str, str]) -> dict[str, str]:
    """IDs and names of the shares that `search` finds."""
    return ShareList(session, _name, search, detailed=False).all()


def soft_deleted_names(session: ManilaSession, search: Mapping[str, str]) -> dict[str, str]:
    """The same of those in the recycle bin, which other lists leave out."""
    if session.version < _RECYCLE_BIN:
        return {}
    return names(session, {**search, "is_soft_deleted": "True"})


def _name(found: Json) -> str:
    return str(found.get("name") or "")


def get_share(session: ManilaSession, share_id: str) -> Share:
    """The share with that ID. Raises `NotFound` when Manila says so, this once."""
    path = f"/shares/{quote(share_id, safe='')}"

    def details(client: Any) -> Share:
        found = answers.content(client.client.get(path)[1], "share")
        shown = answers.share(found, answers.old_locations(found))
        if shown.id.lower() != share_id.lower():
            raise Malformed("another share than the one asked for")
        return shown

    def locations(client: Any) -> tuple[ExportLocation, ...]:
        body = client.client.get(f"{path}/export_locations")[1]
        return answers.locations(answers.items(body, "export_locations"))

    shown = session.call(details)
    if session.version < _EXPORTS:
        return shown
    return replace(shown, export_locations=session.call(locations))


def confirm_gone(session: ManilaSession, share_ids: Collection[str]) -> None:
    """Look a second time, after Manila has said that it does not have these shares.

    The version document at the same address is Manila's, and the list of the project's shares
    (for an admin, of all projects') has none of them. With no IDs, the document alone is asked.

    Raises `Unavailable` when that does not hold: then nothing is known of them.
    """
    _check_version_document(session)
    if not share_ids:
        return
    search = {"all_tenants": "1"}  # has no effect for those who are no admins
    listed = names(session, search) | soft_deleted_names(session, search)
    for share_id in listed.keys() & set(share_ids):
        raise Unavailable(
            f"Manila says that share {share_id} does not exist, and lists it",
            hint="run it again in a minute",
        )


def _check_version_document(session: ManilaSession) -> None:
    """At the endpoint itself; where that is one project's, at the root of the API."""

    def ask(client: Any, *, root: bool) -> None:
        body = client.client.get_with_base_url("")[1] if root else client.client.get("/")[1]
        if not answers.is_version_document(body):
            raise Malformed("an answer without Manila's versions")

    try:
        session.call(lambda client: ask(client, root=False))
    except ConfigError:
        raise
    except SharectlError:
        session.call(lambda client: ask(client, root=True))
