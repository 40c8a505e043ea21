"""Plugins: the guard of the unit tests, and the lab, of which only marked tests make use."""

from __future__ import annotations

import pytest

from tests import dependencies

pytest_plugins = [
    "tests.guard",
    "tests.typed.watch",
    "tests.lab.fixtures_libvirt",
    "tests.lab.fixtures_trixie",
    "tests.lab.fixtures_cloud",
    "tests.lab.fixtures_vm",
]


def pytest_report_header() -> str:
    """What is tested with what, so that a log shows it."""
    return f"sharectl with: {dependencies.summary()}"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of our own."""
    parser.addoption(
        "--regenerate", action="store_true", help="write the expected files anew; read the diff"
    )
