"""What libvirt calls the hook for, and what it gets back."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from sharectl.hook import __main__ as entry
from sharectl.hook.dispatch import run
from sharectl.model.enums import Intent
from sharectl.ports import App
from tests.hook.starting import starting

EVENTS = [
    ("start", "begin"), ("started", "begin"), ("stopped", "end"), ("release", "end"),
    ("migrate", "begin"), ("restore", "begin"), ("reconnect", "begin"), ("attach", "begin"),
    ("prepare", "end"), ("whatever", "comes"),
]  # fmt: skip


def _broken() -> App:
    raise AssertionError("nothing is needed for that event")


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event[0])
def test_no_other_event_does_or_fails_at_anything(
    event: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(_broken, ["guest", *event, "-"], lambda: b"no XML") == 0
    assert run(_broken, [], lambda: b"") == 0
    assert capsys.readouterr() == ("", "")


def test_a_refusal_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    start = starting()
    start.change(intent=Intent.DETACHING)
    xml = start.app.domains.xml_of(start.uuid).replace("<name>guest<", "<name>a\nb\x85$(id)<")
    status = run(lambda: start.app, ["x", "prepare", "begin", "-"], xml.encode)
    out, err = capsys.readouterr()
    assert (status, out) == (1, "")
    assert err.startswith("sharectl: share docs of domain a b $(id): it is being detached; ")
    assert err.count("\n") == 1


def test_what_is_no_xml_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    app = starting().app
    assert run(lambda: app, ["x", "prepare", "begin", "-"], lambda: b"\xff<") == 1
    assert "cannot be read" in capsys.readouterr().err


def test_a_mistake_of_ours_is_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(_broken, ["x", "prepare", "begin", "-"], lambda: b"") == 1
    err = capsys.readouterr().err
    assert err.startswith("sharectl: internal error in the hook: AssertionError: ")
    assert err.count("\n") == 1


def test_a_configuration_that_cannot_be_read_fails_only_a_start_with_shares(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    xml = b"<domain><devices><filesystem><source dir='%s/x'/></filesystem></devices></domain>"
    for name in ("SHARECTL_STATE_DIR", "SHARECTL_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    given = BytesIO(xml % b"/srv")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=given))
    assert entry.main(["/nowhere.toml", "x", "prepare", "begin", "-"]) == 0
    given = BytesIO(xml % b"/run/sharectl/mnt")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=given))
    assert entry.main(["/nowhere.toml", "x", "reconnect", "begin", "-"]) == 0
    assert entry.main(["/nowhere.toml", "x", "prepare", "begin", "-"]) == 1
    out, err = capsys.readouterr()
    assert (out, err) == (
        "",
        "sharectl: configuration file /nowhere.toml does not exist; see: man sharectl-config\n",
    )


def test_commands_to_type_have_what_the_hook_was_installed_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "my config.toml"
    file.write_text('[libvirt]\nuri = "qemu:///session"\n')
    start = starting()
    xml = start.app.domains.xml_of(start.uuid)
    start.forget()
    monkeypatch.setattr("sharectl.app.RealApp", lambda _settings, _report: start.app)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=BytesIO(xml.encode())))
    assert entry.main([str(file), "x", "prepare", "begin", "-"]) == 1
    err = capsys.readouterr().err
    share = start.app.shares.find("docs").id
    assert f"sharectl --config '{file}' add guest {share}" in err
    assert "virsh -c qemu:///session edit guest" in err
    assert err.count("\n") == 1


def test_at_boot_each_failure_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    start = starting()
    event = ["-", "boot", "begin", "-"]
    start.unmount()
    assert run(lambda: start.app, event, lambda: b"") == 0
    start.unmount()
    start.app.mounts.dead.add("192.0.2.1")
    assert run(lambda: start.app, event, lambda: b"") == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("sharectl: share docs of domain guest: file server 192.0.2.1 did not")
