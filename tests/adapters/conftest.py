"""What tests of the adapters have in common."""

from __future__ import annotations

import os

import pytest

from sharectl.adapters.manila_credentials import Credentials

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
