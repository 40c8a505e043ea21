"""Errors of credentials say what to mend: which file, which name, which service."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from keystoneauth1 import exceptions as auth_errors
from manilaclient import exceptions as manila_errors

from sharectl.adapters.manila_credentials import Credentials
from sharectl.adapters.manila_errors import translate
from sharectl.adapters.manila_session import ManilaSession
from sharectl.adapters.manila_shares import ManilaShares
from sharectl.errors import ConfigError, Denied, Unavailable

pytestmark = pytest.mark.filterwarnings("ignore:Support for InfluxDB")  # of openstacksdk
_CLOUD = """
    auth: {auth_url: http://192.0.2.1:5000/v3, username: u, password: p, project_name: x}
"""
_REFUSED = (
    "Unable to establish connection to http://192.0.2.1:8786/v2: [Errno 111] Connection refused"
)


@pytest.fixture
def clouds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clouds.yaml with `demo` and `other cloud`, and nothing in the environment but its place."""
    for name in [name for name in os.environ if name.startswith("OS_")]:
        monkeypatch.delenv(name)
    file = tmp_path / "clouds.yaml"
    file.write_text(f"clouds:\n  demo:{_CLOUD}  other cloud:{_CLOUD}")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    return file


@pytest.fixture
def no_clouds(clouds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No clouds.yaml anywhere."""
    clouds.unlink()
    monkeypatch.setattr("openstack.config.loader.CONFIG_FILES", [])


def _refusal(credentials: Credentials) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        _ = credentials.auth
    return caught.value


def test_unknown_cloud_is_told_with_who_named_it_and_which_there_are(clouds: Path) -> None:
    error = _refusal(Credentials("demoo", "manila.cloud of /etc/sharectl/config.toml"))
    assert error.message == (
        "no usable credentials: cloud 'demoo', named by manila.cloud of /etc/sharectl/config.toml,"
        f" is not in {clouds}"
    )
    assert error.advice == (
        f"{clouds} has: demo, other cloud; name one with --os-cloud, OS_CLOUD or manila.cloud of"
        " the configuration file"
    )


def test_no_cloud_chosen_of_several(clouds: Path) -> None:
    error = _refusal(Credentials(None))
    assert error.message == "no cloud is chosen, and OS_AUTH_URL is not set"
    assert error.advice.startswith(f"{clouds} has: demo, other cloud; name one with --os-cloud")


@pytest.mark.usefixtures("no_clouds")
def test_no_clouds_and_no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in ("nothing", "a variable that is not enough"):
        error = _refusal(Credentials(None))
        assert error.message == "no cloud is chosen, and OS_AUTH_URL is not set"
        assert error.advice.startswith(
            "no clouds.yaml can be read: look after /etc/openstack/clouds.yaml"
        )
        monkeypatch.setenv("OS_USERNAME", "u")
    error = _refusal(Credentials("demo", "OS_CLOUD"))
    assert error.message.endswith(
        "cloud 'demo', named by OS_CLOUD, is not in any clouds.yaml that can be read;"
        f" {os.environ['OS_CLIENT_CONFIG_FILE']}, named by OS_CLIENT_CONFIG_FILE, cannot be read"
    )


@pytest.mark.usefixtures("no_clouds")
def test_variables_that_are_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_AUTH_URL", "http://192.0.2.1:5000/v3")
    error = Credentials(None).unusable("there is no password")
    assert error.advice.startswith("complete or mend the OS_* variables, or name a cloud of")


def test_a_cloud_that_is_not_complete(clouds: Path) -> None:
    error = Credentials("demo").unusable("there is no password")
    assert error.message == "no usable credentials: there is no password"
    assert error.advice == f"complete or mend cloud demo in {clouds}"


@pytest.mark.usefixtures("clouds")
@pytest.mark.parametrize(
    ("cloud", "typed"),
    [
        ("demo", "openstack --os-cloud demo"),
        ("other cloud", "openstack --os-cloud 'other cloud'"),
        (None, "openstack"),
    ],
)
def test_commands_in_hints_use_the_same_cloud(cloud: str | None, typed: str) -> None:
    credentials = Credentials(cloud)
    for error, words in (
        (auth_errors.http.Unauthorized("no"), "token issue"),
        (auth_errors.catalog.EndpointNotFound("no"), "catalog list"),
        (manila_errors.Forbidden(403), "token issue"),
    ):
        assert translate(error, credentials).advice.endswith(f": {typed} {words}")
    assert isinstance(translate(manila_errors.Forbidden(403), credentials), Denied)


def test_the_only_cloud_of_the_file_is_named_in_commands(clouds: Path) -> None:
    clouds.write_text(f"clouds:\n  demo:{_CLOUD}")
    assert Credentials(None).command("token issue") == "openstack --os-cloud demo token issue"


def test_the_service_that_is_away_is_named(clouds: Path) -> None:
    credentials, gone = Credentials("demo"), auth_errors.ConnectFailure(_REFUSED)
    keystone = translate(gone, credentials)
    assert isinstance(keystone, Unavailable)
    assert keystone.message.startswith("Keystone does not answer: cannot connect to 192.0.2.1:8786")
    assert keystone.advice.endswith(f"auth_url of cloud demo in {clouds} is its address")
    credentials.auth.auth_ref = object()  # logged in
    manila = translate(gone, credentials)
    assert manila.message.startswith("Manila does not answer: cannot connect to 192.0.2.1:8786")
    assert manila.advice.endswith(": openstack --os-cloud demo catalog list")


_AUTH = "{auth_url: 'https://127.0.0.1:1/v3', username: u, password: p, project_name: x}"
_WRONG_TYPES = {
    "no clouds": "clouds:",
    "clouds are a list": "clouds: [demo]",
    "empty cloud": "clouds: {demo: }",
    "cloud is a list": "clouds: {demo: []}",
    "empty auth": "clouds: {demo: {auth: }}",
    "auth is a list": "clouds: {demo: {auth: [1]}}",
    "address is a number": "clouds: {demo: {auth: {auth_url: 5000, username: u, password: p}}}",
    "address is none": f"clouds: {{demo: {{auth: {_AUTH.replace('127.0.0.1:1', '[::1')}}}}}",
    "client is a number": f"client: 1\nclouds: {{demo: {{auth: {_AUTH}}}}}",
    "profile is a number": f"clouds: {{demo: {{profile: 7, auth: {_AUTH}}}}}",
    "another name": f"clouds: {{1: {{auth: {_AUTH}}}}}",
    "token is missing": "clouds: {demo: {auth_type: token, auth: {auth_url: 'http://h/v3'}}}",
    "no such CA": f"clouds: {{demo: {{cacert: /nonexistent, auth: {_AUTH}}}}}",
    "no such certificate": f"clouds: {{demo: {{cert: /nonexistent, auth: {_AUTH}}}}}",
    "not a mapping": "1",
}


@pytest.mark.loopback
@pytest.mark.parametrize("text", _WRONG_TYPES.values(), ids=_WRONG_TYPES)
def test_whatever_stands_in_clouds_yaml_is_a_matter_of_configuration(
    text: str, clouds: Path
) -> None:
    clouds.write_text(text)
    shares = ManilaShares(ManilaSession(Credentials("demo"), 5), lambda _version: None)
    for ask in (shares.list, shares.project_id):
        with pytest.raises(ConfigError) as caught:
            ask()
        assert caught.value.message.startswith("no usable credentials: ")
        assert "clouds.yaml" in caught.value.advice
