"""Who may import what, and how long a file may be."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_TOP = Path(__file__).parent.parent
_FILES = sorted((_TOP / "sharectl").rglob("*.py"))
_LONGEST = 300  # lines

# Inside sharectl: the longest prefix of a module that is in here says what it may import.
_OWN = {
    "sharectl": (),
    "sharectl.__main__": ("cli",),
    "sharectl.errors": (),
    "sharectl.host_files": ("errors",),
    "sharectl.foreign": ("host_files", "errors"),
    "sharectl.config_values": ("errors",),
    "sharectl.config": ("config_values", "host_files", "errors"),
    "sharectl.hints": ("config",),
    "sharectl.model": ("model", "errors"),
    "sharectl.ports": ("ports", "config", "model"),
    "sharectl.engine": ("engine", "ports", "config", "model", "errors"),
    "sharectl.operations": ("operations", "engine", "ports", "config", "model", "errors"),
    "sharectl.hook": ("hook", "engine", "ports", "config", "model", "foreign", "errors"),
    "sharectl.hook.__main__": ("app", "hook", "ports", "config", "hints", "errors"),
    "sharectl.adapters": (
        "adapters",
        "ports",
        "config",
        "model",
        "foreign",
        "host_files",
        "errors",
    ),
    "sharectl.app": ("adapters", "ports", "config", "model", "errors"),
    "sharectl.cli": (
        "cli",
        "app",
        "hook",
        "hints",
        "operations",
        "ports",
        "config",
        "model",
        "foreign",
        "host_files",
        "errors",
    ),
}
# Outside of it: packages and modules of the standard library that only some may use.
_OTHERS = {
    "click": ("sharectl.cli",),
    "rich": ("sharectl.cli.rich_table", "sharectl.cli.spinner"),
    "yaml": ("sharectl.cli.output", "sharectl.adapters.manila_"),
    "requests": ("sharectl.adapters.manila_",),
    "urllib3": ("sharectl.adapters.manila_",),
    "subprocess": ("sharectl.adapters.process",),
    "libvirt": ("sharectl.adapters.libvirt_",),
    "manilaclient": ("sharectl.adapters.manila_",),
    "keystoneauth1": ("sharectl.adapters.manila_",),
    "openstack": ("sharectl.adapters.manila_",),
    "lxml": (
        "sharectl.model.xml",
        "sharectl.model.domain_xml",
        "sharectl.model.memory_xml",
        "sharectl.model.provenance",
    ),
    "tinydb": ("sharectl.adapters.json_store",),
    "socket": ("sharectl.adapters.",),
    "logging": ("sharectl.adapters.", "sharectl.cli"),
}
# The model, the engine and the operations compute; they touch nothing.
_PURE = ("sharectl.model", "sharectl.engine", "sharectl.operations")
_EFFECTS = frozenset(
    {"os", "io", "shutil", "tempfile", "fcntl", "signal", "threading", "time", "random", "urllib"}
)


def _module(path: Path) -> str:
    parts = path.relative_to(_TOP).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def _imports(path: Path) -> Iterator[str]:
    """Every module that the file imports, wherever in it, also for type checking only."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            if node.module == "sharectl":
                yield from (f"sharectl.{alias.name}" for alias in node.names)
            else:
                yield node.module


def _modules_imported(path: Path, known: frozenset[str]) -> set[str]:
    """Those of `known` that the file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            whole = (f"{node.module}.{alias.name}" for alias in node.names)
            found |= {name if name in known else node.module for name in whole} & known
    return found


def test_no_circle() -> None:
    """Also not among imports for type checking only: who reads one file should need no other."""
    known = frozenset(map(_module, _FILES))
    left = {_module(path): _modules_imported(path, known) for path in _FILES}
    while free := [name for name, needs in left.items() if not needs & left.keys() - {name}]:
        for name in free:
            del left[name]
    assert left == {}


def _allowed(module: str) -> tuple[str, ...]:
    while module not in _OWN:
        module = module.rpartition(".")[0]
    return _OWN[module]


def _wrong(path: Path) -> list[str]:
    module, found = _module(path), []
    for name in _imports(path):
        package, _, rest = name.partition(".")
        if package == "sharectl":
            fine = not rest or rest == "__version__" or rest.split(".")[0] in _allowed(module)
        elif package in _OTHERS:
            fine = module.startswith(_OTHERS[package])
        else:
            fine = package in sys.stdlib_module_names
            fine = fine and not (package in _EFFECTS and module.startswith(_PURE))
        if not fine:
            found.append(name)
    return found


@pytest.mark.parametrize("path", _FILES, ids=_module)
def test_imports(path: Path) -> None:
    assert _wrong(path) == []


@pytest.mark.parametrize("folder", ["sharectl", "tests"])
def test_files_are_short(folder: str) -> None:
    lengths = {path: path.read_text().count("\n") for path in (_TOP / folder).rglob("*.py")}
    long = {str(path.relative_to(_TOP)): n for path, n in lengths.items() if n > _LONGEST}
    assert long == {}


def test_only_the_composition_root_names_adapters() -> None:
    users = {
        _module(path)
        for path in _FILES
        if not _module(path).startswith("sharectl.adapters")
        and any(name.startswith("sharectl.adapters") for name in _imports(path))
    }
    assert users == {"sharectl.app"}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("import subprocess", ["subprocess"]),
        ("from sharectl.adapters import process", ["sharectl.adapters"]),
        ("from sharectl import app", ["sharectl.app"]),
        ("def f():\n    import click", ["click"]),
        ("import requests", ["requests"]),
        ("import time", ["time"]),
        ("import json\nfrom sharectl.errors import NotFound", []),
    ],
)
def test_wrong_import_is_noticed(
    text: str, wrong: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "_TOP", tmp_path)
    path = tmp_path / "sharectl" / "model" / "new.py"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert _wrong(path) == wrong
