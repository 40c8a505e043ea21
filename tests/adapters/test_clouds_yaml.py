"""A clouds.yaml that is not what it should be: the file and the key are named, status 78."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sharectl.adapters.manila_clouds_yaml import look
from sharectl.adapters.manila_credentials import Credentials
from sharectl.adapters.manila_session import ManilaSession
from sharectl.adapters.manila_shares import ManilaShares
from sharectl.errors import ConfigError, ExitCode, SharectlError, Unavailable

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.filterwarnings("ignore"),  # of openstacksdk
]

_AUTH = "{auth_url: 'http://127.0.0.1:1/v3', username: u, password: p, project_name: x}"
_BOMB = "\n".join(
    ["a: &a [x]"] + [f"{new}: &{new} [{', '.join([f'*{old}'] * 20)}]"
                     for old, new in ("ab", "bc", "cd", "de")]
)  # fmt: skip


def _demo(more: str) -> str:
    return f"clouds: {{demo: {{{more}, auth: {_AUTH}}}}}"


def _auth_url(text: str) -> str:
    return f'clouds: {{demo: {{auth: {{auth_url: "{text}", username: u, password: p}}}}}}'


_TEXTS = {
    "clouds: {demo: [\n": "FILE is no YAML: line 2: expected the node content",
    "clouds:\n  demo:\n\tauth: 1\n": "FILE is no YAML: line 3: found character",
    "x: 1\n\0": "FILE is no YAML: line 2: special characters",
    "[" * 3000: "FILE is nested too deep",
    _BOMB: "FILE cannot be read: it has more than 100000 values",
    "clouds: &c {demo: *c}": "FILE cannot be read: it has more than 100000 values",
    "clouds: {demo: 2024-13-13}": "FILE cannot be read: month must be",
    "a: " + "x" * (1 << 20): "FILE cannot be read: it is larger than",
    "- 1": "in FILE it is a list, not a mapping",
    "clouds:": "in FILE clouds is empty, not a mapping",
    f"client: 1\n{_demo('a: b')}": "in FILE client is a number, not a mapping",
    f"metrics: {{statsd: x}}\n{_demo('a: b')}": "in FILE metrics.statsd is a text, not a mapping",
    "clouds: {demo: }": "clouds.demo is empty, not a mapping",
    "clouds: {demo: {auth: }}": "clouds.demo.auth is empty, not a mapping",
    "clouds: {demo: {auth: {5: 6}}}": "clouds.demo.auth has the key 5, which is a number",
    "clouds: {demo: {auth: {auth_url: 5000}}}": "auth_url of cloud demo in FILE is a number",
    _auth_url("http://[::1"): "auth_url of cloud demo in FILE is no address",
    _auth_url("http://h:99999"): "auth_url of cloud demo in FILE is no address",
    _auth_url("h:5000/v3"): "auth_url of cloud demo in FILE is no address",
    _auth_url("http://127.0.0.1:1/v3\\nX: y"): "auth_url of cloud demo in FILE is no address",
    _demo("networks: 5"): "networks of cloud demo in FILE cannot be used: TypeError",
    _demo("region_name: 'a{b'"): "region_name of cloud demo in FILE cannot be used: ",
    _demo("auth_type: nosuch"): "auth_type of cloud demo in FILE cannot be used: The plugin",
    _demo("cacert: [1], interface: x").replace("http:", "https:"): "cacert of cloud demo in FILE",
    "clouds: {demo: {auth_type: token, auth: {auth_url: 'http://127.0.0.1:1'}}}": (
        "there is no token of cloud demo in FILE"
    ),
    "clouds: {demo: {a: b}}": "there is no auth_url of cloud demo in FILE",
    "clouds: {1: {a: b}}": "the name of cloud '1'",
}


@pytest.fixture
def clouds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of a clouds.yaml that is to be written; no variables but the one that names it."""
    for name in [name for name in os.environ if name.startswith("OS_")]:
        monkeypatch.delenv(name)
    file = tmp_path / "clouds.yaml"
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    return file


def _refusal(cloud: str | None) -> SharectlError:
    with pytest.raises(SharectlError) as caught:
        ManilaShares(ManilaSession(Credentials(cloud), 5), lambda _why: None).list()
    return caught.value


@pytest.mark.parametrize(("text", "says"), _TEXTS.items(), ids=lambda text: text[:40])
def test_what_is_wrong_is_named(text: str, says: str, clouds: Path) -> None:
    clouds.write_text(text)
    error = _refusal("1" if "{1:" in text else "demo")
    assert isinstance(error, ConfigError)
    assert error.message.startswith("no usable credentials: ")
    assert says.replace("FILE", str(clouds)) in error.message
    assert str(clouds) in error.message + error.advice
    assert "\n" not in error.message + error.advice


def test_a_home_that_is_no_folder_has_no_file() -> None:
    assert look(["/dev/null/.config/openstack/clouds.yaml"]) is None


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "no text"])
def test_what_is_no_file(kind: str, clouds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind == "pipe":
        os.mkfifo(clouds)
    elif kind == "folder":
        clouds.mkdir()
    elif kind == "device":
        clouds = Path("/dev/zero")
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", "/dev/zero")
    else:
        clouds.write_bytes(b"\xff\xfe\0c")
    error = _refusal("demo")
    assert isinstance(error, ConfigError)
    why = {
        "pipe": "it is a FIFO",
        "folder": "Is a directory",
        "device": "it is a device",
        "no text": "it is no UTF-8 text (byte 0)",
    }[kind]
    assert error.message == f"no usable credentials: {clouds} cannot be read: {why}"


@pytest.mark.parametrize("place", ["working folder", "home", "/etc", "secure.yaml"])
def test_a_mistake_is_told_of_the_file_that_is_read(
    place: str, clouds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged, other = tmp_path / "first.yaml", tmp_path / "second.yaml"
    damaged.write_text("clouds:\n  demo: [")
    other.write_text(_demo("a: b"))
    files = {"CONFIG_FILES": [str(damaged), str(other)], "SECURE_FILES": []}
    if place == "secure.yaml":
        files = {"CONFIG_FILES": [str(other)], "SECURE_FILES": [str(damaged)]}
    for name, paths in files.items():
        monkeypatch.setattr(f"openstack.config.loader.{name}", paths)
    error = _refusal("demo")
    assert isinstance(error, ConfigError)
    assert f"{damaged} is no YAML: line 2: " in error.message
    clouds.write_text(_demo("a: b"))  # goes before the others
    if place != "secure.yaml":
        assert isinstance(_refusal("demo"), Unavailable)


_USER = {"OS_USERNAME": "u", "OS_PASSWORD": "p", "OS_PROJECT_NAME": "x"}
_VARIABLES = {
    "no address": ({**_USER, "OS_AUTH_URL": "http://[::1"}, "OS_AUTH_URL is no address"),
    "no token": (
        {"OS_AUTH_TYPE": "token", "OS_AUTH_URL": "http://127.0.0.1:1"}, "there is no OS_TOKEN",
    ),
    "no such type": (
        {**_USER, "OS_AUTH_TYPE": "nosuch", "OS_AUTH_URL": "http://127.0.0.1:1/v3"},
        "OS_AUTH_TYPE cannot be used: The plugin nosuch",
    ),
    "no CA": (
        {**_USER, "OS_CACERT": "/nonexistent", "OS_AUTH_URL": "https://127.0.0.1:1/v3"},
        "OS_CACERT is /nonexistent, which cannot be read",
    ),
}  # fmt: skip


@pytest.mark.usefixtures("clouds")
@pytest.mark.parametrize(("variables", "says"), _VARIABLES.values(), ids=_VARIABLES)
def test_a_variable_that_is_wrong_is_named(
    variables: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    error = _refusal(None)
    assert isinstance(error, ConfigError)
    assert error.message.startswith(f"no usable credentials: {says}")
    assert error.advice.startswith("complete or mend the OS_* variables, or name a cloud")


def test_a_proxy_that_is_no_address(clouds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clouds.write_text(_demo("a: b"))
    monkeypatch.setenv("http_proxy", "http://[::1")
    error = _refusal("demo")
    assert isinstance(error, ConfigError)
    assert error.advice == f"mend auth_url of cloud demo in {clouds} or http_proxy"


def test_a_profile_that_cannot_be_had(clouds: Path) -> None:
    clouds.write_text(_demo("profile: 'http://127.0.0.1:1'"))
    error = _refusal("demo")
    assert isinstance(error, Unavailable)
    assert error.message == "the profile of cloud demo cannot be had: Connection refused"


@pytest.mark.processes
def test_a_working_folder_that_was_deleted(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    root = str(Path(__file__).parents[2])
    environment = {
        **_USER, "OS_AUTH_URL": "http://127.0.0.1:1/v3", "PATH": os.environ["PATH"],
        "PYTHONPATH": root, "SHARECTL_STATE_DIR": str(tmp_path), "HOME": str(tmp_path),
    }  # fmt: skip
    done = subprocess.run(
        ["sh", "-c", f'rmdir "$PWD" && exec {sys.executable} -m sharectl shares'],
        cwd=gone, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (ExitCode.UNAVAILABLE, "")
    assert done.stderr.startswith(
        "sharectl: error: Keystone does not answer: cannot connect to 127.0.0.1:1: "
    )
    assert len(done.stderr.splitlines()) == 2
