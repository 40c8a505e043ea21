"""A share is looked at with credentials that are good for its project, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from sharectl.adapters.manila_clouds import ManilaClouds
from sharectl.app import RealApp
from sharectl.config import Config
from sharectl.errors import ConfigError, Unavailable
from sharectl.model.mapping import ShareMapping
from sharectl.ports.events import Events
from tests.adapters.openstack_server import SHARE_ID, OpenStack, serving
from tests.model.things import MAPPING

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.filterwarnings("ignore:Support for InfluxDB"),  # of openstacksdk
]

_DEMO, _OTHER = "d" * 32, "e" * 32


def _mapping(*, cloud: str, auth_url: str, project_id: str) -> ShareMapping:
    return replace(
        MAPPING, share_id=SHARE_ID, cloud=cloud, auth_url=auth_url, project_id=project_id
    )


@pytest.fixture
def clouds_yaml(
    openstack: OpenStack, credentials: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Has the clouds demo, mate, other and admin, of one Keystone; no variables log in."""
    openstack.projects = {"demo": _DEMO, "mate": _DEMO, "other": _OTHER, "admin": "a" * 32}
    openstack.roles = {"admin": ("admin",)}
    for name in ("AUTH_URL", "USERNAME", "PASSWORD", "PROJECT_NAME"):
        monkeypatch.delenv(f"OS_{name}")
    file = tmp_path / "clouds.yaml"
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    _write(file, openstack.url, *openstack.projects)
    return file


def _write(file: Path, url: str, *names: str) -> None:
    def auth(name: str) -> dict[str, str]:
        return {
            "auth_url": f"{url}/v3", "username": name, "password": "x", "project_name": name,
            "user_domain_id": "default", "project_domain_id": "default",
        }  # fmt: skip

    file.write_text(yaml.safe_dump({"clouds": {name: {"auth": auth(name)} for name in names}}))


def _run(cloud: str | None) -> ManilaClouds:
    return ManilaClouds(Config(manila_cloud=cloud), Events(), lambda _version: None)


@pytest.fixture
def variables(openstack: OpenStack, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the OS_* variables of a user."""

    def use(user: str) -> None:
        for name, value in (("AUTH_URL", f"{openstack.url}/v3"), ("USERNAME", user),
                            ("PASSWORD", "x"), ("PROJECT_NAME", user)):  # fmt: skip
            monkeypatch.setenv(f"OS_{name}", value)

    return use


@pytest.mark.usefixtures("clouds_yaml")
@pytest.mark.parametrize(
    ("run", "recorded", "project", "used"),
    [
        ("demo", "demo", _DEMO, "demo"),
        ("demo", "other", _OTHER, "other"),  # of another project, which the record names
        ("mate", "demo", _DEMO, "mate"),  # another user of the project: as this run says
        ("admin", "demo", _DEMO, "admin"),
        ("demo", "", _DEMO, "demo"),  # attached with OS_* variables
        ("demo", "renamed", _DEMO, "demo"),  # an entry that is gone, and not needed
        ("demo", "demo", "", "demo"),
        ("typo", "other", _OTHER, "other"),  # this run's own credentials are of no use
    ],
)
def test_which_credentials_are_used(
    run: str, recorded: str, project: str, used: str, openstack: OpenStack
) -> None:
    item = _mapping(cloud=recorded, auth_url=f"{openstack.url}/v3", project_id=project)
    assert _run(run).of(item).cloud() == (used, f"{openstack.url}/v3")


@pytest.mark.usefixtures("clouds_yaml")
@pytest.mark.parametrize(
    ("run", "recorded", "project", "says"),
    [
        ("demo", "", _OTHER, "attached with OS_* variables"),
        ("demo", "demo", _OTHER, "cloud demo is of another project now"),
        ("demo", "other", _DEMO[::-1].replace("d", "f"), "cloud other is of another project now"),
        ("demo", "gone", _OTHER, "cloud 'gone', named by the record of the share, is not in"),
    ],
)
def test_without_good_credentials_what_is_needed_is_told(
    run: str, recorded: str, project: str, says: str, openstack: OpenStack
) -> None:
    item = _mapping(cloud=recorded, auth_url=f"{openstack.url}/v3", project_id=project)
    with pytest.raises(ConfigError) as caught:
        _run(run).of(item)
    assert says in caught.value.message
    assert "--os-cloud" in caught.value.advice


@pytest.mark.usefixtures("clouds_yaml")
def test_variables_are_good_for_what_a_cloud_of_the_same_project_attached(
    openstack: OpenStack, variables: Callable[[str], None]
) -> None:
    variables("demo")
    item = _mapping(cloud="gone", auth_url=f"{openstack.url}/", project_id=_DEMO)
    assert _run(None).of(item).cloud()[0] == ""
    other = replace(item, cloud="other", project_id=_OTHER)
    assert _run(None).of(other).cloud()[0] == "other"


def test_the_same_project_id_at_another_keystone_is_another_project(
    openstack: OpenStack, clouds_yaml: Path
) -> None:
    with serving() as elsewhere:
        item = _mapping(cloud="", auth_url=f"{elsewhere.url}/v3", project_id=_DEMO)
        with pytest.raises(ConfigError, match="this run has other credentials"):
            _run("demo").of(item)
        assert openstack.manila.asked == elsewhere.manila.asked == []


def test_two_clouds_in_one_process(
    openstack: OpenStack, clouds_yaml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each mapping is seen in its own cloud, and each cloud logged in to once."""
    with serving() as elsewhere:
        elsewhere.projects = {"far": _OTHER}
        elsewhere.manila.rules = []
        own = yaml.safe_load(clouds_yaml.read_text())
        _write(clouds_yaml, elsewhere.url, "far")
        own["clouds"] |= yaml.safe_load(clouds_yaml.read_text())["clouds"]
        clouds_yaml.write_text(yaml.safe_dump(own))
        app = RealApp(Config(manila_cloud="demo"), Events())
        near = _mapping(cloud="demo", auth_url=f"{openstack.url}/v3", project_id=_DEMO)
        far = _mapping(cloud="far", auth_url=f"{elsewhere.url}/v3", project_id=_OTHER)
        for _again in range(2):
            assert len(app.at(near).shares.rules(near.share_id)) == 1
            assert len(app.at(far).shares.rules(far.share_id)) == 0
        assert app.at(near).shares is app.at(near).at(near).shares
        assert app.at(near).shares.project_id() == _DEMO
        assert app.at(far).shares.project_id() == _OTHER


def test_a_keystone_that_is_away_is_no_wrong_project(clouds_yaml: Path) -> None:
    _write(clouds_yaml, "http://127.0.0.1:1", "demo")
    item = _mapping(cloud="demo", auth_url="http://127.0.0.1:1/v3", project_id=_DEMO)
    with pytest.raises(Unavailable):
        _run("demo").of(item)
