"""Fixtures of the cloud tier: Keystone, Manila and Ceph for the session, emptied after a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import sandbox
from tests.lab.cloud.cloud import Cloud

# In the sandbox's own /run, so that it is gone with the sandbox, however that ends.
_RUN = Path("/run/lab/cloud")


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    """Keystone and Manila, with the dummy and the Ceph back end, for the whole session."""
    if not sandbox.inside():
        hint = "run: make test, or python -m tests.lab run -- pytest ..."
        pytest.fail(f"this needs the lab's sandbox; {hint}", pytrace=False)
    started = Cloud.start(_RUN, ceph=True)
    yield started
    started.stop()


@pytest.fixture
def clean_cloud(cloud: Cloud) -> Iterator[Cloud]:
    """The session's cloud; shares, rules and locks are removed when the test ends."""
    yield cloud
    cloud.purge()
