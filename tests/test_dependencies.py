"""What is declared about dependencies holds for the versions that these tests run with."""

from __future__ import annotations

from tests import dependencies


def test_each_installed_version_is_one_that_is_declared() -> None:
    lowest = dependencies.lowest()
    installed = dependencies.installed()
    too_old = {
        name: version
        for name, version in installed.items()
        if dependencies.key(version) < dependencies.key(lowest[name])
    }
    assert too_old == {}


def test_versions_are_in_the_header() -> None:
    for name, version in dependencies.installed().items():
        assert f"{name} {version}" in dependencies.summary()
