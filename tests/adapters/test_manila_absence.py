"""That a share or rule is gone is Manila's own word, confirmed; nobody else's counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sharectl.adapters.manila_shares import ManilaShares
from sharectl.errors import NotFound, SharectlError, Unavailable
from sharectl.model.enums import AccessLevel, AccessType
from sharectl.model.share import Access
from tests.adapters.openstack_server import (
    MISSING,
    PROXY_404,
    SHARE_ID,
    Answer,
    OpenStack,
    Override,
    Request,
    as_json,
    fault,
)

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.filterwarnings("ignore:Support for InfluxDB"),  # of openstacksdk
]

_GONE_ID = "5a5a5a5a-0000-4000-8000-000000000009"
_ACCESS = Access(AccessType.IP, "192.0.2.9", AccessLevel.RW)
_Ask = Callable[[ManilaShares], object]

_ASKS: dict[str, _Ask] = {
    "find by ID": lambda shares: shares.find(SHARE_ID),
    "find by name": lambda shares: shares.find("docs"),
    "list": lambda shares: shares.list(),
    "rules": lambda shares: shares.rules(SHARE_ID),
    "survey": lambda shares: shares.survey({SHARE_ID}),
    "key": lambda shares: shares.key(SHARE_ID, "r1"),
    "grant": lambda shares: shares.grant(SHARE_ID, _ACCESS, {}),
    "annotate": lambda shares: shares.annotate(SHARE_ID, "r1", {"a": "b"}),
    "annotate away": lambda shares: shares.annotate(SHARE_ID, "r1", {"a": ""}),
    "revoke": lambda shares: shares.revoke(SHARE_ID, "r1"),
}
_CHANGES = [_ASKS[name] for name in ("grant", "annotate", "annotate away", "revoke")]
_HTML = "<html><body><h1>Not Found</h1></body></html>"
_LIES = {
    "404 text": PROXY_404,
    "404 HTML": Answer(404, _HTML, "text/html"),
    "404 empty": Answer(404),
    "404 JSON of another": as_json({"detail": "Not Found"}, 404),
    "404 of a wrong path": as_json(
        {"message": "The resource could not be found.", "code": "404 Not Found", "title": "N"}, 404
    ),
    "404 of another service": fault(404, "error", "Could not find share."),
    "403 HTML": Answer(403, _HTML, "text/html"),
    "400 HTML": Answer(400, _HTML, "text/html"),
    "200 HTML": Answer(200, "<html>Welcome</html>", "text/html"),
    "200 empty": Answer(200),
    "200 JSON of another": as_json({"status": "ok"}),
    "200 null": as_json(None),
    "502 with Retry-After": Answer(502, _HTML, "text/html", {"Retry-After": "500"}),
    "429 with Retry-After": Answer(429, "slow down", "text/plain", {"Retry-After": "500"}),
}


def _always(answer: Answer) -> Override:
    return lambda _request: answer


@pytest.mark.parametrize("lie", _LIES.values(), ids=_LIES)
@pytest.mark.parametrize("ask", _ASKS.values(), ids=_ASKS)
def test_what_is_not_manilas_says_nothing_of_a_share(
    ask: _Ask, lie: Answer, openstack: OpenStack, shares: ManilaShares
) -> None:
    shares.project_id()  # logged in
    openstack.manila.override = _always(lie)
    if lie.status == 200 and ask in (_ASKS["revoke"], _ASKS["annotate away"]):
        ask(shares)  # both have no body to tell it by; whether the rule goes is looked at then
        return
    with pytest.raises(Unavailable) as caught:
        ask(shares)
    assert caught.value.hint
    assert caught.value.uncertain is (ask in _CHANGES and lie.status != 429)


_GONE: dict[str, _Ask] = {
    "find by ID": lambda shares: shares.find(_GONE_ID),
    "find by name": lambda shares: shares.find("other"),
    "rules": lambda shares: shares.rules(_GONE_ID),
    "key of share": lambda shares: shares.key(_GONE_ID, "r1"),
    "key of rule": lambda shares: shares.key(SHARE_ID, "r9"),
    "grant": lambda shares: shares.grant(_GONE_ID, _ACCESS, {}),
    "annotate": lambda shares: shares.annotate(SHARE_ID, "r9", {"a": "b"}),
    "annotate away": lambda shares: shares.annotate(SHARE_ID, "r9", {"a": ""}),
}


@pytest.mark.parametrize("ask", _GONE.values(), ids=_GONE)
def test_what_manila_says_twice_is_gone(ask: _Ask, shares: ManilaShares) -> None:
    with pytest.raises(NotFound):
        ask(shares)


def test_a_survey_and_a_withdrawal_see_what_is_gone(shares: ManilaShares) -> None:
    seen = shares.survey({SHARE_ID, _GONE_ID})
    assert (seen[SHARE_ID].status, seen[_GONE_ID].status) == ("available", None)
    shares.revoke(SHARE_ID, "r9")
    shares.revoke(_GONE_ID, "r9")


def test_many_shares_that_are_gone_are_confirmed_at_once(
    openstack: OpenStack, shares: ManilaShares
) -> None:
    many = {f"5a5a5a5a-0000-4000-8000-0000000001{number:02}" for number in range(20)}
    assert all(seen.status is None for seen in shares.survey(many).values())
    asked = [request.path for request in openstack.manila.asked]
    assert asked.count("/v2/") == 1
    assert asked.count("/v2/shares") == 2  # the shares, and those in the recycle bin


def _broken_version_document(request: Request) -> Answer | None:
    return PROXY_404 if request.path in ("/", "/v2", "/v2/") else None


@pytest.mark.parametrize("ask", _GONE.values(), ids=_GONE)
def test_without_manilas_version_document_nothing_is_gone(
    ask: _Ask, openstack: OpenStack, shares: ManilaShares
) -> None:
    openstack.manila.override = _broken_version_document
    with pytest.raises(Unavailable):
        ask(shares)
    for look in (lambda: shares.survey({_GONE_ID}), lambda: shares.revoke(SHARE_ID, "r9")):
        with pytest.raises(Unavailable):
            look()


def _no_single_share(request: Request) -> Answer | None:
    if request.path.startswith(f"/v2/shares/{SHARE_ID}") or "share_id" in request.query:
        return MISSING
    return None


@pytest.mark.parametrize("name", ["find by ID", "find by name", "rules", "key", "survey"])
def test_a_share_that_is_listed_is_not_gone(
    name: str, openstack: OpenStack, shares: ManilaShares
) -> None:
    openstack.manila.override = _no_single_share
    for binned in (False, True):
        openstack.manila.shares[SHARE_ID]["is_soft_deleted"] = binned
        with pytest.raises(Unavailable, match="does not exist, and lists it"):
            _ASKS[name](shares)


def _no_change(request: Request) -> Answer | None:
    gone = fault(404, "itemNotFound", "Resource could not be found.")
    return gone if request.method != "GET" else None


@pytest.mark.parametrize("name", ["annotate", "revoke"])
def test_a_rule_that_is_listed_is_not_gone(
    name: str, openstack: OpenStack, shares: ManilaShares
) -> None:
    openstack.manila.override = _no_change
    with pytest.raises(Unavailable, match=r"access rule r1 of share .* does not exist, and"):
        _ASKS[name](shares)


@pytest.mark.parametrize("state", ["queued_to_deny", "denying"])
def test_a_rule_that_is_leaving_need_not_be_withdrawn(
    state: str, openstack: OpenStack, shares: ManilaShares
) -> None:
    """Manila answers 404 to a second withdrawal, and lists the rule until it is gone."""
    openstack.manila.rules[0]["state"] = state
    openstack.manila.override = _no_change
    shares.revoke(SHARE_ID, "r1")


def test_an_endpoint_of_one_project_is_confirmed_at_the_root(
    openstack: OpenStack, shares: ManilaShares
) -> None:
    openstack.manila.override = lambda request: PROXY_404 if request.path == "/v2/" else None
    with pytest.raises(NotFound):
        shares.find(_GONE_ID)


def test_what_is_wrong_is_said_with_what_to_look_at(
    openstack: OpenStack, shares: ManilaShares
) -> None:
    openstack.manila.override = _always(PROXY_404)
    with pytest.raises(SharectlError) as caught:
        shares.rules(SHARE_ID)
    assert caught.value.message == "what answers in Manila's place is not Manila: HTTP 404"
    assert caught.value.advice.endswith(": openstack catalog list")
