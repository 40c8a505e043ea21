"""Folders of vhost-user descriptions, and which of the programs in them libvirt starts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

Files = Mapping[str, str]
EMPTY = ""


def fs(program: str) -> str:
    """A description of a virtiofsd; `{bin}` in it is the folder of the programs."""
    return json.dumps({"description": "test", "type": "fs", "binary": f"{{bin}}/{program}"})


@dataclass(frozen=True)
class Case:
    """Descriptions in /etc and in /usr/share, and the program that is started; None for none.

    `why` is what is said of a file that keeps libvirt from finding one.
    """

    name: str
    etc: Files
    started: str | None
    why: str | None = None
    share: Files | None = None


CASES = (
    Case("one", {"50-a.json": fs("a")}, "a"),
    Case("order of names", {"50-b.json": fs("b"), "10-a.json": fs("a")}, "a"),
    Case("capital letters first", {"a.json": fs("b"), "Z.json": fs("a")}, "a"),
    Case("any name", {"a": fs("a")}, "a"),
    Case("hidden file", {".a.json": fs("b"), "b.json": fs("a")}, "a"),
    Case("another type", {"1.json": fs("b").replace("fs", "gpu", 1), "2.json": fs("a")}, "a"),
    Case("none", {}, None),
    Case("empty", {"1.json": EMPTY}, None),
    Case("no JSON", {"1.json": fs("a"), "2.json": "{"}, None, "2.json: it is not JSON"),
    Case("a list", {"1.json": "[]"}, None, "1.json: it has no type"),
    Case("unknown type", {"1.json": '{"type": "tape"}', "2.json": fs("a")}, None,
         "1.json: it has no type"),
    Case("no type", {"1.json": '{"binary": "/bin/true"}'}, None, "1.json: it has no type"),
    Case("no program", {"1.json": '{"type": "fs"}'}, None, "1.json: it names no program"),
    Case("missing program", {"1.json": fs("none"), "2.json": fs("a")}, None, "which is no program"),
    Case("too long", {"1.json": fs("a") + " " * (1 << 20)}, None, "longer than 1 MiB"),
)  # fmt: skip
IN_TWO_FOLDERS = (
    Case("name in both", {"50.json": fs("a")}, "a", share={"50.json": fs("b")}),
    Case("hidden by an empty one", {"50.json": EMPTY}, None, share={"50.json": fs("b")}),
    Case("order over both", {"50.json": fs("b")}, "a", share={"10.json": fs("a")}),
    Case("broken and hidden", {"10.json": EMPTY, "20.json": fs("a")}, "a", share={"10.json": "{"}),
)
