"""Notes of what is to be withdrawn: whole or not there, for root alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sharectl.adapters.withdrawal_notes import WithdrawalNotes
from sharectl.errors import StoreError
from sharectl.model.withdrawal import Withdrawal

_NOTE = Withdrawal("s1", "/run/sharectl/mnt/s1", "p1", ("r1", "r2"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "withdrawals"


def test_note_is_read_as_it_was_written(folder: Path) -> None:
    notes = WithdrawalNotes(folder)
    assert notes.list() == ()
    notes.delete("s1")
    other = Withdrawal("s0", "/mnt/s0", "p1", ())
    for note in (_NOTE, other):
        notes.put(note)
    assert notes.list() == (other, _NOTE)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    notes.put(Withdrawal("s1", "/elsewhere", "p1", ("r3",)))
    notes.delete("s0")
    assert [(note.mount_point, note.rules) for note in notes.list()] == [("/elsewhere", ("r3",))]


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "{}", '"s1"', "[" * 5000,
        '{"share_id": "s2", "mount_point": "/m", "project_id": "p", "rules": []}',
        '{"share_id": "s1", "mount_point": "/m", "project_id": "p", "rules": "abc"}',
        '{"share_id": "s1", "mount_point": null, "project_id": "p", "rules": []}',
        '{"share_id": "s1", "mount_point": "/m", "project_id": "p", "rules": [1]}',
        '{"share_id": "s1", "mount_point": "/m", "project_id": "p"}',
    ],
)  # fmt: skip
def test_damaged_note_is_an_error(folder: Path, text: str) -> None:
    folder.mkdir(parents=True)
    (folder / "s1.json").write_text(text)
    with pytest.raises(StoreError, match=r"s1\.json cannot be read") as caught:
        WithdrawalNotes(folder).list()
    assert "cat " in (caught.value.hint or "")


def test_folder_that_cannot_be_made_is_an_error(folder: Path) -> None:
    folder.parent.parent.mkdir(exist_ok=True)
    folder.parent.write_text("a file")
    with pytest.raises(StoreError, match="cannot write"):
        WithdrawalNotes(folder).put(_NOTE)
