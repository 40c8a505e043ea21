"""What tests of the adapters have in common."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from sharectl.adapters.manila_credentials import Credentials
from sharectl.adapters.manila_session import ManilaSession
from sharectl.adapters.manila_shares import ManilaShares
from tests.adapters.openstack_server import OpenStack, serving

_CREDENTIALS = {
    "OS_AUTH_URL": "http://keystone.example:5000/v3",
    "OS_USERNAME": "demo",
    "OS_PASSWORD": "secret-word",
    "OS_PROJECT_NAME": "demo",
    "OS_USER_DOMAIN_NAME": "Default",
    "OS_PROJECT_DOMAIN_NAME": "Default",
    "OS_CLIENT_CONFIG_FILE": "/nonexistent",
}


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> Credentials:
    """Of a cloud that is only named in the environment."""
    for name in [name for name in os.environ if name.startswith("OS_")]:
        monkeypatch.delenv(name)
    for name, value in _CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return Credentials(None)


@pytest.fixture
def openstack() -> Iterator[OpenStack]:
    """Keystone and Manila, as far as they are needed."""
    with serving() as served:
        yield served


@pytest.fixture
def shares(
    openstack: OpenStack, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> ManilaShares:
    """The real client, with a session of its own."""
    monkeypatch.setenv("OS_AUTH_URL", f"{openstack.url}/v3")
    return ManilaShares(ManilaSession(credentials, timeout=10), lambda _version: None)
