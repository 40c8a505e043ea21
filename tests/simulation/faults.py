"""Faults that sharectl has had, or might have: how each is put back, and what it is seen by."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import pytest

from sharectl.engine import withdrawal
from sharectl.errors import NotFound
from sharectl.hook import recorded_mount
from sharectl.model import health, mount_use, mount_users, plan, plan_access, rule_owner, starting
from sharectl.model.domain import Domain
from sharectl.model.enums import Health
from sharectl.model.share import ShareSeen
from sharectl.operations import adopt, reconcile, remove
from tests.fakes.store import FakeWithdrawals
from tests.simulation.kernel import SimMounts
from tests.simulation.libvirt import SimDomains
from tests.simulation.manila import SimShares
from tests.simulation.ports import SimApp, SimLocks

Patch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Fault:
    """A fault.

    `kinds` are the steps that it takes, beside those of every day; each history begins with the
    steps `beginning`.
    """

    put_back: Patch
    seen: str
    kinds: frozenset[str] = frozenset()
    beginning: tuple[str, ...] = ()


def _fault(put_back: Patch, seen: str, kinds: str = "", beginning: tuple[str, ...] = ()) -> Fault:
    return Fault(put_back, seen, frozenset(kinds.split()), beginning)


def _everywhere(module: Any, name: str, bad: object) -> Patch:
    """Put `bad` in the place of a function, also where it was imported by name."""
    real = getattr(module, name)

    def put_back(patch: pytest.MonkeyPatch) -> None:
        for key, user in list(sys.modules.items()):
            if key.startswith("sharectl") and vars(user).get(name) is real:
                patch.setattr(user, name, bad)

    return put_back


def _instead(owner: type, name: str, bad: object) -> Patch:
    assert hasattr(owner, name)
    return lambda patch: patch.setattr(owner, name, bad)


def _nothing(*_arguments: object, **_options: object) -> None:
    """Instead of a check."""


def _always(value: object) -> Callable[..., object]:
    return lambda *_arguments, **_options: value


def _proxy_is_manila(patch: pytest.MonkeyPatch) -> None:
    """What answers 404 in Manila's place is believed."""

    def gone(name: str, answer: Callable[..., object]) -> None:
        real = getattr(SimShares, name)

        def said(self: SimShares, *given: Any, **options: Any) -> object:
            return answer(*given) if self.lying else real(self, *given, **options)

        patch.setattr(SimShares, name, said)

    gone("_answer", _nothing)
    gone("find", _not_found)
    gone("rules", _not_found)
    gone("survey", lambda share_ids: {share_id: ShareSeen(None) for share_id in share_ids})
    gone("revoke", _nothing)


def _not_found(*_given: object) -> None:
    raise NotFound("Manila says: 404 page not found")


_observe = SimDomains._observe


def _alive(self: SimDomains, uuid: str) -> Domain:
    seen = _observe(self, uuid)
    return replace(
        seen, live_filesystems=tuple(replace(it, served=True) for it in seen.live_filesystems)
    )


def _outdated_is_good(patch: pytest.MonkeyPatch) -> None:
    _everywhere(mount_use, "is_outdated", _always(False))(patch)
    patch.setattr(SimMounts, "_ask", _always(Health.OK))


def _first_there(mappings: Any, domain: Any, need: Any, *_others: object) -> Any:
    return next((item for item in mappings if need.path.startswith(item.mount_point)), None)


def _by_name(rule: Any, host: Any, _mappings: Any) -> bool:
    return bool((rule.metadata or {}).get(rule_owner.HOST) == host.name)


FAULTS = {
    "another libvirt is asked for the domain": _fault(
        _instead(SimApp, "at", lambda self, _origin: self), "under guest|the domain is gone|silent",
        "session",
    ),
    "404 of a proxy is taken for Manila's": _fault(
        _proxy_is_manila, "forgot the share", "lies"
    ),
    "a remove that is stopped at once stays": _fault(
        _everywhere(remove, "_take_back", _nothing), "was stopped before", "signal"
    ),
    "a record is forgotten before its rule is gone": _fault(
        _everywhere(withdrawal, "await_withdrawal", _nothing), "forgot the share while"
    ),
    "a host is known by its name": _fault(
        _everywhere(rule_owner, "is_ours", _by_name), "of h[12]|of another host", "second nat"
    ),
    "rules of other hosts are leaned on": _fault(
        _everywhere(rule_owner, "is_of_other_host", _always(False)), "of another host", "second nat"
    ),
    "the hook gives a domain what another has": _fault(
        _everywhere(starting, "find", _first_there), "not its own", "revert snapshot clone"
    ),
    "adopt believes a mark": _fault(
        _everywhere(adopt, "confirming", lambda rules, *_others: rules), "has never had",
        "adopt forge",
    ),
    "any mount at the mount point is ours": _fault(
        _everywhere(mount_use, "is_ours", _always(True)), "which is not ours", "cover umount"
    ),
    "the hook takes what is mounted for the share": _fault(
        _everywhere(recorded_mount, "check_source", _nothing), "started on /dev/vdb1", "cover"
    ),
    "a disk on a mount is no use of it": _fault(
        _everywhere(mount_users, "_uses", _always(False)), "under guest|forgot", "disk"
    ),
    "an outdated mount is taken for good": _fault(
        _outdated_is_good, "cut off its mount|lost it", "withdraw"
    ),
    "a dead virtiofsd is not seen": _fault(
        _instead(SimDomains, "_observe", _alive), "virtiofsd of its guest is dead", "daemon"
    ),
    "an unplugged filesystem is not seen": _fault(
        _everywhere(health, "lacks_live_device", _always(False)), "taken out of its running guest",
        "unplug",
    ),
    "reconcile names only what it failed at": _fault(
        _instead(reconcile._Run, "name_the_ill", _nothing), "reconcile is silent",
        "daemon unplug withdraw",
    ),
    "an edited tag is not seen": _fault(
        _everywhere(plan, "retagged_device", _nothing), "gave a domain a share that it has", "tag"
    ),
    "a rule is made anew under a guest": _fault(
        _everywhere(plan_access, "check_spared", _nothing), "revoked .* from under guest", "error"
    ),
    "a mount point is there before its mount": _fault(
        _instead(SimMounts, "staged", False), "on the empty mount point",
        "kill", ("h1 hook off", "p1 add guest docs", "p1 run 300", "h1 reboot", "p3 reconcile",
                 "p3 run 27"),
    ),
    "what no record knows is not noted before it goes": _fault(
        _instead(FakeWithdrawals, "put", _nothing), "no record knows", "prune reboot",
        ("p1 add guest docs", "p1 run 300", "h1 clone guest copy", "p1 remove guest docs",
         "p1 run 300"),
    ),
    "the locks of shares lock nothing": _fault(
        _instead(SimLocks, "share", lambda *_: nullcontext()), "."
    ),
}  # fmt: skip
