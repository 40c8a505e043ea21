"""A store that is damaged, half written or newer is an error, and never an empty store."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharectl.adapters.json_store import JsonStore, backup_of
from sharectl.errors import ExitCode, StoreError
from sharectl.model.mapping import ShareMapping
from tests.model.things import MAPPING

_OLD, _NEW = MAPPING, replace(MAPPING, tag="new")


def _put(path: Path, mapping: ShareMapping) -> None:
    with JsonStore(path).transaction() as transaction:
        transaction.put(mapping)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with one mapping, and no backup."""
    made = tmp_path / "mappings.json"
    _put(made, _OLD)
    backup_of(made).unlink(missing_ok=True)
    return made


def _document(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def _check_unreadable(path: Path) -> StoreError:
    """Neither look nor change works, and the file stays as it is."""
    content = path.read_bytes() if path.exists() else None
    with pytest.raises(StoreError) as caught:
        JsonStore(path).load()
    with pytest.raises(StoreError):
        _put(path, _NEW)
    with pytest.raises(StoreError), JsonStore(path).transaction() as transaction:
        transaction.delete(_OLD.id)
    assert caught.value.exit_code is ExitCode.IO
    assert str(path) in caught.value.message
    assert caught.value.hint
    assert (path.read_bytes() if path.exists() else None) == content
    return caught.value


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"{",
        b"null",
        b"[]",
        b"5",
        b'"text"',
        b"{}",
        b"\x00" * 300,
        b"\xff\xfe",
        b'{"mappings": {}}',
        b'{"schema": {}}',
        b'{"schema": {"1": {"version": "1"}}}',
        b'{"schema": {"1": {"version": true}}}',
        b'{"schema": {"1": {"version": 1.0}}}',
        b'{"schema": {"1": {"version": 0}}}',
        b'{"schema": {"1": {"version": -1}}}',
        b'{"schema": {"1": {"version": 1}}}',
        b'{"schema": {"1": {"version": 3}}}',
        b'{"schema": {"1": {"version": 1}}, "mappings": []}',
        b'{"schema": {"1": {"version": 1}}, "mappings": {"1": null}}',
        b'{"schema": {"1": {"version": 1}}, "mappings": {"1": {}}}',
        b"[" * 100_000,
    ],
)
def test_damaged_file_is_an_error(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    error = _check_unreadable(path)
    assert "cannot be read" in error.message
    assert "restore it from a backup of this host" in (error.hint or "")


def _with_records(path: Path, records: dict[str, Any]) -> None:
    path.write_text(json.dumps({**_document(path), "mappings": records}))


def test_second_table_of_mappings_is_an_error(path: Path) -> None:
    text = path.read_text().rstrip()
    path.write_text(text[:-1] + ', "mappings": {}}')
    assert "a key stands in it twice" in _check_unreadable(path).message


def test_two_records_with_one_id_are_an_error(path: Path) -> None:
    record = _document(path)["mappings"]["1"]
    _with_records(path, {"1": record, "2": {**record, "tag": "other"}})
    assert "two records have the id" in _check_unreadable(path).message


def test_record_without_a_number_is_an_error(path: Path) -> None:
    _with_records(path, {"x": _document(path)["mappings"]["1"]})
    assert "record 'x' has no number" in _check_unreadable(path).message


def test_text_in_place_of_a_list_is_an_error(path: Path) -> None:
    record = _document(path)["mappings"]["1"]
    _with_records(path, {"1": {**record, "outdated_rules": "abc"}})
    _check_unreadable(path)


def test_half_of_the_file_is_an_error_at_any_length(path: Path) -> None:
    whole = path.read_bytes()
    for length in range(0, len(whole.rstrip()), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(StoreError):
            JsonStore(path).load()


def test_backup_is_named(path: Path) -> None:
    _put(path, _NEW)
    path.write_text("{")
    error = _check_unreadable(path)
    assert f"cp {backup_of(path)} {path}" in (error.hint or "")


def test_missing_file_with_a_backup_is_an_error(path: Path) -> None:
    _put(path, _NEW)
    path.unlink()
    error = _check_unreadable(path)
    assert "it is gone, but its backup is there" in error.message
    assert f"cp {backup_of(path)} {path}" in (error.hint or "")


def test_newer_schema_is_refused_and_left_alone(path: Path) -> None:
    path.write_text(json.dumps({**_document(path), "schema": {"1": {"version": 99}}}))
    error = _check_unreadable(path)
    assert "has schema 99, this sharectl knows 4" in error.message


def test_unreadable_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "mappings.json"
    path.mkdir()
    with pytest.raises(StoreError, match="Is a directory"):
        JsonStore(path).load()


_FIELDS = tuple(MAPPING.__dataclass_fields__)
_values = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.none())


@given(st.sampled_from(_FIELDS), _values)
def test_any_damaged_field_is_an_error_or_a_mapping_of_the_right_types(
    tmp_path_factory: pytest.TempPathFactory, name: str, value: object
) -> None:
    path = tmp_path_factory.mktemp("store") / "mappings.json"
    _put(path, _OLD)
    document = _document(path)
    document["mappings"]["1"][name] = value
    path.write_text(json.dumps(document))
    try:
        (mapping,) = JsonStore(path).load()
    except StoreError:
        return
    for field in _FIELDS:
        have, sample = getattr(mapping, field), getattr(MAPPING, field)
        kind = type(sample) if sample is not None else str
        assert isinstance(have, kind) or (have is None and sample is None), field


@pytest.mark.parametrize("name", _FIELDS)
def test_missing_field_is_an_error(path: Path, name: str) -> None:
    document = _document(path)
    del document["mappings"]["1"][name]
    path.write_text(json.dumps(document))
    assert "a mapping in it is damaged" in _check_unreadable(path).message


def test_times_with_and_without_zone_are_an_error(path: Path) -> None:
    document = _document(path)
    document["mappings"]["2"] = {**document["mappings"]["1"], "created_at": "2026-01-01T00:00:00"}
    path.write_text(json.dumps(document))
    _check_unreadable(path)


class _Crash(BaseException):
    """The process is killed here."""


class _Crasher:
    """Lets every call of `names` in os count, and dies before or after one of them."""

    names = ("open", "link", "unlink", "replace", "fsync", "fchmod")

    def __init__(self, at: int, after: bool, error: Callable[[], BaseException]) -> None:
        self.struck = False
        self._count = 0
        self._at, self._after, self._error = at, after, error

    def install(self, patch: pytest.MonkeyPatch) -> None:
        for name in self.names:
            patch.setattr(os, name, self.wrap(getattr(os, name)))

    def wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            strikes, self._count = self._count == self._at, self._count + 1
            self.struck |= strikes
            if strikes and not self._after:
                raise self._error()
            try:
                return function(*args, **kwargs)
            finally:
                if strikes:
                    raise self._error()

        return call


def _put_dying(path: Path, crasher: _Crasher) -> bool:
    """Put; returns whether it was early enough to die of it."""
    with pytest.MonkeyPatch.context() as patch:
        crasher.install(patch)
        with suppress(_Crash, StoreError, OSError):
            _put(path, _NEW)
    return crasher.struck


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("with_backup", [False, True], ids=["first", "later"])
def test_killed_at_any_step_the_store_is_the_old_or_the_new_one(
    path: Path, after: bool, with_backup: bool
) -> None:
    for step in count():
        _put(path, _OLD)
        if not with_backup:
            backup_of(path).unlink()
        died = _put_dying(path, _Crasher(step, after, _Crash))
        assert JsonStore(path).load() in ((_OLD,), (_NEW,)), step
        _put(path, _NEW)
        assert JsonStore(path).load() == (_NEW,)
        if not died:
            break
    assert step >= 8


def _disk_full() -> OSError:
    return OSError(errno.ENOSPC, "No space left on device")


def test_full_disk_is_told_and_keeps_the_store(path: Path) -> None:
    _put(path, _NEW)
    _put(path, _OLD)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", _Crasher(0, False, _disk_full).wrap(os.fsync))
        with pytest.raises(StoreError, match=r"cannot be written.*No space left") as caught:
            _put(path, _NEW)
    assert caught.value.exit_code is ExitCode.IO
    assert JsonStore(path).load() == (_OLD,)
