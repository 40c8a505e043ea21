"""Notes of mounts: what is read back, and what is not taken for a note."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sharectl.adapters.mount_notes import MountNotes
from sharectl.config import Config
from sharectl.model.enums import AccessLevel
from sharectl.model.mounts import MountNote


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(runtime_dir=tmp_path / "run")


def _note(config: Config, name: str, rule_id: str | None = "r1") -> MountNote:
    point = str(config.mount_base / name)
    return MountNote(point, "0:52", "nas:/dépôt \udcff", AccessLevel.RO, rule_id, "p1")


def test_notes_come_back_as_they_were(config: Config) -> None:
    one, two = _note(config, "s1"), _note(config, "s2", None)
    for note in (two, one):
        MountNotes(config).write(note)
    assert MountNotes(config).read() == {one.mount_point: one, two.mount_point: two}
    folder = config.runtime_dir / "mounts"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    MountNotes(config).remove(one.mount_point)
    MountNotes(config).remove(one.mount_point)
    assert MountNotes(config).read() == {two.mount_point: two}


def test_there_are_none_at_first(config: Config) -> None:
    assert MountNotes(config).read() == {}


@pytest.mark.parametrize(
    "change",
    [
        {"device": 52},
        {"level": "rx"},
        {"rule_id": 1},
        {"mount_point": "/elsewhere/s9"},
        {"source": None},
        {"project_id": 1},
    ],
)
def test_damaged_note_is_none(config: Config, change: dict[str, Any]) -> None:
    good = _note(config, "s1")
    MountNotes(config).write(good)
    MountNotes(config).write(_note(config, "s2"))
    file = config.runtime_dir / "mounts" / "s2.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    (file.parent / "s3.json").write_text("[")
    (file.parent / "s4.json").write_bytes(b"\xff")
    (file.parent / "s5.json").mkdir()
    assert MountNotes(config).read() == {good.mount_point: good}


def test_note_of_an_earlier_version_names_no_project(config: Config) -> None:
    note = _note(config, "s1")
    MountNotes(config).write(note)
    file = config.runtime_dir / "mounts" / "s1.json"
    document = json.loads(file.read_text())
    del document["project_id"]
    file.write_text(json.dumps(document))
    assert MountNotes(config).read() == {note.mount_point: replace(note, project_id="")}


def test_no_room_for_a_note_is_no_failure(config: Config) -> None:
    config.runtime_dir.mkdir()
    (config.runtime_dir / "mounts").write_text("a file")
    MountNotes(config).write(_note(config, "s1"))
    assert MountNotes(config).read() == {}
