"""Who this host is."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharectl.adapters.system import LocalHost
from sharectl.errors import ConfigError

_EXPECTED = "b3d09800f6d54f1281fdb85bd7a54443"
_ONE, _OTHER = "8c6f0e1f0d0b4c0f9a3d5e7f9b1c3d5e", "8c6f0e1f0d0b4c0f9a3d5e7f9b1c3d5f"


def _host(tmp_path: Path, *texts: str | None) -> LocalHost:
    files = []
    for number, text in enumerate(texts):
        files.append(tmp_path / f"machine-id-{number}")
        if text is not None:
            files[-1].write_text(text)
    return LocalHost(tuple(files))


def test_host_id_is_the_same_each_time_and_not_the_machine_id(tmp_path: Path) -> None:
    made = _host(tmp_path, _ONE + "\n").id
    assert made == _host(tmp_path, _ONE).id
    assert len(made) == 32
    assert made not in (_ONE, _host(tmp_path, _OTHER).id)


def test_host_id_is_made_as_systemd_makes_application_ids(tmp_path: Path) -> None:
    # systemd-id128 machine-id --app-specific=b0c5a1f3d2a94f0ea8f6a41f3d7e6b52
    assert _host(tmp_path, _ONE).id == _EXPECTED


def test_second_place_is_asked_when_the_first_has_no_id(tmp_path: Path) -> None:
    for nothing in (None, "", "uninitialized\n", "0" * 32, "Z" * 32):
        assert _host(tmp_path, nothing, _ONE).id == _EXPECTED


def test_host_without_a_machine_id_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        _host(tmp_path, None, "uninitialized\n").id  # noqa: B018 - the property raises
    assert "systemd-machine-id-setup" in (caught.value.hint or "")
