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
    is_ours,
    revealed,
    rule_metadata,
    serves_to,
)
from sharectl.model.enums import AccessLevel, AccessType, RuleState
from sharectl.model.mapping import ShareMapping
from sharectl.model.share import Access, AccessRule
from tests.model.things import ADDRESS, HOST, MAPPING, OUR_METADATA, RULE

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


def _asked(**changes: object) -> ShareMapping:
    return replace(MAPPING, owns_rule=True, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "mappings", "ours"),
    [
        (RULE, (), True),
        (replace(RULE, metadata={}), (), False),
        (replace(RULE, metadata={**OUR_METADATA, "sharectl-host": "hyper2"}), (), False),
        (replace(RULE, metadata={**OUR_METADATA, "managed-by": "me"}), (), False),
        (replace(RULE, metadata={}), (_asked(rule_id="r1"),), True),
        (replace(RULE, metadata={}), (_asked(rule_id="r2"),), False),
        (replace(RULE, metadata={}), (_asked(),), False),
        (replace(RULE, metadata=None), (), False),
        (replace(RULE, metadata=None), (MAPPING,), False),
        (replace(RULE, metadata=None), (_asked(),), True),
        (replace(RULE, metadata=None, access_to=f"{ADDRESS}/32"), (_asked(),), True),
        (replace(RULE, metadata=None, access_to=_NET), (_asked(),), False),
        (replace(RULE, metadata=None, access_type="cephx"), (_asked(),), False),
        (replace(RULE, metadata=None), (_asked(rule_id="r1"),), True),
        (replace(RULE, metadata=None), (_asked(rule_id="r2"),), False),
    ],
)
def test_is_ours(rule: AccessRule, mappings: tuple[ShareMapping, ...], ours: bool) -> None:
    assert is_ours(rule, HOST, mappings) is ours


def test_what_we_write_is_what_we_know_as_ours() -> None:
    assert is_ours(replace(RULE, metadata=rule_metadata(HOST, "bob")), HOST, ())


_HIDDEN = replace(RULE, access_to=None)
_THEIRS = {**OUR_METADATA, "sharectl-host": "hyper2"}
_ELSEWHERE = replace(MAPPING, id="m2", access_to="198.51.100.8")


@pytest.mark.parametrize(
    ("rules", "mappings", "to"),
    [
        ((_HIDDEN,), (_asked(rule_id="r1"),), ADDRESS),
        ((replace(_HIDDEN, metadata=None),), (_asked(rule_id="r1"),), ADDRESS),
        ((replace(_HIDDEN, metadata={}),), (_asked(rule_id="r1"),), ADDRESS),
        ((_HIDDEN,), (_ELSEWHERE, _asked(rule_id="r1")), ADDRESS),
        ((_HIDDEN,), (MAPPING,), ADDRESS),
        ((_HIDDEN,), (), None),
        ((_HIDDEN,), (replace(MAPPING, access_type=AccessType.CEPHX),), None),
        ((replace(_HIDDEN, metadata={}),), (MAPPING,), None),
        ((replace(_HIDDEN, metadata=_THEIRS),), (MAPPING,), None),
        ((replace(_HIDDEN, metadata=_THEIRS),), (_asked(rule_id="r2"),), None),
        ((_HIDDEN, replace(RULE, id="r2", metadata={})), (MAPPING,), None),
        ((_HIDDEN, replace(RULE, id="r2", metadata={})), (MAPPING, _ELSEWHERE), "198.51.100.8"),
        ((_HIDDEN, replace(RULE, id="r2", access_to=_NET)), (MAPPING,), ADDRESS),
        ((_HIDDEN, replace(_HIDDEN, id="r2")), (_asked(rule_id="r2"), _ELSEWHERE), "198.51.100.8"),
    ],
)
def test_hidden_rule_is_told_by_what_this_host_knows(
    rules: tuple[AccessRule, ...], mappings: tuple[ShareMapping, ...], to: str | None
) -> None:
    first, *others = revealed(rules, mappings, HOST)
    assert first == replace(rules[0], access_to=to)
    assert [item.id for item in others] == [item.id for item in rules[1:]]


def test_hidden_rule_that_is_not_known_serves_nobody() -> None:
    assert find_rule((_HIDDEN,), _IP) is None
    assert not is_ours(replace(_HIDDEN, metadata=None), HOST, (_asked(),))


@given(st.text(), st.text(), st.text())
def test_cephx_id_is_what_ceph_and_manila_take(host: str, project: str, share: str) -> None:
    made = cephx_id(host, project, share)
    assert re.fullmatch(r"sharectl[A-Za-z0-9_-]*", made)
    assert len(made) <= 80
    assert made == cephx_id(host, project, share)


def test_cephx_id_tells_hosts_projects_and_shares_apart() -> None:
    ids = {
        cephx_id(host, project, share)
        for host in ("hyper1", "hyper2.example.org")
        for project in ("a" * 32, "b" * 32)
        for share in ("0" * 8 + "-1", "1" * 8 + "-1")
    }
    assert len(ids) == 8
