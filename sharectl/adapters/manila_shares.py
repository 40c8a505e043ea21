"""Manila: shares, export locations and access rules, at whatever microversion the server has.

| microversion | what changes for us                                                  |
|--------------|----------------------------------------------------------------------|
| 2.9          | export locations have an API of their own, and leave the shares       |
| 2.45         | access rules have metadata and an API of their own                    |
| 2.82         | access rules can be locked against deletion and hidden from others    |
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sharectl.adapters.manila_session import ManilaSession, RequestFailed
from sharectl.adapters.manila_survey import survey
from sharectl.errors import BackendError, Denied, NotFound, Refused
from sharectl.model.enums import AccessType, RuleState
from sharectl.model.secret import CephxKey
from sharectl.model.share import Access, AccessRule, ExportLocation, Share, ShareSeen

_CEPHX_KEYS = (2, 21)
_RULE_METADATA = (2, 45)
_RULE_LOCKS = (2, 82)
_HIDDEN = "******"  # in place of the client and the key of a rule that another user locked
_LISTED_EXPORTS = "2.8"  # the last with export locations in the list of shares


class ManilaShares:
    """`Shares` over python-manilaclient.

    Args:
        session: gives the clients.
        unlocked: told the server's newest microversion when a rule was granted without locks.
    """

    def __init__(self, session: ManilaSession, unlocked: Callable[[str], None]) -> None:
        self._session = session
        self._unlocked = unlocked

    @cached_property
    def _project(self) -> str:
        return self._session.project_id()

    def project_id(self) -> str:
        """The project of the credentials."""
        return self._project

    def cloud(self) -> tuple[str, str]:
        """As the credentials name it."""
        return self._session.cloud()

    def annotate(self, share_id: str, rule_id: str, metadata: Mapping[str, str]) -> None:
        """By the rule's metadata API."""
        if self._session.version < _RULE_METADATA:
            return
        self._session.call(
            lambda client: client.share_access_rules.set_metadata(rule_id, dict(metadata)),
            change=True,
        )

    def find(self, ident: str) -> Share:
        """By ID, else by name."""
        if _is_uuid(ident):
            try:
                return self._get(ident)
            except NotFound:
                pass  # a share may have a name that looks like an ID
        named = [item for item in self._named(ident) if item.name == ident]
        if len(named) > 1:
            raise Refused(
                f"{len(named)} shares are named {ident!r}",
                hint="give the ID of one: " + " ".join(item.id for item in named),
            )
        if not named:
            raise NotFound(
                f"share {ident!r} does not exist in this project", hint="see: sharectl shares"
            )
        return self._get(named[0].id)

    def _get(self, share_id: str) -> Share:
        found = self._session.call(lambda client: client.shares.get(share_id))
        locations = self._session.call(
            lambda client: (
                client.share_export_locations.list(share_id)
                if self._session.version >= (2, 9)
                else ()
            )
        )
        return _share(found, tuple(_locations(locations) or _old_locations(found)))

    def _named(self, name: str | None) -> tuple[Share, ...]:
        # Without is_public the shares that other projects have made public are listed as well.
        search = {"is_public": False} | ({"name": name} if name is not None else {})
        found = self._session.call(lambda client: client.shares.list(search_opts=search))
        return tuple(_share(item, ()) for item in found)

    def rules(self, share_id: str) -> tuple[AccessRule, ...]:
        """All access rules of the share."""
        try:
            return tuple(_rule(item) for item in self._raw_rules(share_id))
        except (NotFound, Refused):
            # The list of an unknown share is a 400, not a 404 (Manila 23).
            self._session.call(lambda client: client.shares.get(share_id))
            raise

    def survey(self, share_ids: Collection[str]) -> Mapping[str, ShareSeen]:
        """One call for all shares, and one for the rules of each, several at a time."""
        listed = self._list_with_exports() if share_ids else {}
        return survey(sorted(share_ids), lambda share_id: self._see(share_id, listed))

    def _see(self, share_id: str, listed: Mapping[str, ShareSeen]) -> ShareSeen:
        try:
            seen = listed.get(share_id)
            if seen is None:  # of another project, or beyond the first page of the list
                found = self._get(share_id)
                paths = frozenset(item.path for item in found.export_locations)
                seen = ShareSeen(found.status, paths)
            return replace(seen, rules=self.rules(share_id))
        except NotFound:
            return ShareSeen(None)
        except (Denied, Refused, BackendError, RequestFailed) as error:
            return ShareSeen(None, error=error)

    def _list_with_exports(self) -> dict[str, ShareSeen]:
        """Until 2.8 the list of shares tells the export locations of each."""
        search = {"is_public": False}
        try:
            found = self._session.call_at(
                _LISTED_EXPORTS, lambda client: client.shares.list(search_opts=search)
            )
        except (Refused, BackendError):  # a server that no longer speaks 2.8
            return {item.id: ShareSeen(item.status) for item in self._named(None)}
        return {
            str(item.id): ShareSeen(
                str(item.status), frozenset(item.path for item in _old_locations(item))
            )
            for item in found
        }

    def _raw_rules(self, share_id: str) -> Sequence[Any]:
        def look(client: Any) -> Sequence[Any]:
            if self._session.version >= _RULE_METADATA:
                return tuple(client.share_access_rules.access_list(share_id))
            return tuple(client.shares.access_list(share_id))

        return self._session.call(look)

    def key(self, share_id: str, rule_id: str) -> CephxKey | None:
        """The rule's cephx key, which the back end may make later than the rule.

        Raises `Denied` when Manila shows it to the rule's maker alone.
        """
        for rule in self._raw_rules(share_id):
            if rule.id == rule_id:
                text = getattr(rule, "access_key", None)
                if text == _HIDDEN:
                    raise _made_by_another(rule_id, share_id, "Manila hides its cephx key")
                return CephxKey(text) if text else None
        return None

    def list(self) -> tuple[Share, ...]:
        """All of the project."""
        return self._named(None)

    def grant(self, share_id: str, access: Access, metadata: Mapping[str, str]) -> AccessRule:
        """Ask for a rule, locked and hidden where the server can."""
        if access.type is AccessType.CEPHX and self._session.version < _CEPHX_KEYS:
            raise Refused(
                "this Manila cannot tell the cephx key that mounts a CephFS share",
                hint="that needs API 2.21 (the Newton release) or later",
            )

        def allow(client: Any) -> Any:
            extra: dict[str, Any] = {}
            if self._session.version >= _RULE_METADATA:
                extra["metadata"] = dict(metadata)
            if self._session.version >= _RULE_LOCKS:
                extra |= {
                    "lock_visibility": True,
                    "lock_deletion": True,
                    "lock_reason": _reason(metadata),
                }
            return client.shares.allow(
                share_id, str(access.type), access.to, str(access.level), **extra
            )

        made = self._session.call(allow, change=True)
        if self._session.version < _RULE_LOCKS:
            self._unlocked("{}.{}".format(*self._session.version))
        return _rule(_Attributes(made))

    def revoke(self, share_id: str, rule_id: str) -> None:
        """Ask to withdraw a rule and lift our locks on it."""

        def deny(client: Any) -> None:
            extra = {"unrestrict": True} if self._session.version >= _RULE_LOCKS else {}
            client.shares.deny(share_id, rule_id, **extra)

        try:
            self._session.call(deny, change=True)
        except NotFound:
            return
        except Denied as error:
            if not self._is_hidden(share_id, rule_id):
                raise  # a policy
            why = "Manila does not let these credentials withdraw it"
            raise _made_by_another(rule_id, share_id, why) from error

    def _is_hidden(self, share_id: str, rule_id: str) -> bool:
        return any(item.id == rule_id and item.access_to is None for item in self.rules(share_id))


def _made_by_another(rule_id: str, share_id: str, so: str) -> Denied:
    return Denied(
        f"access rule {rule_id} of share {share_id} was made by another Manila user, and {so}",
        hint="use the credentials that made the rule, or those of an admin",
    )


def _reason(metadata: Mapping[str, str]) -> str:
    """What Manila shows to those who try to delete the share or the rule."""
    who = ", ".join(f"{key}={value}" for key, value in sorted(metadata.items()))
    return f"attached to a domain by sharectl ({who})"[:1023]


class _Attributes:
    """A dictionary, as `shares.allow` returns, read like the objects of the other calls."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)


def _share(found: Any, locations: tuple[ExportLocation, ...]) -> Share:
    metadata = getattr(found, "metadata", None) or {}
    return Share(
        id=str(found.id),
        name=str(found.name or ""),
        protocol=str(found.share_proto or "").upper(),
        status=str(found.status),
        project_id=str(getattr(found, "project_id", "") or ""),
        size_gib=int(found.size or 0),
        export_locations=locations,
        metadata=MappingProxyType({str(key): str(value) for key, value in metadata.items()}),
    )


def _locations(found: Any) -> list[ExportLocation]:
    """All but those for admins only, the preferred ones first."""
    usable = [
        ExportLocation(str(item.path), bool(getattr(item, "preferred", False)))
        for item in found
        if not getattr(item, "is_admin_only", False)
    ]
    return sorted(usable, key=lambda item: not item.preferred)


def _old_locations(found: Any) -> list[ExportLocation]:
    """Before 2.9 the share itself lists its export locations."""
    return [ExportLocation(str(path)) for path in getattr(found, "export_locations", None) or ()]


def _rule(found: Any) -> AccessRule:
    metadata = getattr(found, "metadata", None)
    return AccessRule(
        id=str(found.id),
        access_type=str(found.access_type),
        access_to=None if found.access_to == _HIDDEN else str(found.access_to),
        access_level=str(found.access_level),
        state=_state(str(found.state)),
        metadata=None if metadata is None else MappingProxyType(dict(metadata)),
    )


def _state(word: str) -> RuleState:
    """Manila's state; `new` and `out_of_sync` of servers before 2.28 mean not yet applied."""
    old = {"new": RuleState.QUEUED_TO_APPLY, "out_of_sync": RuleState.APPLYING}
    return old.get(word) or RuleState(word)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
