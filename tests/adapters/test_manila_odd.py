"""Answers that Manila or Keystone seldom or never gives: told by cause, never an internal error."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from sharectl.adapters.manila_shares import ManilaShares
from sharectl.adapters.retry_after import seconds_of
from sharectl.errors import Refused, SharectlError, Unavailable
from sharectl.model.enums import AccessLevel, AccessType
from sharectl.model.share import Access
from tests.adapters.openstack_server import (
    SHARE_ID,
    Answer,
    OpenStack,
    Request,
    as_json,
    fault,
    share,
)

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.filterwarnings("ignore:Support for InfluxDB"),  # of openstacksdk
]

_ACCESS = Access(AccessType.IP, "192.0.2.9", AccessLevel.RW)
_NOW = datetime(2026, 11, 26, 1, 2, 3, tzinfo=UTC)


def test_a_list_of_ever_new_shares_ends(
    openstack: OpenStack, shares: ManilaShares, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sharectl.adapters.manila_lists._MOST", 5)

    def override(request: Request) -> Answer:
        number = int(request.query["offset"])
        return as_json({"shares": [share(f"5a5a5a5a-0000-4000-8000-{number:012}")]})

    openstack.manila.override = override
    with pytest.raises(Unavailable, match="a list without an end"):
        shares.list()
    assert len(openstack.manila.asked) == 5


def test_the_same_page_for_ever_ends(openstack: OpenStack, shares: ManilaShares) -> None:
    openstack.manila.override = lambda _request: as_json({"shares": [share()], "count": 99})
    assert [item.id for item in shares.list()] == [SHARE_ID]


def test_an_answer_that_is_too_large_is_not_read_to_its_end(
    openstack: OpenStack, shares: ManilaShares, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sharectl.adapters.manila_limits._MOST", 100_000)
    assert [item.id for item in shares.list()] == [SHARE_ID]
    openstack.manila.override = lambda _request: as_json({"shares": ["x" * 200_000]})
    with pytest.raises(Unavailable, match="is not Manila: an answer of more than"):
        shares.list()


def test_the_limit_of_answers_holds_for_keystone_and_packed_ones(
    openstack: OpenStack, shares: ManilaShares, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sharectl.adapters.manila_limits._MOST", 100_000)
    packed = gzip.compress(b" " * 200_000)
    answer = Answer(200, packed, headers={"Content-Encoding": "gzip"})
    monkeypatch.setattr(openstack, "answer", lambda _request: answer)
    with pytest.raises(Unavailable, match="is not Keystone: an answer of more than"):
        shares.list()


@pytest.mark.parametrize("ident", ["../../etc", "", "a/b", "-x", "x" * 256, "a\nb"])
def test_an_id_that_could_lead_elsewhere_is_none(
    ident: str, openstack: OpenStack, shares: ManilaShares
) -> None:
    openstack.manila.override = lambda _request: as_json({"shares": [share(ident)]})
    with pytest.raises(Unavailable, match="the impossible ID"):
        shares.list()


@pytest.mark.parametrize(
    "answer",
    [
        fault(400, "badRequest", "Invalid share access level: rw."),
        fault(409, "conflictingRequest", "Share is busy."),
        fault(422, "unprocessableEntity", "no"),
    ],
    ids=lambda answer: answer.status,
)
def test_what_manila_refuses_of_a_rule_comes_with_what_to_look_at(
    answer: Answer, openstack: OpenStack, shares: ManilaShares
) -> None:
    openstack.manila.override = lambda request: answer if request.method == "POST" else None
    for change in (
        lambda: shares.grant(SHARE_ID, _ACCESS, {}),
        lambda: shares.revoke(SHARE_ID, "r1"),
    ):
        with pytest.raises(Refused) as caught:
            change()
        assert caught.value.hint == (
            f"see the share and its rules: openstack share show {SHARE_ID};"
            f" openstack share access list {SHARE_ID}"
        )


@pytest.mark.parametrize("status", [400, 405, 406, 409, 410, 413, 418, 422, 429, 431, 451, 599])
@pytest.mark.parametrize("body", ["manila's", "empty object", "HTML"])
def test_any_status_is_told_with_a_hint(
    status: int, body: str, openstack: OpenStack, shares: ManilaShares
) -> None:
    answers = {
        "manila's": fault(status, "computeFault", "no"),
        "empty object": as_json({}, status),
        "HTML": Answer(status, "<html>", "text/html"),
    }
    openstack.manila.override = lambda _request: answers[body]
    with pytest.raises((Unavailable, Refused)) as caught:
        shares.rules(SHARE_ID)
    assert caught.value.hint


@pytest.mark.parametrize("where", [None, "/v2/other", "http://[::1", "SELF"])
def test_a_redirection_that_leads_nowhere(
    where: str | None, openstack: OpenStack, shares: ManilaShares
) -> None:
    location = {} if where is None else {"Location": where.replace("SELF", f"{openstack.url}/v2")}
    openstack.manila.override = lambda _request: Answer(302, headers=location)
    for ask in (lambda: shares.rules(SHARE_ID), lambda: shares.revoke(SHARE_ID, "r1")):
        with pytest.raises(Unavailable):
            ask()


@pytest.mark.parametrize("answer", [
    Answer(200, "<html>Welcome</html>", "text/html"), as_json({"token": {}}, 201), Answer(503),
    Answer(404, "no", "text/plain"), as_json([], 200), as_json({"token": None}, 200),
    as_json({"token": {"catalog": 5, "expires_at": "soon"}}, 201, **{"X-Subject-Token": "t"}),
])  # fmt: skip
def test_what_is_not_keystone(
    answer: Answer, openstack: OpenStack, shares: ManilaShares, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openstack, "answer", lambda _request: answer)
    with pytest.raises(SharectlError) as caught:
        shares.rules(SHARE_ID)
    assert caught.value.exit_code in (69, 78)
    assert caught.value.hint


def test_retry_after_may_be_a_date_by_the_servers_clock(
    openstack: OpenStack, shares: ManilaShares
) -> None:
    date = format_datetime(_NOW, usegmt=True)
    later = format_datetime(_NOW + timedelta(seconds=90), usegmt=True)
    assert seconds_of(later, date) == 90
    assert seconds_of(date, later) == 0
    assert seconds_of("7", None) == 7
    for neither in ("soon", "-1", "nan", "", "Thu, 99 Jan 1970 00:00:00 GMT"):
        assert seconds_of(neither, date) is None
    left = [Answer(429, "slow down", "text/plain", {"Retry-After": date})]
    openstack.manila.override = lambda _request: left.pop() if left else None
    assert shares.rules(SHARE_ID)
    assert len(openstack.manila.asked) == 2
