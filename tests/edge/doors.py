"""A door at each call in sharectl's code: what is called there can be made to fail, or to lie.

Each function gets code that is compiled from the same source, with `f(x)` as `__door__(n, f)(x)`,
where n is the number of the call. The interpreter's profile hook would not do: it hears of no call
into Cython, which is all of lxml, and cannot change what is returned.
"""

from __future__ import annotations

import ast
import builtins
import gc
import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, cast

import sharectl

PLACE = Path(sharectl.__file__).parent
_NAME = "__door__"


@dataclass(frozen=True)
class Site:
    """A call as it stands in the source; `text` is what is called there."""

    module: str
    function: str
    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line} {self.function}: {self.text}()"


class _Doors(ast.NodeTransformer):
    """Puts the doors in; calls outside functions, which are over when a test runs, have none."""

    def __init__(self, module: str, sites: list[Site]) -> None:
        self._module, self._sites = module, sites
        self._names: list[str] = []
        self._depth = 0

    def _inside(self, node: ast.AST, name: str, *, function: bool) -> ast.AST:
        self._names.append(name)
        self._depth += function
        try:
            return self.generic_visit(node)
        finally:
            self._depth -= function
            self._names.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._inside(node, node.name, function=True)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._inside(node, node.name, function=False)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return self._inside(node, "<lambda>", function=True)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        text = ast.unparse(node.func)
        self.generic_visit(node)
        if self._depth and text != "super":  # the compiler looks for that word
            number = len(self._sites)
            function = ".".join(self._names)
            self._sites.append(Site(self._module, function, node.lineno, node.col_offset, text))
            door = ast.Name(_NAME, ast.Load())
            call = ast.Call(door, [ast.Constant(number), node.func], [])
            node.func = ast.fix_missing_locations(ast.copy_location(call, node.func))
        return node


def with_doors(source: str, file: str, module: str, sites: list[Site]) -> CodeType:
    """The code of a module; its calls are added to `sites`."""
    tree = _Doors(module, sites).visit(ast.parse(source))
    made: CodeType = compile(tree, file, "exec", dont_inherit=True)
    return made


def _functions(code: CodeType) -> Iterator[CodeType]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner
            yield from _functions(inner)


def _as_imported(module: str) -> CodeType:
    """What the functions that are in use were made from."""
    code: CodeType = cast(Any, sys.modules[module].__spec__).loader.get_code(module)
    return code


def modules() -> dict[str, Path]:
    """All of sharectl's, and where each lies."""
    found = {}
    for item in pkgutil.walk_packages([str(PLACE)], "sharectl."):
        if not item.name.endswith("__main__"):
            file = importlib.import_module(item.name).__file__
            found[item.name] = Path(file or "")
    return found


@cache
def _made() -> tuple[dict[CodeType, CodeType], list[Site]]:
    """For the code of each function the one with doors; and all sites, by number."""
    codes: dict[CodeType, CodeType] = {}
    sites: list[Site] = []
    for module, file in modules().items():
        source = file.read_text()
        plain = _as_imported(module)
        made = with_doors(source, str(file), module, sites)
        codes.update(zip(_functions(plain), _functions(made), strict=True))
    return codes, sites


def sites() -> list[Site]:
    """Every call in every function of sharectl, by number."""
    return _made()[1]


def _exchange(codes: dict[CodeType, CodeType]) -> int:
    count = 0
    for item in gc.get_objects():
        if isinstance(item, FunctionType) and item.__code__.co_filename.startswith(str(PLACE)):
            code = codes.get(item.__code__)
            if code is not None:
                item.__code__ = code
                count += 1
    return count


@contextmanager
def doors(door: Callable[[Site, Any], Any]) -> Iterator[int]:
    """Each call of a function of sharectl becomes `door(site, what is called)(...)`.

    Gives how many functions have doors now.
    """
    codes, known = _made()
    setattr(builtins, _NAME, lambda number, called: door(known[number], called))
    count = _exchange(codes)
    try:
        yield count
    finally:
        _exchange({made: plain for plain, made in codes.items()})
