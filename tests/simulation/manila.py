"""A Manila that several hosts share, and that knows who made which rule."""

from __future__ import annotations

from sharectl.model.enums import AccessType
from sharectl.model.share import ExportLocation, Share
from tests.fakes.rules import Rule, covers, in_force
from tests.fakes.shares import FakeShares


class SimShares(FakeShares):
    """`FakeShares` of many hosts.

    Attributes:
        owners: which host's sharectl made a rule, by the rule's ID.
        still_in_force: rules that the file server obeys although they are in error.
        binned: shares in the recycle bin.
        created: IDs of shares by the names that they had at first.
    """

    def __init__(self) -> None:
        super().__init__()
        self.owners: dict[str, str] = {}
        self.still_in_force: set[str] = set()
        self.binned: set[str] = set()
        self.created: dict[str, str] = {}

    def id_of(self, name: str) -> str:
        """Of the share that was created with that name, whatever it is named now."""
        return self.created[name]

    def open(self, name: str, protocol: str, path: str, **fields: object) -> Share:
        """A new share."""
        share = self.create(name, protocol, path, **fields)
        self.created[name] = share.id
        return share

    def has_key(self, share_id: str, key: str) -> bool:
        """Whether the file server knows a client by that key."""
        return any(r.key == key and self.gives(r) for r in self._of(share_id))

    def lets(self, share_id: str, address: str) -> bool:
        """Whether the file server lets that address have the share."""
        return self.level_for(share_id, AccessType.IP, address) is not None

    def level_for(self, share_id: str, kind: AccessType, client: str) -> str | None:
        """A file server obeys some rules in error as before."""
        levels = {
            rule.access.level.value
            for rule in self._of(share_id)
            if self.gives(rule) and covers(rule.access, kind, client)
        }
        return max(levels, default=None)

    def gives(self, rule: Rule) -> bool:
        """Whether the file server obeys the rule."""
        return in_force(rule) or rule.id in self.still_in_force

    def _of(self, share_id: str) -> list[Rule]:
        return [rule for rule in self._rules.values() if rule.share_id == share_id]

    def rule(self, rule_id: str) -> Rule | None:
        """The rule as Manila has it."""
        return self._rules.get(rule_id)

    def exists(self, share_id: str) -> bool:
        """Whether there is such a share."""
        return share_id in self._shares

    def drop_rule(self, rule_id: str) -> None:
        """Somebody withdrew it, and that is done."""
        self._rules.pop(rule_id, None)

    def locations(self, share_id: str) -> tuple[ExportLocation, ...]:
        """Where the share is exported."""
        return self._shares[share_id].export_locations

    def name_of(self, share_id: str) -> str:
        """Its name now."""
        return self._shares[share_id].name
