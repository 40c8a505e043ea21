"""Fixtures of the end-to-end tests."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.world import World
from tests.lab.cloud.cloud import Cloud


@pytest.fixture
def world(cloud: Cloud, connection: Any) -> Iterator[World]:
    """A host of the test's own, on the session's libvirtd and cloud."""
    made = World(cloud, connection, Path(tempfile.mkdtemp(prefix="world-", dir="/run")))
    yield made
    made.clean()
    cloud.purge()
