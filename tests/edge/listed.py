"""The calls at the edge that can be read from the source of the adapters, without running it."""

from __future__ import annotations

import ast
import importlib
import re
from functools import cache
from pathlib import Path, PurePath
from typing import Any

import libvirt

from tests.edge.calls import identify
from tests.edge.doors import Site, modules, sites

_DOTTED = re.compile(r"\w+(\.\w+)*")
# Methods that nothing else has, by which a call is known whose object is only known at run time.
_KINDS = (libvirt.virConnect, libvirt.virDomain)
_OF_LIBVIRT = {name for kind in _KINDS for name in vars(kind) if "_" not in name} - {"close", "ref"}
_OF_FILES = {
    name for name in vars(Path)
    if not name.startswith("_") and getattr(PurePath, name, None) is not getattr(Path, name)
} - set(dir(str)) - {"open", "read_text", "resolve", "exists"}  # fmt: skip


def listed() -> list[Site]:
    """By the names that each module imports, and by names of methods."""
    known = {name: _imported(file) for name, file in modules().items()}
    return [
        site for site in sites()
        if site.module.startswith("sharectl.adapters") and _is_edge(site, known[site.module])
    ]  # fmt: skip


@cache
def _imported(file: Path) -> dict[str, Any]:
    """What the module has imported anywhere, by its name there."""
    found: dict[str, Any] = {}
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            for item in node.names:
                found[item.asname or item.name] = importlib.import_module(item.name)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module != "__future__":
            found |= {item.asname or item.name: _member(node.module, item.name)
                      for item in node.names}  # fmt: skip
    return found


def _member(module: str, name: str) -> Any:
    """What `from module import name` gives; None where an older library has no such module.

    That is imported for type checking only then.
    """
    try:
        found = getattr(importlib.import_module(module), name, None)
        return importlib.import_module(f"{module}.{name}") if found is None else found
    except ModuleNotFoundError:
        return None


def _is_edge(site: Site, names: dict[str, Any]) -> bool:
    parts = site.text.split(".")
    methods = _OF_FILES | (_OF_LIBVIRT if "libvirt" in names else set())
    if parts[0] not in names:
        return len(parts) > 1 and parts[-1] in methods and parts[0] != "self"
    if not _DOTTED.fullmatch(site.text):
        return False
    called = names[parts[0]]
    for part in parts[1:]:
        called = getattr(called, part, None)
    return called is not None and identify(called) is not None
