"""The store: what is put is there, private, backed up, and safe from other processes."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharectl.adapters import store_schema
from sharectl.adapters.json_store import JsonStore, backup_of
from sharectl.errors import Busy
from sharectl.model.enums import AccessLevel, AccessType, Intent, SharedMemory, ShareProtocol
from sharectl.model.mapping import ShareMapping
from tests.model.things import MAPPING, NOW

_SAMPLES = Path(__file__).parent.parent / "data" / "store"
_FULL = replace(
    MAPPING,
    id="m2",
    share_id="s2",
    share_name='dépôt "quoted" \u2028',
    protocol=ShareProtocol.CEPHFS,
    access_type=AccessType.CEPHX,
    access_level=AccessLevel.RO,
    intent=Intent.DETACHING,
    created_at=NOW + timedelta(seconds=1),
    filesystem_name="cephfs",
    rule_id="r1",
    owns_rule=True,
    shared_memory=SharedMemory.MEMFD,
    controllers=(5, 6),
    outdated_rules=("r0",),
    project_id="p1",
    libvirt_uri="qemu:///system",
    cloud="production",
    auth_url="https://keystone.example.org/v3",
    device="<filesystem/>",
    last_error="no answer",
    location_chosen=True,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store will be; the folder is not there yet."""
    return tmp_path / "state" / "mappings.json"


def _put(store: JsonStore, *mappings: ShareMapping) -> None:
    for mapping in mappings:
        with store.transaction() as transaction:
            transaction.put(mapping)


def test_host_without_a_store_has_no_mappings(path: Path) -> None:
    assert JsonStore(path).load() == ()
    assert not path.parent.exists(), "looking makes nothing"


def test_what_is_put_is_there_in_the_order_in_which_it_was_made(path: Path) -> None:
    store = JsonStore(path)
    _put(store, _FULL, MAPPING)
    assert JsonStore(path).load() == (MAPPING, _FULL)


def test_change_and_delete(path: Path) -> None:
    store = JsonStore(path)
    _put(store, MAPPING, _FULL, replace(MAPPING, intent=Intent.DETACHING))
    with store.transaction() as transaction:
        assert transaction.mappings == (replace(MAPPING, intent=Intent.DETACHING), _FULL)
        transaction.delete(MAPPING.id)
        transaction.delete("unknown")
        assert len(transaction.mappings) == 1
    assert store.load() == (_FULL,)


# What an older store is read as having, by the version that brought the field.
_NEW: dict[int, dict[str, Any]] = {
    2: {"outdated_rules": (), "project_id": ""},
    3: dict.fromkeys(("libvirt_uri", "cloud", "auth_url", "device"), ""),
    4: {"location_chosen": False},
}

_texts = st.text()
_times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
_mappings = st.builds(
    ShareMapping,
    **dict.fromkeys(
        ["id", "domain_uuid", "domain_name", "share_id", "share_name", "export_location", "tag"],
        _texts,
    ),
    access_to=_texts,
    mount_point=_texts,
    requested_by=_texts,
    created_at=_times.map(lambda time: time.replace(microsecond=0)),
    updated_at=_times.map(lambda time: time.replace(microsecond=0)),
    controllers=st.lists(st.integers(0, 31)).map(tuple),
    outdated_rules=st.lists(_texts).map(tuple),
    project_id=_texts,
    libvirt_uri=_texts,
    cloud=_texts,
    auth_url=_texts,
    device=_texts,
    location_chosen=st.booleans(),
)


@given(_mappings)
def test_every_mapping_survives_json(mapping: ShareMapping) -> None:
    text = json.dumps(store_schema.document(mapping))
    assert store_schema.mapping(json.loads(text)) == mapping


def test_stored_sample_of_each_schema_is_read() -> None:
    samples = sorted(_SAMPLES.glob("v*.json"))
    assert [sample.stem for sample in samples] == [
        f"v{number}" for number in range(1, store_schema.VERSION + 1)
    ]
    for number, sample in enumerate(samples, start=1):
        later = {key: value for since, new in _NEW.items() if since > number
                 for key, value in new.items()}  # fmt: skip
        assert JsonStore(sample).load() == (MAPPING, replace(_FULL, **later)), sample.name


def test_store_is_written_as_the_newest_sample(path: Path) -> None:
    _put(JsonStore(path), MAPPING, _FULL)
    assert path.read_text() == (_SAMPLES / f"v{store_schema.VERSION}.json").read_text()


def test_nobody_else_can_read_it(path: Path) -> None:
    before = os.umask(0)
    try:
        _put(JsonStore(path), MAPPING, _FULL)
    finally:
        os.umask(before)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {"mappings.json": 0o600, "mappings.json.bak": 0o600, "mappings.lock": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_backup_is_the_state_before_the_last_change(path: Path) -> None:
    store = JsonStore(path)
    _put(store, MAPPING)
    assert not backup_of(path).exists()
    _put(store, _FULL)
    assert JsonStore(backup_of(path)).load() == (MAPPING,)
    with store.transaction() as transaction:
        transaction.delete(MAPPING.id)
    assert JsonStore(backup_of(path)).load() == (MAPPING, _FULL)


def test_file_is_replaced_and_never_written_in_place(path: Path) -> None:
    store = JsonStore(path)
    _put(store, MAPPING)
    with path.open() as old:
        _put(store, _FULL)
        assert [m["id"] for m in json.load(old)["mappings"].values()] == [MAPPING.id]


def test_second_writer_is_told_who_has_the_lock(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sharectl.adapters.json_store._LOCK_TIMEOUT", 0.05)
    monkeypatch.setattr("sys.argv", ["sharectl", "--debug", "add", "guest", "docs"])
    store = JsonStore(path)
    with (
        store.transaction(),
        pytest.raises(Busy, match=rf"sharectl add \(pid {os.getpid()}\) holds the lock"),
        store.transaction(),
    ):
        pytest.fail("two transactions at once")
    assert store.load() == ()


def test_lock_file_is_not_the_store(path: Path) -> None:
    """The store's inode changes with each write, so a lock on it would not hold anybody off."""
    _put(JsonStore(path), MAPPING)
    with path.open() as store:
        fcntl.flock(store, fcntl.LOCK_EX)
        _put(JsonStore(path), _FULL)


def _count(path: Path, times: int) -> None:
    store = JsonStore(path)
    for _ in range(times):
        with store.transaction() as transaction:
            (mapping,) = transaction.mappings
            transaction.put(replace(mapping, tag=str(int(mapping.tag) + 1)))


@pytest.fixture
def counters(path: Path) -> Iterator[list[multiprocessing.Process]]:
    """Four processes that count in the store, 50 times each."""
    _put(JsonStore(path), replace(MAPPING, tag="0"))
    fork = multiprocessing.get_context("fork")
    running = [fork.Process(target=_count, args=(path, 50)) for _ in range(4)]
    yield running  # type: ignore[misc]
    for process in running:
        if process.is_alive():
            process.kill()
        process.join()


@pytest.mark.processes
def test_four_processes_lose_nothing_and_readers_see_whole_states(
    path: Path, counters: list[multiprocessing.Process]
) -> None:
    for process in counters:
        process.start()
    seen = [0]
    while any(process.is_alive() for process in counters):
        (mapping,) = JsonStore(path).load()
        seen.append(int(mapping.tag))
    assert [process.exitcode for process in counters] == [0, 0, 0, 0]
    assert JsonStore(path).load()[0].tag == "200"
    assert seen == sorted(seen)
