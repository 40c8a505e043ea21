"""A Manila in memory: access rules that need several looks before they are applied."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import copy
from dataclasses import replace
from itertools import count

from sharectl.errors import Denied, NotFound, Refused, RuleExists, SharectlError, Unavailable
from sharectl.model.enums import AccessType, RuleState
from sharectl.model.hindrance import hindrance_of
from sharectl.model.secret import CephxKey
from sharectl.model.share import Access, AccessRule, ExportLocation, Share, ShareSeen
from tests.fakes.rules import Rule, covers, in_force, move_on, same_client

PROJECT = "0123456789abcdef0123456789abcdef"


class FakeShares:
    """`Shares`.

    Attributes:
        with_metadata: whether the server knows rule metadata (microversion 2.45).
        looks: how many looks a rule stays on its way, to active or to being gone.
        key_looks: how many looks a cephx key takes after its rule is active.
        not_applied: `access_to` of rules that go to error.
        not_denied: `access_to` of rules whose withdrawal goes to error.
        of_others: IDs of the rules that another Manila user made and locked.
        cloud_name: the cloud's name in clouds.yaml.
        project: of whom asks; Manila shows the shares of that one only.
        not_granting: why no rule can be had now, if so.
        ill: shares of which Manila tells nothing but this error.
        dead: whether Manila does not answer.
        lying: whether something else answers in Manila's place, say with 404 to everything.
        answer_lost: whether the next grant gets no answer and is carried out by `deliver`.
    """

    def __init__(self) -> None:
        self._shares: dict[str, Share] = {}
        self._rules: dict[str, Rule] = {}
        self._numbers = count(1)
        self._binned: set[str] = set()
        self._key_looks: dict[str, int] = {}
        self.with_metadata = True
        self.looks = 1
        self.key_looks = 0
        self.not_applied: set[str] = set()
        self.not_denied: set[str] = set()
        self.of_others: set[str] = set()
        self.project = PROJECT
        self.cloud_name = "demo"
        self.not_granting: str | None = None
        self.ill: dict[str, SharectlError] = {}
        self.dead = self.lying = self.answer_lost = False
        self._delayed: list[tuple[str, Access, Mapping[str, str]]] = []

    def create(self, name: str, protocol: str, *paths: str, **fields: object) -> Share:
        """A share with these export locations; `fields` as in `Share`."""
        share_id = f"5a5a5a5a-0000-4000-8000-{next(self._numbers):012}"
        locations = tuple(ExportLocation(path) for path in paths)
        values = {"status": "available", "project_id": PROJECT, "export_locations": locations}
        share = Share(share_id, name, protocol, **{**values, **fields})  # type: ignore[arg-type]
        self._shares[share_id] = share
        self.change(share_id)
        return self._shares[share_id]

    def change(self, share_id: str, **fields: object) -> None:
        """Other fields for the share, as in `Share`; its status tells what hinders it."""
        share = replace(self._shares[share_id], **fields)  # type: ignore[arg-type]
        self._shares[share_id] = replace(share, hindrance=hindrance_of(share_id, share.status))

    def soft_delete(self, share_id: str) -> None:
        """Somebody moves the share to the recycle bin, with its rules."""
        share = self._shares[share_id]
        hindrance = hindrance_of(
            share_id, share.status, soft_deleted=True, purged_at="2026-12-01T09:30:00.000000"
        )
        self._shares[share_id] = replace(share, hindrance=hindrance)
        self._binned.add(share_id)

    def restore(self, share_id: str) -> None:
        """Somebody takes it out again."""
        self._binned.discard(share_id)
        self.change(share_id)

    def delete(self, share_id: str) -> None:
        """Somebody deletes the share, with its rules."""
        del self._shares[share_id]
        self._binned.discard(share_id)
        self._rules = {key: rule for key, rule in self._rules.items() if rule.share_id != share_id}

    def add_rule(
        self,
        share_id: str,
        access: Access,
        *,
        state: RuleState = RuleState.ACTIVE,
        metadata: Mapping[str, str] | None = None,
    ) -> Rule:
        """A rule that is just there, made by whoever; returned as Manila keeps it."""
        number = next(self._numbers)
        key = f"AQ{number:036}==" if access.type is AccessType.CEPHX else None
        rule = Rule(f"rule-{number}", share_id, access, metadata or {}, key, state)
        self._rules[rule.id] = rule
        return rule

    @property
    def all_shares(self) -> tuple[Share, ...]:
        """All shares, also when Manila is dead: the file servers still have them."""
        return tuple(self._shares.values())

    @property
    def all_rules(self) -> tuple[Rule, ...]:
        """The rules of all shares as they are now; does not count as a look."""
        return tuple(self._rules.values())

    def settle(self) -> None:
        """Let enough time pass for all that is on its way."""
        while any(rule.coming for rule in self._rules.values()):
            move_on(self._rules, self.all_rules)

    def level_for(self, share_id: str, kind: AccessType, client: str) -> str | None:
        """What the file server lets `client` (an address or cephx id) do."""
        levels = {
            rule.access.level.value
            for rule in self._rules.values()
            if rule.share_id == share_id and in_force(rule) and covers(rule.access, kind, client)
        }
        return max(levels, default=None)  # "rw" comes after "ro"

    def key_of(self, share_id: str, client: str) -> str | None:
        """The key with which the file server knows the cephx id `client`."""
        wanted = share_id, client
        found = (r.key for r in self._rules.values() if (r.share_id, r.access.to) == wanted)
        return next(found, None)

    @property
    def _own(self) -> dict[str, Share]:
        return {key: it for key, it in self._shares.items() if it.project_id == self.project}

    def _answer(self, *, change: bool = False) -> None:
        if self.dead:
            raise Unavailable("OpenStack does not answer: test")
        if self.lying:
            raise Unavailable(
                "what answers in Manila's place is not Manila: HTTP 404", uncertain=change
            )

    def cloud(self) -> tuple[str, str]:
        """The cloud."""
        return self.cloud_name, "https://keystone.example.org/v3"

    def annotate(self, share_id: str, rule_id: str, metadata: Mapping[str, str]) -> None:
        """Add to the metadata, or take keys with empty values away."""
        self._answer(change=True)
        rule = self._rules.get(rule_id)
        if rule is None or rule.share_id != share_id:
            raise NotFound(f"share access rule {rule_id} not found")
        if self.with_metadata:
            merged = {**rule.metadata, **metadata}
            rule.metadata = {key: value for key, value in merged.items() if value}

    def project_id(self) -> str:
        """The project."""
        self._answer()
        return self.project

    def find(self, ident: str) -> Share:
        """By ID, else by name."""
        self._answer()
        if ident in self._own:
            return self._own[ident]
        named = self._named(ident, binned=False) or self._named(ident, binned=True)
        if len(named) > 1:
            ids = " ".join(share.id for share in named)
            raise Refused(
                f"{len(named)} shares are named {ident!r}", hint=f"give the ID of one: {ids}"
            )
        if not named:
            raise NotFound(f"share {ident!r} does not exist in this project")
        return named[0]

    def _named(self, name: str, *, binned: bool) -> tuple[Share, ...]:
        found = (share for share in self._own.values() if share.name == name)
        return tuple(share for share in found if (share.id in self._binned) is binned)

    def list(self) -> tuple[Share, ...]:
        """All that are not in the recycle bin."""
        self._answer()
        return tuple(share for share in self._own.values() if share.id not in self._binned)

    def rules(self, share_id: str) -> tuple[AccessRule, ...]:
        """The rules as they are; then those on their way move on."""
        self._answer()
        if share_id in self.ill:
            raise copy(self.ill[share_id])
        self._check_there(share_id)
        own = tuple(rule for rule in self._rules.values() if rule.share_id == share_id)
        seen = tuple(self._shown(rule) for rule in own)
        move_on(self._rules, own)
        return seen

    def survey(self, share_ids: Collection[str]) -> Mapping[str, ShareSeen]:
        """Of those that there are; counts as one look at each."""
        self._answer()
        return {share_id: self._seen(share_id) for share_id in share_ids}

    def _seen(self, share_id: str) -> ShareSeen:
        share = self._own.get(share_id)
        if share is None:
            return ShareSeen(None)
        if share_id in self.ill:
            return ShareSeen(None, error=copy(self.ill[share_id]))
        paths = frozenset(location.path for location in share.export_locations)
        return ShareSeen(
            share.status, paths, self.rules(share_id), name=share.name, metadata=share.metadata,
            hindrance=share.hindrance, project_id=share.project_id,
        )  # fmt: skip

    def _shown(self, rule: Rule) -> AccessRule:
        access = rule.access
        metadata = rule.metadata if self.with_metadata else None
        to = None if rule.id in self.of_others else access.to
        return AccessRule(rule.id, access.type.value, to, access.level.value, rule.state, metadata)

    def log_in_as_another(self) -> None:
        """From now on another user of the project asks; the rules that there are stay locked."""
        self.of_others = set(self._rules)

    def log_in_as_maker(self) -> None:
        """From now on the one who made the rules asks."""
        self.of_others = set()

    def _check_there(self, share_id: str) -> None:
        if share_id not in self._own:
            raise NotFound("Manila says: The resource could not be found.")

    def _check_not_binned(self, share_id: str) -> None:
        hindrance = self._shares[share_id].hindrance if share_id in self._binned else None
        if hindrance is not None:
            raise Refused(f"share {share_id} {hindrance}", hint=hindrance.hint)

    def _check_maker(self, rule_id: str) -> None:
        if rule_id in self.of_others:
            raise Denied(f"access rule {rule_id} was made by another Manila user")

    def key(self, share_id: str, rule_id: str) -> CephxKey | None:
        """The key, once it has been asked for often enough."""
        self._answer()
        self._check_there(share_id)
        self._check_maker(rule_id)
        rule = self._rules.get(rule_id)
        if rule is None or rule.share_id != share_id:
            raise NotFound(f"access rule {rule_id} of share {share_id} does not exist any more")
        looks = self._key_looks[rule_id] = self._key_looks.get(rule_id, 0) + 1
        if rule.state is not RuleState.ACTIVE or looks <= self.key_looks or rule.key is None:
            return None
        return CephxKey(rule.key)

    def grant(self, share_id: str, access: Access, metadata: Mapping[str, str]) -> AccessRule:
        """A new rule, queued. Manila answers 400 to a second one for the same client."""
        self._answer(change=True)
        if self.answer_lost:
            self.answer_lost = False
            self._delayed.append((share_id, access, metadata))
            raise Unavailable("OpenStack does not answer: read timed out", uncertain=True)
        self._check_there(share_id)
        self._check_not_binned(share_id)
        if self.not_granting is not None:
            raise Refused(self.not_granting)
        for rule in self._rules.values():
            if rule.share_id == share_id and same_client(rule.access, access):
                raise RuleExists(f"Manila says: Share access {access.type}:{access.to} exists.")
        made = self.add_rule(share_id, access, state=RuleState.QUEUED_TO_APPLY, metadata=metadata)
        end = RuleState.ERROR if access.to in self.not_applied else RuleState.ACTIVE
        made.coming = [*[RuleState.APPLYING] * self.looks, end]
        return self._shown(made)

    def deliver(self) -> None:
        """Carry out what was asked for without an answer."""
        for share_id, access, metadata in self._delayed:
            self.grant(share_id, access, metadata)
        self._delayed.clear()

    def revoke(self, share_id: str, rule_id: str) -> None:
        """Queue the rule for withdrawal; a second time is a 404, which is fine."""
        self._answer(change=True)
        self._check_not_binned(share_id)
        rule = self._rules.get(rule_id)
        if rule is None or rule.share_id != share_id:
            return
        self._check_maker(rule_id)
        if rule.state in (RuleState.QUEUED_TO_DENY, RuleState.DENYING):
            return
        end = RuleState.ERROR if rule.access.to in self.not_denied else None
        rule.state = RuleState.QUEUED_TO_DENY
        rule.coming = [*[RuleState.DENYING] * self.looks, end]
