"""The hook on a host where a domain is about to start, in all the ways that it may end."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from unittest.mock import patch

from sharectl.adapters import mountinfo
from sharectl.adapters.json_store import JsonStore
from sharectl.config import Config
from sharectl.hook import __main__ as hook
from sharectl.model.enums import AccessType, ShareProtocol
from sharectl.model.mapping import ShareMapping
from tests.edge.calls import Watch, watching
from tests.edge.inject import Run
from tests.model.things import MAPPING, SOURCE

_XML = """
<domain><name>one</name><uuid>u1</uuid><devices><filesystem type='mount'>
<driver type='virtiofs'/><source dir='{}'/><target dir='t1'/></filesystem></devices></domain>
"""
_LINE = "999 1 0:99 / {} rw,nosuid,nodev shared:9 - nfs4 {} rw,vers=4.2\n"
_PREPARE, _BOOT = ("prepare", "begin"), ("boot", "begin")


@dataclass(frozen=True)
class Case:
    """A host on which a domain is about to start.

    Attributes:
        mounted: the source of what is mounted; None for nothing.
        allowed: whether the start is right.
        event: what libvirt tells.
        change: what is recorded, made of the usual record.
    """

    mounted: str | None = SOURCE
    allowed: bool = True
    event: tuple[str, str] = _PREPARE
    change: Callable[[ShareMapping], ShareMapping] = lambda mapping: mapping


def _with_key(mapping: ShareMapping) -> ShareMapping:
    return replace(
        mapping, protocol=ShareProtocol.CEPHFS, access_type=AccessType.CEPHX, access_to="client",
        export_location="192.0.2.21:6789:/volumes/one",
    )  # fmt: skip


CASES = {
    "mounted": Case(),
    "mounted, refused before": Case(
        change=lambda mapping: replace(mapping, last_error="a start was refused: for a test")
    ),
    "wrong source": Case(mounted="192.0.2.1:/exports/other", allowed=False),
    "no record": Case(allowed=False, change=lambda mapping: replace(mapping, domain_uuid="u2")),
    "no key": Case(mounted=None, allowed=False, change=_with_key),
    "boot": Case(event=_BOOT),
    "boot, no key": Case(event=_BOOT, mounted=None, allowed=False, change=_with_key),
    "reconnect": Case(event=("reconnect", "begin"), mounted=None),
}


class Told:
    """Standard error, which takes everything: that nobody reads it is the matter of other tests."""

    text = ""

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass


def _host(folder: Path, case: Case) -> Config:
    """Its files, with the share as the case has it."""
    config = Config(state_dir=folder / "state", runtime_dir=folder / "run")
    point = config.mount_base / MAPPING.share_id
    point.mkdir(parents=True)
    with JsonStore(config.store_file).transaction() as transaction:
        transaction.put(case.change(replace(MAPPING, mount_point=str(point))))
    (folder / "config.toml").write_text("[mount]\ntimeout = 2\n")
    lines = mountinfo.MOUNTINFO.read_text()
    if case.mounted is not None:
        lines += _LINE.format(point, case.mounted)
    (folder / "mountinfo").write_text(lines)
    return config


def _wrong(case: Case, status: int, told: str) -> str:
    lines = told.splitlines()
    if status not in (0, 1) or bool(status) != bool(lines):
        return "status"
    if "Traceback" in told or "internal error" in told or len(lines) > 1:
        return "not one line"
    if lines and not (lines[0].startswith("sharectl: ") and lines[0].isprintable()):
        return "a line of somebody else"
    if status == 0 and not case.allowed:
        return "it starts"
    return "it fails" if status and case.event not in (_PREPARE, _BOOT) else ""


def hook_run(folder: Path, case: Case) -> Run:
    numbers = count()

    def act(watch: Watch) -> str:
        place = folder / str(next(numbers))
        place.mkdir(parents=True)
        config = _host(place, case)
        xml = _XML.format(config.mount_base / MAPPING.share_id).encode()
        told = Told()
        stdin = io.TextIOWrapper(io.BytesIO(xml))
        folders = {
            "SHARECTL_STATE_DIR": str(config.state_dir),
            "SHARECTL_RUNTIME_DIR": str(config.runtime_dir),
        }
        with (
            patch.dict("os.environ", folders),
            patch.object(mountinfo, "MOUNTINFO", place / "mountinfo"),
            patch.object(sys, "stdin", stdin),
            patch.object(sys, "stderr", told),
            watching(watch),
        ):
            status = hook.main([str(place / "config.toml"), "one", *case.event, "-"])
        wrong = _wrong(case, status, told.text)
        return wrong and f"{wrong}: {status} {told.text}"

    return act
