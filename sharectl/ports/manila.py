"""What the operations need of Manila."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sharectl.model.secret import CephxKey
    from sharectl.model.share import Access, AccessRule, Share, ShareSeen


class Shares(Protocol):
    """Manila, in the project of the credentials."""

    def project_id(self) -> str:
        """The project that the credentials are scoped to."""

    def cloud(self) -> tuple[str, str]:
        """The name of the cloud in clouds.yaml, empty for OS_* variables; and Keystone's address.

        Nothing is asked of the cloud. Raises `ConfigError`.
        """

    def find(self, ident: str) -> Share:
        """The share with that ID or name, with export locations.

        Raises `NotFound` only where Manila itself says that there is no such share, and a second
        look confirms it; any other answer is `Unavailable`. Raises `Refused` for a name that
        several shares have.
        """

    def list(self) -> tuple[Share, ...]:
        """All shares of the project, without export locations."""

    def rules(self, share_id: str) -> tuple[AccessRule, ...]:
        """The share's access rules; whom one is for may be hidden. Raises `NotFound`."""

    def survey(self, share_ids: Collection[str]) -> Mapping[str, ShareSeen]:
        """Status, export paths and rules of many shares, in few and concurrent calls.

        A share that alone cannot be looked at has its `error`. Raises `Unavailable` when Manila
        does not answer, or stops answering, and `ConfigError` for the credentials.
        """

    def key(self, share_id: str, rule_id: str) -> CephxKey | None:
        """The cephx key of a rule; None while the back end has not made it yet.

        Raises `Denied` when Manila hides it: the rule was made by another Manila user.
        """

    def grant(self, share_id: str, access: Access, metadata: Mapping[str, str]) -> AccessRule:
        """Ask for an access rule; it is applied later. Raises `Refused` when Manila does."""

    def annotate(self, share_id: str, rule_id: str, metadata: Mapping[str, str]) -> None:
        """Add `metadata` to that of a rule; a key with an empty value is taken away.

        Does nothing on servers whose rules have no metadata (before microversion 2.45).
        Raises `NotFound` when the rule is gone.
        """

    def revoke(self, share_id: str, rule_id: str) -> None:
        """Ask to withdraw a rule; nothing to do when it is gone.

        Raises `Denied` when another Manila user made and locked it.
        """
