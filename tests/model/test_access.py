"""Which access rule serves, whose it is, and what this host is called."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharectl.model.access import (
    allows,
    cephx_id,
    find_rule,
    serves_to,
)
from sharectl.model.enums import AccessLevel, AccessType, RuleState
from sharectl.model.identity import HostIdentity
from sharectl.model.share import Access, AccessRule
from tests.model.things import ADDRESS, RULE

_IP = Access(AccessType.IP, ADDRESS, AccessLevel.RW)
_CEPHX = Access(AccessType.CEPHX, "sharectl-a", AccessLevel.RW)


@pytest.mark.parametrize(
    ("access", "kind", "to", "serves"),
    [
        (_IP, "ip", ADDRESS, True),
        (_IP, "ip", f"{ADDRESS}/32", True),
        (_IP, "ip", "198.51.100.0/24", True),
        (_IP, "ip", "0.0.0.0/0", True),
        (_IP, "ip", "198.51.101.0/24", False),
        (_IP, "ip", "::/0", False),
        (_IP, "ip", "nonsense", False),
        (_IP, "user", ADDRESS, False),
        (_IP, "cephx", ADDRESS, False),
        (replace(_IP, to="2001:db8::1"), "ip", "2001:0db8::1/128", True),
        (replace(_IP, to="198.51.100.0/24"), "ip", "198.51.100.0/24", True),
        (_CEPHX, "cephx", "sharectl-a", True),
        (_CEPHX, "cephx", "sharectl-ab", False),
        (_CEPHX, "ip", "sharectl-a", False),
    ],
)
def test_serves_to(access: Access, kind: str, to: str, serves: bool) -> None:
    assert serves_to(replace(RULE, access_type=kind, access_to=to), access) is serves


@pytest.mark.parametrize(
    ("have", "want", "enough"),
    [("rw", "rw", True), ("rw", "ro", True), ("ro", "ro", True), ("ro", "rw", False)],
)
def test_allows(have: str, want: str, enough: bool) -> None:
    assert allows(replace(RULE, access_level=have), AccessLevel(want)) is enough


def _rules(*rows: tuple[str, str, str]) -> tuple[AccessRule, ...]:
    """Rules r0, r1, ... of (access to, level, state)."""
    return tuple(
        AccessRule(f"r{number}", "ip", to, level, RuleState(state), {})
        for number, (to, level, state) in enumerate(rows)
    )


_NET = "198.51.100.0/24"


@pytest.mark.parametrize(
    ("rules", "chosen"),
    [
        ((), None),
        (((ADDRESS, "rw", "active"),), "r0"),
        (((_NET, "rw", "active"), (ADDRESS, "rw", "active")), "r1"),
        (((_NET, "rw", "active"), (f"{ADDRESS}/32", "rw", "active")), "r1"),
        (((_NET, "rw", "active"), (ADDRESS, "ro", "active")), "r0"),
        (((_NET, "rw", "active"), (ADDRESS, "rw", "error")), "r0"),
        (((_NET, "rw", "applying"), (ADDRESS, "ro", "active")), "r1"),
        (((_NET, "ro", "active"),), None),
        (((_NET, "rw", "error"),), None),
        (((_NET, "rw", "applying"),), None),
        (((ADDRESS, "rw", "applying"),), "r0"),
        (((ADDRESS, "ro", "active"),), "r0"),
        (((ADDRESS, "rw", "error"),), "r0"),
        (((ADDRESS, "rw", "denying"),), None),
        (((ADDRESS, "rw", "queued_to_deny"), (_NET, "rw", "active")), "r1"),
        ((("192.0.2.7", "rw", "active"),), None),
    ],
)
def test_find_rule(rules: tuple[tuple[str, str, str], ...], chosen: str | None) -> None:
    found = find_rule(_rules(*rules), _IP)
    assert (found.id if found else None) == chosen


@given(st.text(), st.text(), st.text())
def test_cephx_id_is_what_ceph_and_manila_take(host: str, host_id: str, share: str) -> None:
    who = HostIdentity(host, re.sub("[^0-9a-f]", "", host_id))
    made = cephx_id(who, share)
    assert re.fullmatch(r"sharectl[A-Za-z0-9_-]*", made)
    assert len(made) <= 80
    assert made == cephx_id(who, share)


def test_cephx_id_tells_hosts_and_shares_apart() -> None:
    """Also hosts with one name."""
    ids = {
        cephx_id(HostIdentity(name, host_id), share)
        for name in ("hyper1", "hyper1.example.org", "hyper2")
        for host_id in ("a" * 32, "b" * 32)
        for share in ("0" * 8 + "-1", "1" * 8 + "-1")
    }
    assert len(ids) == 8
