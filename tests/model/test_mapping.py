"""Tags, statuses, and which mappings may stand beside each other."""

from __future__ import annotations

import string
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sharectl.errors import Refused, SharectlError, UsageError
from sharectl.model.domain import Domain, Filesystem
from sharectl.model.enums import AccessLevel, Intent, MappingStatus
from sharectl.model.mapping import ShareMapping, find_mapping, status_of
from sharectl.model.mapping_checks import check_free, check_tag
from tests.model.things import DOMAIN, MAPPING, MOUNT_POINT

_ALLOWED = set(string.ascii_letters + string.digits + "_.:-")
_OTHER = replace(MAPPING, id="other", domain_uuid="u2", domain_name="two", share_id="s2", tag="t2")


@given(st.text(max_size=40) | st.text(alphabet="aZ0_.:- \n/é", min_size=1, max_size=38))
@example("a" * 36)
@example("a" * 37)
@example("-a")
@example("a-")
@example("a\n")
@example("")
def test_tag_is_taken_exactly_when_it_is_fit(tag: str) -> None:
    fit = 1 <= len(tag.encode()) <= 36 and set(tag) <= _ALLOWED and not tag.startswith("-")
    if fit:
        assert check_tag(tag) == tag
        return
    with pytest.raises(UsageError, match="tag") as caught:
        check_tag(tag)
    assert "--tag" in (caught.value.hint or "")


def test_share_id_is_a_fit_tag() -> None:
    assert check_tag("011d21e2-fbc3-4e4a-9993-9ea223f73264")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({}, None),
        ({"share_id": "s1"}, None),
        ({"domain_uuid": "u1"}, None),
        ({"tag": "t1"}, None),
        ({"domain_uuid": "u1", "tag": "t1"}, "tag t1 is already taken in domain two by share s1"),
        ({"domain_uuid": "u1", "share_id": "s1"}, "share s1 is already attached to domain one"),
        (
            {"share_id": "s1", "access_level": AccessLevel.RO},
            "share s1 is attached read-write to domain one, and one host mount serves all",
        ),
    ],
)
def test_what_may_stand_beside_a_mapping(changes: dict[str, str], error: str | None) -> None:
    new = replace(_OTHER, **changes)  # type: ignore[arg-type]
    if error is None:
        check_free(new, (MAPPING,))
        return
    with pytest.raises(Refused, match=error) as caught:
        check_free(new, (MAPPING,))
    assert caught.value.hint


def test_mapping_that_is_on_its_way_out_blocks_its_successor() -> None:
    leaving = replace(MAPPING, intent=Intent.DETACHING)
    again = replace(MAPPING, id="again")
    with pytest.raises(Refused, match="still being detached") as caught:
        check_free(again, (leaving,))
    assert caught.value.hint == "finish that first: sharectl remove one s1"


def test_mount_of_another_level_blocks_until_its_record_is_gone() -> None:
    leaving = replace(MAPPING, intent=Intent.DETACHING, access_level=AccessLevel.RO)
    with pytest.raises(Refused, match="attached read-only to domain one"):
        check_free(replace(_OTHER, share_id="s1"), (leaving,))


def test_mapping_does_not_collide_with_itself() -> None:
    check_free(replace(MAPPING, tag="new"), (MAPPING,))


_LIVE = replace(DOMAIN, running=True, live_filesystems=(MAPPING.filesystem,))


@pytest.mark.parametrize(
    ("intent", "error", "domain", "status"),
    [
        (Intent.ATTACHING, None, DOMAIN, MappingStatus.ATTACHING),
        (Intent.ATTACHED, None, DOMAIN, MappingStatus.INACTIVE),
        (Intent.ATTACHED, None, _LIVE, MappingStatus.ACTIVE),
        (Intent.ATTACHED, None, None, MappingStatus.INACTIVE),
        (Intent.DETACHING, None, _LIVE, MappingStatus.DETACHING),
        (Intent.ATTACHED, "why", _LIVE, MappingStatus.ERROR),
        (Intent.DETACHING, "why", None, MappingStatus.ERROR),
    ],
)
def test_status(
    intent: Intent, error: str | None, domain: Domain | None, status: MappingStatus
) -> None:
    assert status_of(replace(MAPPING, intent=intent, last_error=error), domain) is status


@pytest.mark.parametrize(
    "filesystem", [Filesystem("t1", "/elsewhere"), Filesystem("t2", MOUNT_POINT)]
)
def test_filesystem_of_another_does_not_make_it_active(filesystem: Filesystem) -> None:
    domain = replace(DOMAIN, running=True, live_filesystems=(filesystem,))
    assert status_of(MAPPING, domain) is MappingStatus.INACTIVE


_NAMED = replace(MAPPING, share_id="s9", share_name="docs")
_TWINS = (_NAMED, replace(_NAMED, id="twin", share_id="s8"))


@pytest.mark.parametrize(
    ("mappings", "share", "found"),
    [
        ((MAPPING,), "s1", MAPPING),
        ((MAPPING,), "docs", MAPPING),
        ((MAPPING,), "s2", None),
        ((replace(MAPPING, domain_uuid="u2"),), "s1", None),
        (_TWINS, "s9", _NAMED),
        ((replace(MAPPING, share_name="s9"), _NAMED), "s9", _NAMED),
    ],
)
def test_find(mappings: tuple[ShareMapping, ...], share: str, found: ShareMapping | None) -> None:
    assert find_mapping(mappings, "u1", share) == found


def test_find_by_a_name_that_several_have() -> None:
    with pytest.raises(Refused, match=r"^2 shares named 'docs' are attached to domain") as caught:
        find_mapping(_TWINS, "u1", "docs")
    assert caught.value.hint == "give the ID of one: s9 s8"


def test_errors_name_what_to_type() -> None:
    with pytest.raises(SharectlError) as caught:
        check_free(replace(MAPPING, id="again"), (MAPPING,))
    assert caught.value.hint == "to change it, first: sharectl remove one s1"
