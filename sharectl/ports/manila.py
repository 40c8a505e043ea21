"""What the operations need of Manila."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sharectl.model.secret import CephxKey
    from sharectl.model.share import Access, AccessRule, Share, ShareSeen


class Shares(Protocol):
    """Manila, in the project of the credentials.

    Every method that asks Manila raises `Unavailable` when it does not answer, or something else
    answers in its place. `NotFound` is raised only where Manila itself says that there is no such
    share or rule, and a second look confirms it.
    """

    def project_id(self) -> str:
        """The project that the credentials are scoped to."""

    def cloud(self) -> tuple[str, str]:
        """The name of the cloud in clouds.yaml, empty for OS_* variables; and Keystone's address.

        Nothing is asked of the cloud. Raises `ConfigError`.
        """

    def find(self, ident: str) -> Share:
        """The share with that ID or name, with export locations.

        A share in the recycle bin is found too, by its name if no other share has that. Raises
        `NotFound`, and `Refused` for a name that several shares have.
        """

    def list(self) -> tuple[Share, ...]:
        """All shares of the project that are not in the recycle bin, without export locations."""

    def rules(self, share_id: str) -> tuple[AccessRule, ...]:
        """The share's access rules; whom one is for may be hidden. Raises `NotFound`."""

    def survey(self, share_ids: Collection[str]) -> Mapping[str, ShareSeen]:
        """Status, export paths and rules of many shares, in few and concurrent calls.

        A share that does not exist has no `status`; one that alone cannot be looked at has its
        `error`. Raises `Unavailable` also when Manila stops answering, and `ConfigError` for the
        credentials.
        """

    def key(self, share_id: str, rule_id: str) -> CephxKey | None:
        """The cephx key of a rule; None while the back end has not made it yet.

        Raises `Denied` when Manila hides it: the rule was made by another Manila user. Raises
        `NotFound` when the share or the rule is gone.
        """

    def grant(self, share_id: str, access: Access, metadata: Mapping[str, str]) -> AccessRule:
        """Ask for an access rule; it is applied later.

        Raises `RuleExists` when there is a rule for this very client, whatever its level and
        state: one that Manila is still withdrawing counts. Raises `NotFound`, and `Refused` when
        Manila refuses for another reason.
        """

    def annotate(self, share_id: str, rule_id: str, metadata: Mapping[str, str]) -> None:
        """Add `metadata` to that of a rule; a key with an empty value is taken away.

        Metadata is no proof against users of the project: each of them sees all of it, also of a
        rule that is locked and hidden (only client and key are), and can change it or take it
        away, since no lock guards it. Users of other projects get neither.

        Does nothing on servers whose rules have no metadata (before microversion 2.45).

        Args:
            share_id: the share.
            rule_id: the rule.
            metadata: keys and values of at most 255 characters. Manila 23 refuses longer keys,
                and values from 1024 on.

        Raises `NotFound` when the rule is gone.
        """

    def revoke(self, share_id: str, rule_id: str) -> None:
        """Ask to withdraw a rule; nothing to do when it is gone, or leaving already.

        Raises `Denied` when another Manila user made and locked it, and `Refused` while the share
        is in the recycle bin.
        """
