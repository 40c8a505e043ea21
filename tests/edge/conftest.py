"""Fixtures that are those of the adapters' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.adapters.conftest import credentials
from tests.edge.calls import all_doors

__all__ = ["credentials"]


@pytest.fixture(autouse=True, scope="package")
def _doors() -> Iterator[None]:
    """The code of sharectl has doors while the tests of this folder run."""
    with all_doors():
        yield
