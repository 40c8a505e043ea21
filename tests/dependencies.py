"""What pyproject.toml declares that sharectl needs, and what of it is installed here."""

from __future__ import annotations

import platform
import re
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

_PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
_BOUND = re.compile(r"([A-Za-z0-9-]+)>=([0-9.]+)")
_RUN_THE_TESTS = frozenset({"pytest", "hypothesis", "greenlet", "cryptography"})


def lowest() -> dict[str, str]:
    """The lower bound of each dependency, by its name. Raises ValueError where there is none."""
    return _bounds(_project()["dependencies"])


def lowest_test_tools() -> dict[str, str]:
    """The lower bounds of what runs the tests; linters and types are not among them."""
    extra = _project()["optional-dependencies"]["test"]
    wanted = [item for item in extra if re.split(r"[^\w-]", item)[0] in _RUN_THE_TESTS]
    return _bounds(wanted)


def installed() -> dict[str, str]:
    """The version of each dependency that this Python imports."""
    return {name: metadata.version(name) for name in lowest()}


def key(version: str) -> tuple[int, ...]:
    """By which released versions are compared: 9.0 and 9.0.0 are the same."""
    numbers = [int(part) for part in version.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def summary() -> str:
    """The versions in use, in one line."""
    found = {"Python": platform.python_version(), **installed()}
    return ", ".join(f"{name} {version}" for name, version in found.items())


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads(_PYPROJECT.read_text())["project"]
    return project


def _bounds(requirements: list[str]) -> dict[str, str]:
    found = {}
    for requirement in requirements:
        bound = _BOUND.fullmatch(requirement)
        if not bound:
            raise ValueError(f"{requirement!r} has no lower bound")
        found[bound[1]] = bound[2]
    return found
