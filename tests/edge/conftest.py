"""Fixtures that are those of the adapters' tests."""

from __future__ import annotations

from tests.adapters.conftest import credentials

__all__ = ["credentials"]
