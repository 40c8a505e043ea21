"""Whose an access rule is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharectl.model.access import find_rule
from sharectl.model.enums import AccessType
from sharectl.model.mapping import ShareMapping
from sharectl.model.rule_owner import (
    is_of_other_host,
    is_ours,
    maker,
    missing_notes,
    revealed,
    rule_metadata,
)
from sharectl.model.share import AccessRule
from tests.model.things import ADDRESS, HOST, MAPPING, OUR_METADATA, RULE

_NET = "198.51.100.0/24"
_OTHER_ID = {"sharectl-host-id": "f" * 32}
_EARLIER = {"managed-by": "sharectl", "sharectl-host": HOST.name, "sharectl-user": "alice"}


def _asked(**changes: object) -> ShareMapping:
    return replace(MAPPING, owns_rule=True, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "mappings", "ours"),
    [
        (RULE, (), True),
        (replace(RULE, metadata={}), (), False),
        (replace(RULE, metadata={**OUR_METADATA, **_OTHER_ID}), (), False),
        (replace(RULE, metadata={**OUR_METADATA, **_OTHER_ID}), (_asked(),), False),
        (replace(RULE, metadata={**OUR_METADATA, **_OTHER_ID}), (_asked(rule_id="r1"),), False),
        (
            replace(RULE, metadata={**OUR_METADATA, **_OTHER_ID}),
            (_asked(outdated_rules=("r1",)),),
            False,
        ),
        (replace(RULE, metadata={**_OTHER_ID}), (_asked(rule_id="r1"),), True),
        (replace(RULE, metadata={**OUR_METADATA, "sharectl-host": "renamed"}), (), True),
        (replace(RULE, metadata=_EARLIER), (), False),
        (replace(RULE, metadata=_EARLIER), (_asked(),), True),
        (replace(RULE, metadata=_EARLIER), (_asked(rule_id="r1"),), True),
        (replace(RULE, metadata={**_EARLIER, "sharectl-host": "hyper2"}), (_asked(),), False),
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
    made = replace(RULE, metadata=rule_metadata(HOST, replace(MAPPING, requested_by="bob")))
    assert is_ours(made, HOST, ())
    assert missing_notes(made, HOST, MAPPING) == {}


def test_what_an_earlier_version_did_not_note() -> None:
    assert missing_notes(replace(RULE, metadata=_EARLIER), HOST, MAPPING) == {
        "sharectl-host-id": HOST.id,
        "sharectl-domain-u1": "rw t1",
    }
    assert missing_notes(replace(RULE, metadata=None), HOST, MAPPING) == {}


def test_long_names_fit_into_metadata() -> None:
    long = rule_metadata(replace(HOST, name="n" * 300), replace(MAPPING, requested_by="u" * 300))
    assert max(len(value) for value in long.values()) == 255


def test_rule_of_another_host_is_told_from_those_of_others() -> None:
    theirs = replace(RULE, metadata={**OUR_METADATA, **_OTHER_ID})
    assert is_of_other_host(theirs, HOST, ())
    assert maker(theirs) == f"hyper1 (host ID {'f' * 32})"
    assert is_of_other_host(replace(RULE, metadata=_EARLIER), HOST, ())
    assert not is_of_other_host(replace(RULE, metadata={}), HOST, ())
    assert not is_of_other_host(RULE, HOST, ())


_HIDDEN = replace(RULE, access_to=None)
_THEIRS = {**OUR_METADATA, **_OTHER_ID}
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
    assert find_rule((_HIDDEN,), MAPPING.access) is None
    assert not is_ours(replace(_HIDDEN, metadata=None), HOST, (_asked(),))
