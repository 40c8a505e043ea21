"""What is made of Manila's answers."""

from __future__ import annotations

import pytest

from sharectl.adapters.manila_credentials import Credentials
from sharectl.adapters.manila_session import WANTED, ManilaSession, known_by_client
from sharectl.adapters.manila_shares import ManilaShares
from sharectl.errors import ConfigError, Denied, Refused, RuleExists, Unavailable
from sharectl.model.enums import AccessLevel, AccessType, RuleState
from sharectl.model.event import Requested
from sharectl.model.share import Access
from sharectl.ports.events import Events
from tests.adapters.openstack_server import (
    SHARE_ID,
    Answer,
    OpenStack,
    Override,
    Request,
    as_json,
    fault,
    rule,
    share,
)
from tests.fakes.process import Heard

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.filterwarnings("ignore:Support for InfluxDB"),  # of openstacksdk
]

_ACCESS = Access(AccessType.IP, "192.0.2.9", AccessLevel.RW)
_IDS = [f"5a5a5a5a-0000-4000-8000-{number:012}" for number in range(1, 8)]


_OLD_MANILA = "Manila is at API 2.65"
_OLD_CLIENT = "python-manilaclient on this host knows API 2.72 at most"


@pytest.mark.parametrize(
    ("newest", "known", "told"),
    [
        ((2, 65), "2.99", [_OLD_MANILA]),
        ((2, 65), "2.72", [_OLD_MANILA]),
        ((2, 99), "2.72", [_OLD_CLIENT]),
        ((2, 99), None, [] if known_by_client() >= WANTED else [_OLD_CLIENT]),
    ],
)
def test_a_manila_without_locks_is_told_when_a_rule_is_granted_and_only_then(
    newest: tuple[int, int], known: str | None, told: list[str], openstack: OpenStack,
    credentials: Credentials, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The client has its own limit, of which older servers know nothing."""
    if known is not None:
        monkeypatch.setattr("manilaclient.api_versions.MAX_VERSION", known)
    monkeypatch.setenv("OS_AUTH_URL", f"{openstack.url}/v3")
    unlocked: list[str] = []
    shares = ManilaShares(ManilaSession(credentials, 10), unlocked.append)
    openstack.manila.newest = newest
    shares.survey({SHARE_ID})
    shares.rules(SHARE_ID)
    assert unlocked == []
    shares.grant(SHARE_ID, _ACCESS, {"managed-by": "sharectl"})
    assert unlocked == told


def test_each_request_that_changes_something_is_an_event(
    openstack: OpenStack, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the ID by which Manila's own log knows it, and not with what is none."""
    monkeypatch.setenv("OS_AUTH_URL", f"{openstack.url}/v3")
    heard = Heard()
    session = ManilaSession(credentials, 10, events=Events(heard))
    shares = ManilaShares(session, lambda _why: None)
    openstack.manila.headers["X-OpenStack-Request-ID"] = "req-1b2d"
    rule = shares.grant(SHARE_ID, _ACCESS, {"managed-by": "sharectl"})
    openstack.manila.headers["X-OpenStack-Request-ID"] = "<script>"
    shares.revoke(SHARE_ID, rule.id)
    found = [item for item in heard.events if isinstance(item, Requested)]
    assert [item.method for item in found] == ["POST", "POST"]
    assert {item.path for item in found} == {f"/v2/shares/{SHARE_ID}/action"}
    assert [item.request_id for item in found] == ["req-1b2d", ""]
    assert all(200 <= item.status < 300 for item in found)


@pytest.mark.parametrize("mine", [True, False])
def test_a_client_that_knows_no_locks_withdraws_a_locked_rule(
    mine: bool, openstack: OpenStack, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one of Debian 12 must, when a newer one has made the rule."""
    monkeypatch.setattr("manilaclient.api_versions.MAX_VERSION", "2.72")
    monkeypatch.setenv("OS_AUTH_URL", f"{openstack.url}/v3")
    shares = ManilaShares(ManilaSession(credentials, 10), lambda _why: None)

    def locked(request: Request) -> Answer | None:
        asked = (request.body or {}).get("deny_access")
        if asked is None or (request.version == "2.82" and asked.get("unrestrict") and mine):
            return None
        return fault(403, "forbidden", "Cannot deny access, since it has been locked.")

    openstack.manila.override = locked
    if mine:
        shares.revoke(SHARE_ID, "r1")
        assert shares.rules(SHARE_ID) == ()
        return
    with pytest.raises(Denied, match="has been locked"):
        shares.revoke(SHARE_ID, "r1")
    openstack.manila.newest = (2, 80)  # which knows no locks either, and refuses for another reason
    with pytest.raises(Denied, match="has been locked"):
        shares.revoke(SHARE_ID, "r1")


def _failing(answer: Answer) -> Override:
    def override(request: Request) -> Answer | None:
        return answer if request.query.get("share_id") == _IDS[0] else None

    return override


@pytest.fixture
def three(openstack: OpenStack) -> OpenStack:
    """With three shares."""
    openstack.manila.shares = {name: share(name) for name in _IDS[:3]}
    return openstack


@pytest.mark.parametrize(
    "answer",
    [fault(403, "forbidden", "no"), Answer(500), fault(400, "badRequest", "no such thing")],
    ids=lambda answer: answer.status,
)
def test_what_fails_for_one_share_is_told_of_that_one(
    answer: Answer, three: OpenStack, shares: ManilaShares
) -> None:
    three.manila.override = _failing(answer)
    seen = shares.survey(_IDS[:3])
    assert (seen[_IDS[0]].status, seen[_IDS[0]].error is None) == (None, False)
    for name in _IDS[1:3]:
        assert (seen[name].status, len(seen[name].rules), seen[name].error) == (
            "available", 1, None,
        )  # fmt: skip


@pytest.mark.parametrize(
    "answer",
    [Answer(503), fault(401, "error", "no"), Answer(404), Answer(200, "<html>", "text/html")],
    ids=lambda answer: answer.status,
)
def test_what_fails_for_all_is_told_once(
    answer: Answer, three: OpenStack, shares: ManilaShares
) -> None:
    three.manila.override = _failing(answer)
    with pytest.raises((Unavailable, ConfigError)):
        shares.survey(_IDS[:3])


@pytest.mark.parametrize("newest", [(2, 99), (2, 41)])
@pytest.mark.parametrize("page", [1, 3, 5, 1000])
def test_lists_are_read_to_their_end_whatever_the_limit_of_the_server(
    page: int, newest: tuple[int, int], openstack: OpenStack, shares: ManilaShares
) -> None:
    openstack.manila.shares = {name: share(name, name="docs") for name in _IDS}
    openstack.manila.page, openstack.manila.newest = page, newest
    assert [item.id for item in shares.list()] == _IDS
    with pytest.raises(Refused, match="7 shares are named 'docs'"):
        shares.find("docs")
    assert {seen.status for seen in shares.survey(_IDS).values()} == {"available"}


def test_a_short_list_takes_one_request(openstack: OpenStack, shares: ManilaShares) -> None:
    shares.list()
    assert len(openstack.manila.asked) == 1


def test_a_rule_in_a_state_that_nobody_knows_is_still_a_rule(
    openstack: OpenStack, shares: ManilaShares
) -> None:
    openstack.manila.rules = [rule("r1", state="levitating"), rule("r2")]
    first, second = shares.survey({SHARE_ID})[SHARE_ID].rules
    assert (first.state, first.pending, first.leaving) == (RuleState.UNKNOWN, True, False)
    assert second.state is RuleState.ACTIVE


@pytest.mark.parametrize("missing", ["access_to", "access_type", "access_level", "state", "id"])
def test_a_rule_without_a_field_is_no_answer_of_manila(
    missing: str, openstack: OpenStack, shares: ManilaShares
) -> None:
    del openstack.manila.rules[0][missing]
    with pytest.raises(Unavailable, match="not Manila"):
        shares.rules(SHARE_ID)


@pytest.mark.parametrize("missing", ["name", "share_proto", "status", "size", "id"])
def test_a_share_without_a_field_is_no_answer_of_manila(
    missing: str, openstack: OpenStack, shares: ManilaShares
) -> None:
    del openstack.manila.shares[SHARE_ID][missing]
    for look in (lambda: shares.find(SHARE_ID), shares.list, lambda: shares.survey({SHARE_ID})):
        with pytest.raises(Unavailable, match="not Manila"):
            look()


@pytest.mark.parametrize("found", [{}, "", None, {"values": []}, [None], ["x"], [{}]])
def test_a_list_of_other_things_is_not_an_empty_list(
    found: object, openstack: OpenStack, shares: ManilaShares
) -> None:
    answer = as_json({"shares": found, "access_list": found, "export_locations": found})
    openstack.manila.override = lambda request: None if request.path.endswith(SHARE_ID) else answer
    for look in (shares.list, lambda: shares.rules(SHARE_ID), lambda: shares.find(SHARE_ID)):
        with pytest.raises(Unavailable, match="not Manila"):
            look()


def test_the_details_of_another_share_are_not_taken(
    openstack: OpenStack, shares: ManilaShares
) -> None:
    openstack.manila.shares[_IDS[4]] = share(_IDS[5])
    with pytest.raises(Unavailable, match="another share"):
        shares.find(_IDS[4])


def test_a_second_rule_for_a_client_is_an_error_of_its_own(
    openstack: OpenStack, shares: ManilaShares
) -> None:
    exists = fault(400, "badRequest", "Share access ip:192.0.2.9 exists.")
    openstack.manila.override = lambda request: exists if request.method == "POST" else None
    with pytest.raises(RuleExists) as caught:
        shares.grant(SHARE_ID, _ACCESS, {})
    assert caught.value.hint == f"see whose it is: openstack share access list {SHARE_ID}"


def test_metadata_of_a_rule_is_added_and_taken_away(
    openstack: OpenStack, shares: ManilaShares
) -> None:
    openstack.manila.rules = [rule("r1", metadata={"keep": "1", "drop": "2"})]
    shares.annotate(SHARE_ID, "r1", {"new": "3", "drop": "", "never was/there": ""})
    assert shares.rules(SHARE_ID)[0].metadata == {"keep": "1", "new": "3"}


def test_no_metadata_before_2_45(openstack: OpenStack, shares: ManilaShares) -> None:
    openstack.manila.newest = (2, 44)
    assert shares.rules(SHARE_ID)[0].metadata is None
    shares.annotate(SHARE_ID, "r9", {"new": "3"})


_BINNED = {"is_soft_deleted": True, "scheduled_to_be_deleted_at": "2026-12-01T09:30:00.000000"}


@pytest.mark.parametrize("ident", [SHARE_ID, "docs"])
def test_a_share_in_the_recycle_bin_is_found_with_what_hinders_it(
    ident: str, openstack: OpenStack, shares: ManilaShares
) -> None:
    openstack.manila.shares[SHARE_ID].update(_BINNED)
    found = shares.find(ident)
    assert str(found.hindrance) == "is in the recycle bin and will be purged on 2026-12-01"
    seen = shares.survey({SHARE_ID})[SHARE_ID]
    assert (seen.status, seen.hindrance) == ("available", found.hindrance)
    assert shares.list() == ()


def test_a_share_that_has_the_name_now_goes_before_one_in_the_recycle_bin(
    openstack: OpenStack, shares: ManilaShares
) -> None:
    openstack.manila.shares[SHARE_ID].update(_BINNED)
    openstack.manila.shares[_IDS[3]] = share(_IDS[3])
    assert shares.find("docs").id == _IDS[3]


def test_a_survey_tells_name_metadata_and_what_hinders(
    openstack: OpenStack, shares: ManilaShares
) -> None:
    openstack.manila.shares[SHARE_ID].update(
        metadata={"a": "b"}, task_state="migration_in_progress"
    )
    seen = shares.survey({SHARE_ID})[SHARE_ID]
    assert (seen.name, seen.metadata) == ("docs", {"a": "b"})
    assert str(seen.hindrance) == "is being migrated (task state migration_in_progress)"


def _soft_deleted(request: Request) -> Answer | None:
    if request.method != "POST":
        return None
    return fault(403, "forbidden", "Cannot deny access for share 'x': it has been soft deleted.")


def test_what_a_share_in_the_recycle_bin_refuses_is_no_matter_of_credentials(
    openstack: OpenStack, shares: ManilaShares
) -> None:
    openstack.manila.shares[SHARE_ID].update(_BINNED)
    openstack.manila.override = _soft_deleted
    for change in (
        lambda: shares.revoke(SHARE_ID, "r1"),
        lambda: shares.grant(SHARE_ID, _ACCESS, {}),
    ):
        with pytest.raises(Refused, match="is in the recycle bin") as caught:
            change()
        assert caught.value.hint == f"take it out: openstack share restore {SHARE_ID}"
