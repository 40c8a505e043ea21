"""The command line with the OpenStack libraries: their words stay off stderr, waits are bounded."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import pytest

from sharectl.app import RealApp
from sharectl.config import Config
from sharectl.errors import ExitCode
from sharectl.ports.events import Events
from tests.adapters.certificates import Authority
from tests.adapters.openstack_server import Answer, OpenStack, Request, serving
from tests.adapters.some_clouds import write_cloud
from tests.cli.running import run

pytestmark = pytest.mark.loopback


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """For cloud demo of a clouds.yaml."""
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    monkeypatch.delenv("OS_CLOUD", raising=False)
    return Config(
        manila_cloud="demo", manila_timeout=5, state_dir=tmp_path, runtime_dir=tmp_path / "run"
    )


def test_no_library_warns_on_stderr(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """`verify: false`, a cacert beside it, InfluxDB, a profile that nobody knows, bad versions."""
    authority = Authority(tmp_path)
    monkeypatch.setattr(logging.root, "handlers", [])  # pytest's own
    with serving(authority.server()) as openstack, warnings.catch_warnings():
        warnings.simplefilter("error")
        write_cloud(
            tmp_path / "clouds.yaml", f"{openstack.url}/v3", verify=False, profile="nobody",
            cacert=str(authority.certificate), external_network="net",
        )  # fmt: skip
        with (tmp_path / "clouds.yaml").open("a") as file:
            file.write("metrics: {influxdb: {host: h}}\n")
        result = run(RealApp(config, Events()), "shares", "-f", "value", "-c", "Name")
        logging.getLogger("openstack").warning("said by a library")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "docs\n", "")
    assert capfd.readouterr().err == ""


def _limited(openstack: OpenStack, seconds: str) -> None:
    answered: list[Request] = []

    def override(request: Request) -> Answer | None:
        answered.append(request)
        if len(answered) > 1:
            return None
        return Answer(429, "slow down", "text/plain", {"Retry-After": seconds})

    openstack.manila.override = override


@pytest.mark.parametrize(("given", "waited"), [("30", [20.0]), ("10", []), ("0", [])])
def test_timeout_is_also_how_long_to_wait_where_there_are_too_many_requests(
    given: str, waited: list[float], config: Config, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    slept: list[float] = []
    monkeypatch.setattr("sharectl.adapters.manila_session.time.sleep", slept.append)
    with serving() as openstack:
        write_cloud(tmp_path / "clouds.yaml", f"{openstack.url}/v3")
        _limited(openstack, "20")
        app = RealApp(config, Events())
        result = run(app, "forget", "--from-host", "host", "docs", "--timeout", given, "-y")
    assert slept == waited
    assert (result.exit_code == ExitCode.UNAVAILABLE) is (not waited), result.stderr
