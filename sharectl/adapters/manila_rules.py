"""Manila's access rules: listed, granted, annotated and withdrawn.

| microversion | what changes for us                                                  |
|--------------|----------------------------------------------------------------------|
| 2.45         | access rules have metadata and an API of their own                    |
| 2.82         | access rules can be locked against deletion and hidden from others    |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from sharectl.adapters import manila_answers as answers
from sharectl.adapters.manila_answers import HIDDEN, Json
from sharectl.adapters.manila_lists import confirm_gone, get_share
from sharectl.adapters.manila_session import ManilaSession
from sharectl.errors import Denied, NotFound, Refused, RuleExists, SharectlError, Unavailable
from sharectl.model.enums import AccessType
from sharectl.model.secret import CephxKey
from sharectl.model.share import Access, AccessRule

T = TypeVar("T")
_OLD_ACTIONS = (2, 6)  # the last whose actions have names that begin with "os-"
_CEPHX_KEYS = (2, 21)
_RULE_METADATA = (2, 45)
_RULE_LOCKS = (2, 82)


class ManilaRules:
    """The part of `Shares` that is about access rules.

    Args:
        session: gives the clients.
        unlocked: called when a rule was granted without locks, with the reason.
    """

    def __init__(self, session: ManilaSession, unlocked: Callable[[str], None]) -> None:
        self._session = session
        self._unlocked = unlocked

    def rules(self, share_id: str) -> tuple[AccessRule, ...]:
        """All access rules of the share."""
        try:
            return self._rules_once(share_id)
        except NotFound:
            confirm_gone(self._session, (share_id,))
            raise

    def _rules_once(self, share_id: str) -> tuple[AccessRule, ...]:
        """Raises `NotFound` when Manila says so, this once."""
        return self._read_rules(
            share_id,
            lambda item: answers.rule(item, with_metadata=self._session.version >= _RULE_METADATA),
        )

    def _read_rules(self, share_id: str, read: Callable[[Json], T]) -> tuple[T, ...]:
        def look(client: Any) -> tuple[T, ...]:
            version = self._session.version
            if version >= _RULE_METADATA:
                body = client.client.get(f"/share-access-rules?{urlencode({'share_id': share_id})}")
            else:
                action = "os-access_list" if version <= _OLD_ACTIONS else "access_list"
                path = f"/shares/{quote(share_id, safe='')}/action"
                body = client.client.post(path, body={action: None})
            return tuple(read(item) for item in answers.items(body[1], "access_list"))

        return self._session.call(look)

    def key(self, share_id: str, rule_id: str) -> CephxKey | None:
        """The rule's cephx key, which the back end may make later than the rule.

        Raises `Denied` when Manila shows it to the rule's maker alone.
        """
        try:
            rules = dict(self._read_rules(share_id, answers.key))
        except NotFound:
            confirm_gone(self._session, (share_id,))
            raise
        if rule_id not in rules:
            confirm_gone(self._session, ())
            raise NotFound(f"access rule {rule_id} of share {share_id} does not exist any more")
        text = rules[rule_id]
        if text == HIDDEN:
            raise _made_by_another(rule_id, share_id, "Manila hides its cephx key")
        return CephxKey(text) if text else None

    def grant(self, share_id: str, access: Access, metadata: Mapping[str, str]) -> AccessRule:
        """Ask for a rule, locked and hidden where the server can."""
        if access.type is AccessType.CEPHX and self._session.version < _CEPHX_KEYS:
            raise Refused(
                "this Manila cannot tell the cephx key that mounts a CephFS share",
                hint="that needs API 2.21 (the Newton release) or later",
            )
        try:
            made = self._session.call(
                lambda client: self._allow(client, share_id, access, metadata), change=True
            )
        except NotFound:
            confirm_gone(self._session, (share_id,))
            raise
        except RuleExists as error:
            error.hint = f"see whose it is: openstack share access list {share_id}"
            raise
        except Refused as error:
            raise _as_it_stands(error, share_id) from error
        except Denied as error:
            raise self._hindered(share_id, error) from error
        if self._session.version < _RULE_LOCKS:
            self._unlocked(self._session.limit())
        return made

    def _allow(
        self, client: Any, share_id: str, access: Access, metadata: Mapping[str, str]
    ) -> AccessRule:
        extra: dict[str, Any] = {}
        if self._session.version >= _RULE_METADATA:
            extra["metadata"] = dict(metadata)
        if self._session.version >= _RULE_LOCKS:
            extra |= {
                "lock_visibility": True,
                "lock_deletion": True,
                "lock_reason": _reason(metadata),
            }
        made = client.shares.allow(
            share_id, str(access.type), access.to, str(access.level), **extra
        )
        return answers.rule(made, with_metadata=self._session.version >= _RULE_METADATA)

    def annotate(self, share_id: str, rule_id: str, metadata: Mapping[str, str]) -> None:
        """By the rule's metadata API, which no lock guards."""
        if self._session.version < _RULE_METADATA:
            return
        path = f"/share-access-rules/{quote(rule_id, safe='')}/metadata"
        kept = {key: value for key, value in metadata.items() if value}
        try:
            if kept:
                self._session.call(
                    lambda client: answers.content(
                        client.client.put(path, body={"metadata": kept})[1], "metadata"
                    ),
                    change=True,
                )
            for key in metadata.keys() - kept.keys():
                self._unset(share_id, rule_id, f"{path}/{quote(key, safe='')}")
        except NotFound:
            self._confirm_rule_gone(share_id, rule_id)
            raise

    def _unset(self, share_id: str, rule_id: str, path: str) -> None:
        """Manila answers with the same 404 to a key that the rule has not got."""
        try:
            self._session.call(lambda client: client.client.delete(path), change=True)
        except NotFound:
            if not any(item.id == rule_id for item in self.rules(share_id)):
                raise

    def revoke(self, share_id: str, rule_id: str) -> None:
        """Ask to withdraw a rule and lift our locks on it."""

        def deny(client: Any) -> None:
            extra = {"unrestrict": True} if self._session.version >= _RULE_LOCKS else {}
            client.shares.deny(share_id, rule_id, **extra)

        try:
            self._session.call(deny, change=True)
        except NotFound:
            self._confirm_rule_gone(share_id, rule_id)
        except Refused as error:
            raise _as_it_stands(error, share_id) from error
        except Denied as error:
            if self._unlock(share_id, rule_id):
                return
            if not self._is_hidden(share_id, rule_id):
                raise self._hindered(share_id, error) from error  # else a policy
            why = "Manila does not let these credentials withdraw it"
            raise _made_by_another(rule_id, share_id, why) from error

    def _unlock(self, share_id: str, rule_id: str) -> bool:
        """Withdraw a rule with its locks though manilaclient knows none; whether Manila does so.

        A newer client has locked it: that of another installation, or of before a downgrade.
        """
        if self._session.version >= _RULE_LOCKS or not self._session.client_is_older:
            return False
        path = f"/shares/{quote(share_id, safe='')}/action"
        body = {"deny_access": {"access_id": rule_id, "unrestrict": True}}
        try:
            self._session.change_at(_RULE_LOCKS, lambda transport: transport.post(path, body))
        except (Denied, Refused):
            return False
        return True

    def _confirm_rule_gone(self, share_id: str, rule_id: str) -> None:
        """Manila has said so, this once; it says the same of a rule that is leaving already."""
        try:
            rules = self.rules(share_id)
        except NotFound:
            return
        if any(item.id == rule_id and not item.leaving for item in rules):
            raise Unavailable(
                f"Manila says that access rule {rule_id} of share {share_id} does not exist, and"
                " lists it",
                hint="run it again in a minute",
            )
        confirm_gone(self._session, ())

    def _is_hidden(self, share_id: str, rule_id: str) -> bool:
        return any(item.id == rule_id and item.access_to is None for item in self.rules(share_id))

    def _hindered(self, share_id: str, error: Denied) -> SharectlError:
        """What Manila refuses because of the share's state is no matter of the credentials."""
        try:
            hindrance = get_share(self._session, share_id).hindrance
        except SharectlError:
            return error
        if hindrance is None:
            return error
        return Refused(f"share {share_id} {hindrance}", hint=hindrance.hint)


def _as_it_stands(error: Refused, share_id: str) -> Refused:
    """What Manila refuses depends on the share, its back end and its rules."""
    see = (f"openstack share show {share_id}", f"openstack share access list {share_id}")
    return error.hinting(f"see the share and its rules: {'; '.join(see)}")


def _made_by_another(rule_id: str, share_id: str, so: str) -> Denied:
    return Denied(
        f"access rule {rule_id} of share {share_id} was made by another Manila user, and {so}",
        hint="use the credentials that made the rule, or those of an admin: --os-cloud NAME",
    )


def _reason(metadata: Mapping[str, str]) -> str:
    """What Manila shows to those who try to delete the share or the rule."""
    who = ", ".join(f"{key}={value}" for key, value in sorted(metadata.items()))
    return f"attached to a domain by sharectl ({who})"[:1023]
