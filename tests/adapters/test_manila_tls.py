"""Certificates and time-outs of the cloud reach Manila, whichever manilaclient is installed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sharectl.adapters.manila_clouds import ManilaClouds
from sharectl.adapters.manila_credentials import Credentials
from sharectl.adapters.manila_session import ManilaSession
from sharectl.adapters.manila_shares import ManilaShares
from sharectl.config import Config
from sharectl.errors import ConfigError, SharectlError, Unavailable
from sharectl.ports.events import Events
from tests.adapters.certificates import Authority, Context
from tests.adapters.openstack_server import SHARE_ID, Answer, OpenStack, Request, serving
from tests.adapters.some_clouds import write_cloud

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.filterwarnings("ignore:Support for InfluxDB"),  # of openstacksdk
    pytest.mark.filterwarnings("ignore:Unverified HTTPS request"),
]

Make = Callable[..., ManilaShares]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A private CA."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Of servers."""
    with ExitStack() as servers:
        yield servers


@pytest.fixture
def make(stack: ExitStack, credentials: object, tmp_path: Path,
         monkeypatch: pytest.MonkeyPatch) -> Make:  # fmt: skip
    """A client of a cloud in clouds.yaml, of which Keystone or Manila speak TLS."""
    for name in ("AUTH_URL", "USERNAME", "PASSWORD", "PROJECT_NAME"):
        monkeypatch.delenv(f"OS_{name}")
    file = tmp_path / "clouds.yaml"
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))

    def cloud(
        keystone: Context | None, manila: Context | None, timeout: float = 10, **settings: object
    ) -> ManilaShares:
        there = stack.enter_context(serving(keystone))
        there.manila_url = f"{stack.enter_context(serving(manila)).url}/v2"
        write_cloud(file, f"{there.url}/v3", **settings)
        return ManilaClouds(
            Config(manila_cloud="demo", manila_timeout=timeout), Events(), lambda _why: None
        ).here()

    return cloud


def _refusal(shares: ManilaShares) -> SharectlError:
    with pytest.raises(SharectlError) as caught:
        shares.rules(SHARE_ID)
    return caught.value


@pytest.mark.parametrize("private", ["keystone", "manila", "both"])
def test_a_private_ca(private: str, authority: Authority, make: Make) -> None:
    contexts = [authority.server() if private in (name, "both") else None
                for name in ("keystone", "manila")]  # fmt: skip
    assert make(*contexts, cacert=str(authority.certificate)).rules(SHARE_ID)
    assert make(*contexts, verify=False).rules(SHARE_ID)
    error = _refusal(make(*contexts))
    assert isinstance(error, ConfigError)
    who = "Manila" if private == "manila" else "Keystone"
    assert error.message.startswith(f"{who} at 127.0.0.1:")
    assert "has a certificate that is not trusted here (" in error.message
    assert ": cacert of cloud demo in /" in error.advice


@pytest.mark.parametrize("who", ["Keystone", "Manila"])
@pytest.mark.parametrize(
    ("of", "says", "hint"),
    [
        ({"days": -1}, "has a certificate that has expired", "date"),
        ({"address": "127.0.0.9"}, "has a certificate for another name", "which names it has"),
    ],
)
def test_a_certificate_of_the_server_that_is_wrong(
    of: dict[str, Any], says: str, hint: str, who: str, authority: Authority, make: Make
) -> None:
    context = authority.server("wrong", **of)
    contexts = (context, None) if who == "Keystone" else (None, context)
    error = _refusal(make(*contexts, cacert=str(authority.certificate)))
    assert isinstance(error, ConfigError)
    assert error.message.startswith(who)
    assert says in error.message
    assert hint in error.advice


def test_a_certificate_of_the_client(authority: Authority, make: Make, tmp_path: Path) -> None:
    context, trusted = authority.server(clients=True), {"cacert": str(authority.certificate)}
    mine = authority.sign("client")
    of_client = {"cert": str(mine.certificate), "key": str(mine.key)}
    assert make(None, context, **trusted, **of_client).rules(SHARE_ID)
    other = Authority(tmp_path, "other").sign("client")
    for shares in (
        make(None, context, **trusted),
        make(None, context, **trusted, cert=str(other.certificate), key=str(other.key)),
    ):
        error = _refusal(shares)
        # OpenSSL may see the connection closed before it reads why.
        assert isinstance(error, ConfigError | Unavailable)
        if isinstance(error, ConfigError):
            assert "name one: cert of cloud demo in /" in error.advice


def test_a_server_that_does_not_speak_tls(make: Make, tmp_path: Path, stack: ExitStack) -> None:
    shares = make(None, None)
    file = tmp_path / "clouds.yaml"
    file.write_text(file.read_text().replace("http:", "https:"))
    error = _refusal(shares)
    assert isinstance(error, ConfigError)
    assert "does not speak TLS" in error.message
    assert error.advice == (f"see whether auth_url of cloud demo in {file} has to begin with http:")


_FILES = {
    "no such CA": ({"cacert": "/nonexistent"}, "cacert of cloud demo in "),
    "no CA in it": ({"cacert": "EMPTY"}, "cacert of cloud demo in "),
    "no such certificate": ({"cert": "/nonexistent"}, "cert of cloud demo in "),
    "no certificate in it": ({"cert": "EMPTY"}, "cert of cloud demo in "),
    "no such key": ({"cert": "CERT", "key": "/nonexistent"}, "/nonexistent cannot be read"),
    "another key": ({"cert": "CERT", "key": "KEY"}, "no certificate with its key"),
}


@pytest.mark.parametrize("who", ["Keystone", "Manila"])
@pytest.mark.parametrize(("settings", "says"), _FILES.values(), ids=_FILES)
def test_files_that_are_no_certificates(
    settings: dict[str, str], says: str, who: str, authority: Authority, make: Make, tmp_path: Path
) -> None:
    (tmp_path / "empty").write_text("nothing")
    files = {
        "EMPTY": tmp_path / "empty",
        "CERT": authority.sign("one").certificate,
        "KEY": authority.sign("two").key,
    }
    context = authority.server()
    contexts = (context, None) if who == "Keystone" else (None, context)
    named = {key: str(files.get(value, value)) for key, value in settings.items()}
    error = _refusal(make(*contexts, **{"cacert": str(authority.certificate), **named}))
    assert isinstance(error, ConfigError)
    assert says in error.message
    assert error.advice.startswith("complete or mend cloud demo in ")


def test_variables_name_certificates_as_well(
    authority: Authority, stack: ExitStack, shares: ManilaShares, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = stack.enter_context(serving(authority.server()))
    monkeypatch.setenv("OS_AUTH_URL", f"{there.url}/v3")
    error = _refusal(shares)
    assert isinstance(error, ConfigError)
    assert ": OS_CACERT; " in error.advice
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    assert "REQUESTS_CA_BUNDLE is /nonexistent" in _refusal(shares).message
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.certificate))
    assert shares.rules(SHARE_ID)


def test_a_manila_that_is_down(openstack: OpenStack, shares: ManilaShares) -> None:
    openstack.manila_url = "http://127.0.0.1:1/v2"
    error = _refusal(shares)
    assert isinstance(error, Unavailable)
    assert error.message == (
        "Manila does not answer: cannot connect to 127.0.0.1:1: Connection refused"
    )


@pytest.mark.parametrize("path", ["", "/", "/v3", "/identity"])
def test_a_keystone_that_is_down_whatever_the_path_of_its_address(
    path: str, shares: ManilaShares, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_AUTH_URL", f"http://127.0.0.1:1{path}")
    error = _refusal(shares)
    assert isinstance(error, Unavailable)
    assert error.message.startswith("Keystone does not answer: cannot connect to 127.0.0.1:1: ")


def test_a_manila_that_hangs(
    openstack: OpenStack, credentials: Credentials, stack: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("OS_AUTH_URL", f"{openstack.url}/v3")
    over = threading.Event()
    stack.callback(over.set)

    def hang(_request: Request) -> Answer | None:
        over.wait(30)
        return None

    openstack.manila.override = hang
    shares = ManilaShares(ManilaSession(credentials, 0.5), lambda _why: None)
    start = time.monotonic()
    error = _refusal(shares)
    assert time.monotonic() - start < 10  # of the 30 that it would hang
    assert isinstance(error, Unavailable)
    # The time-out of the request, or on a busy machine the deadline of the call.
    assert error.message.startswith("Manila does not answer: ")
