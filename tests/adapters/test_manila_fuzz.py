"""Whatever stands in clouds.yaml and in OS_* variables, and whatever answers: an error of ours."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from keystoneauth1.session import Session

from sharectl.adapters.manila_credentials import Credentials
from sharectl.adapters.manila_session import ManilaSession
from sharectl.adapters.manila_shares import ManilaShares
from sharectl.errors import ExitCode, SharectlError
from sharectl.model.enums import AccessLevel, AccessType
from sharectl.model.share import Access
from tests.adapters.openstack_server import SHARE_ID, rule, share
from tests.fuzz import examples

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.filterwarnings("ignore"),  # of openstacksdk
]

_TOLD = {ExitCode.UNAVAILABLE, ExitCode.CONFIG}
_KEYS = (
    "auth", "auth_type", "auth_url", "username", "password", "project_name", "token", "verify",
    "insecure", "cacert", "cert", "key", "region_name", "regions", "interface", "profile",
    "networks", "external_network", "shared_file_system_endpoint_override", "api_timeout",
    "auth_methods", "domain_id", "cloud", "vendor_hook", "force_ipv4",
)  # fmt: skip
_words = st.sampled_from((
    "", "demo", "password", "v3token", "v3multifactor", "none", "http://127.0.0.1:1/v3",
    "http://127.0.0.1:1", "http://[::1", "https://127.0.0.1:1/v3", "{", "{auth}", "{0}", "~nobody",
    "true", "vexxhost", "/nonexistent", "a,b", "\0", "\n", "\udcff",
))  # fmt: skip
_scalars = st.one_of(
    _words, st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)
)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(_KEYS), inner, max_size=3)
    ),
    max_leaves=5,
)
_entries = st.dictionaries(st.sampled_from(_KEYS), _values, max_size=4)
_GOOD = {"auth_url": "http://127.0.0.1:1/v3", "username": "u", "password": "p",
         "project_name": "x"}  # fmt: skip
_auth = st.one_of(st.just(_GOOD), _entries.map(lambda some: {**_GOOD, **some}), _values)
_cloud = st.one_of(st.builds(lambda some, auth: {**some, "auth": auth}, _entries, _auth), _values)
_document = st.one_of(
    st.builds(lambda some, cloud: {**some, "clouds": {"demo": cloud}},
              st.dictionaries(st.sampled_from(("client", "cache", "metrics")), _values), _cloud),
    st.builds(lambda name, cloud: {"clouds": {name: cloud}}, _scalars, _cloud),
    _values,
)  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of the clouds.yaml that is read; there are no variables but the one that names it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("OS_")]:
            patch.delenv(name)
        file = tmp_path_factory.mktemp("clouds") / "clouds.yaml"
        patch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
        patch.setattr("openstack.config.loader.CONFIG_FILES", [])
        # Nobody is asked: what a server would answer is the matter of the other tests.
        patch.setattr(Session, "request", _refuse)
        patch.setattr("requests.get", _refuse)
        yield file


def _refuse(*_arguments: object, **_options: object) -> Any:
    from keystoneauth1.exceptions import ConnectFailure

    raise ConnectFailure("Unable to establish connection to http://127.0.0.1:1/: refused")


def _told(ask: Callable[[], object]) -> None:
    """`ask()` ends with an error of ours, told in two lines."""
    with pytest.raises(SharectlError) as caught:
        ask()
    error = caught.value
    assert error.exit_code in _TOLD, error
    assert error.message
    assert error.advice


def _ask(cloud: str | None) -> Callable[[], object]:
    return lambda: ManilaShares(ManilaSession(Credentials(cloud), 5), lambda _why: None).list()


@settings(max_examples=examples(120))
@given(document=_document)
def test_any_clouds_yaml(document: object, place: Path) -> None:
    place.write_text(yaml.safe_dump(document), errors="surrogateescape")
    _told(_ask("demo"))


@settings(max_examples=examples(120))
@given(text=st.text("{}[]:,-&*!|>'\"%@`# \n\tab1\0", max_size=40))
def test_any_text_in_clouds_yaml(text: str, place: Path) -> None:
    place.write_text(f"clouds:\n  demo:\n    auth: {text}")
    _told(_ask("demo"))


@settings(max_examples=examples(120))
@given(
    given_variables=st.dictionaries(
        st.sampled_from([f"OS_{key.upper()}" for key in _KEYS]),
        st.one_of(_words, st.text(max_size=5)).filter(lambda text: "\0" not in text),
        max_size=6,
    )
)
def test_any_variables(given_variables: dict[str, str], place: Path) -> None:
    place.unlink(missing_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given_variables.items():
            os.fsencode(value)
            patch.setenv(name, value)
        _told(_ask(None))


_WORDS = ("id", "name", "shares", "share", "access_list", "access", "export_locations", "path",
          "metadata", "versions", "version", "code", "message", "itemNotFound", "badRequest",
          "count")  # fmt: skip
_json = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
        st.sampled_from((SHARE_ID, "../x", "2.99", "v2.0", "active", "levitating", "\udcff")),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(_WORDS), inner, max_size=4)
    ),
    max_leaves=8,
)  # fmt: skip


def _with(good: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Nearly as it should be: with another value in some places."""
    odd = st.dictionaries(st.sampled_from(sorted(good)), _json, max_size=2)
    return odd.map(lambda some: {**good, **some})


_bodies = st.one_of(
    st.binary(max_size=20),
    st.just(b"[" * 5000),
    st.just(b'{"shares": ' + b"9" * 5000 + b"}"),
    st.builds(
        lambda a, b: json.dumps({
            "shares": [a], "share": a, "access_list": [b], "access": b,
            "export_locations": a.get("export_locations"), "metadata": b.get("metadata"),
        }).encode(),
        _with(share()), _with(rule()),
    ),
    _json.map(lambda body: json.dumps(body).encode()),
)  # fmt: skip
_ACCESS = Access(AccessType.IP, "192.0.2.9", AccessLevel.RW)
_asks: tuple[Callable[[ManilaShares], object], ...] = (
    lambda shares: shares.list(),
    lambda shares: shares.find(SHARE_ID),
    lambda shares: shares.find("docs"),
    lambda shares: shares.rules(SHARE_ID),
    lambda shares: shares.survey({SHARE_ID}),
    lambda shares: shares.key(SHARE_ID, "r1"),
    lambda shares: shares.grant(SHARE_ID, _ACCESS, {}),
    lambda shares: shares.annotate(SHARE_ID, "r1", {"a": "b", "c": ""}),
    lambda shares: shares.revoke(SHARE_ID, "r1"),
)
_STATUSES = (200, 200, 200, 201, 204, 300, 304, 400, 401, 403, 404, 405, 406, 409, 413, 418, 422,
             429, 500, 501, 502, 503, 599)  # fmt: skip
_waits = st.sampled_from(
    (None, "0", "-1", "1e9", "soon", "Thu, 01 Jan 1970 00:00:00 GMT", "\udcff")
)
_answers = st.tuples(st.sampled_from(_STATUSES), _bodies, _waits)
_SAID = {ExitCode.UNAVAILABLE, ExitCode.CONFIG, ExitCode.REFUSED, ExitCode.NOT_FOUND,
         ExitCode.PERMISSION}  # fmt: skip


@settings(max_examples=examples(150))
@given(
    answers=st.lists(
        st.tuples(st.sampled_from(_STATUSES), _bodies, _waits), min_size=1, max_size=3
    ),
    ask=st.sampled_from(_asks),
)
def test_any_answers(
    answers: list[tuple[int, bytes, str | None]], ask: Callable[[ManilaShares], object],
    place: Path,
) -> None:  # fmt: skip
    place.write_text(yaml.safe_dump({"clouds": {"demo": {
        "auth_type": "none", "auth": {"endpoint": "http://127.0.0.1:1/v2"}}}}))  # fmt: skip
    sent: list[int] = []

    def answer(_session: Session, *_arguments: object, **_options: object) -> requests.Response:
        status, body, wait = answers[min(len(sent), len(answers) - 1)]
        sent.append(status)
        made = requests.Response()
        made.status_code, made._content = status, body
        made.headers["Content-Type"] = "application/json"
        if wait is not None:
            made.headers["Retry-After"] = wait
        return made

    shares = ManilaShares(ManilaSession(Credentials("demo"), 5), lambda _why: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "request", answer)
        try:
            ask(shares)
        except SharectlError as error:
            assert error.exit_code in _SAID, error
            assert error.message
            assert error.advice
