"""Names from Manila, libvirt, the store and the system: harmless and whole in every format."""

from __future__ import annotations

import csv
import io
import json
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sharectl.adapters import store_schema
from sharectl.adapters.json_store import JsonStore
from sharectl.cli.log import handler_for
from sharectl.cli.output import OutputOptions, print_list, print_record
from sharectl.cli.terminal import Terminal
from sharectl.errors import Refused, SharectlError
from sharectl.model.event import Failed
from sharectl.model.text import printable
from sharectl.ports.events import Events
from tests.cli.running import run_on
from tests.fakes import FakeApp
from tests.fuzz import examples
from tests.memory_file import memory_file
from tests.model.things import MAPPING

_FORMATS = ("table", "json", "yaml", "csv", "value")
_ENCODINGS = ("utf-8", "latin-1", "ascii", "cp1252", "shift_jis", "koi8-r")
_HARMFUL = {
    "escape sequence": "a\x1b[31mb",
    "C1 sequence": "a\x9b31mb",
    "line breaks": "a\nb\r\nc\x0bd\x85e\u2028f\u2029g",
    "bidirectional": "a\u202eb\u2066c\u200fd",
    "zero width": "a\u200bb\ufeffc\u00add\u2060e",
    "filler": "a\u3164b\u115fc\uffa0d\u2800e",
    "tags and selectors": "a\U000e0041b\U000e0100c",
    "lone surrogates": "a\ud800b\udfffc\udcffd",
    "surrogates side by side": "\ud800\udfff",
    "NUL and DEL": "a\x00b\x7fc",
}
_PLAIN = {
    "Japanese": "共有フォルダ",
    "emoji": "docs \U0001f600",
    "accents": "dépôt",
    "combining": "e\u0301",
    "quotes": "a \"b\" 'c' \\ , ; | {x} [red]y[/red]",
    "empty": "",
    "number": "0x10",
    "null": "null",
    "colon": "a: b # c",
}
_HEADINGS = ("Name", "Tag")


def _printed(
    encoding: str, printer: Callable[..., None], data: object, form: str, columns: Sequence[str]
) -> str:
    """What is printed, as it is read with that encoding."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    with patch.object(sys, "stdout", stream):
        printer(columns, data, OutputOptions(form, (), no_header=False, sort=()))
        stream.flush()
    return raw.getvalue().decode(encoding)


def _check(name: str, encoding: str, form: str) -> None:
    text = _printed(encoding, print_list, [(name, "t1")], form, _HEADINGS)
    lines = text.rstrip("\n").split("\n")
    assert all(line == printable(line) for line in lines), (name, lines)
    record = _printed(encoding, print_record, (name, "t1"), form, _HEADINGS)
    match form:
        case "json":
            # Two halves side by side are one character to JSON.
            whole = name.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
            assert json.loads(text) == [{"Name": whole, "Tag": "t1"}]
            assert json.loads(record) == {"Name": whole, "Tag": "t1"}
        case "yaml":
            if not any("\ud800" <= c <= "\udfff" for c in name):  # which YAML has no word for
                assert yaml.safe_load(text) == [{"Name": name, "Tag": "t1"}]
        case "csv":
            shown = printable(name).encode(encoding, "backslashreplace").decode(encoding)
            assert list(csv.reader(lines)) == [[*_HEADINGS], [shown, "t1"]]
        case "value":
            assert len(lines) == 1
            assert len(record.rstrip("\n").split("\n")) == 2
        case _:
            assert len(lines) == 5
            assert {line[0] for line in lines} == {"+", "|"}
            if text.isascii():
                assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize("form", _FORMATS)
@pytest.mark.parametrize("name", [*_HARMFUL, *_PLAIN])
def test_each_kind_of_name(name: str, form: str) -> None:
    for encoding in _ENCODINGS:
        _check({**_HARMFUL, **_PLAIN}[name], encoding, form)


@pytest.mark.parametrize("name", _HARMFUL.values(), ids=_HARMFUL)
def test_nothing_harmful_is_left(name: str) -> None:
    """Beside it there are ASCII letters alone."""
    for form in _FORMATS:
        text = _printed("utf-8", print_list, [(name, "t1")], form, _HEADINGS)
        assert text.isascii(), form
        assert all(character.isprintable() or character == "\n" for character in text), form
    assert printable(name).isascii()


def test_a_name_that_can_be_shown_is_shown() -> None:
    for form in ("table", "json", "csv", "value"):
        for name in ("共有フォルダ", "docs \U0001f600", "❤️"):
            assert name in _printed("utf-8", print_list, [(name, "t1")], form, _HEADINGS)
        assert "dépôt" in _printed("latin-1", print_list, [("dépôt", "t1")], form, _HEADINGS)


_SCRAPS = ("\ud800", "\udfff", "\u202e", "\u200b", "\n", "\x1b[2J", "\U0001f600", "\x00", '"', "\\")


@settings(max_examples=examples(60), deadline=None)
@given(st.text(), st.sampled_from(_ENCODINGS), st.sampled_from(_FORMATS), st.integers(0))
def test_any_name(name: str, encoding: str, form: str, seed: int) -> None:
    dice = Random(seed)
    for _ in range(20):
        _check(name, encoding, form)
        name = "".join(
            dice.choice(_SCRAPS) if dice.random() < 0.3 else chr(dice.randrange(0x3000))
            for _ in range(dice.randint(0, 12))
        )


@pytest.mark.parametrize("name", _HARMFUL.values(), ids=_HARMFUL)
def test_in_errors_hints_steps_and_warnings(name: str) -> None:
    app: Any = FakeApp()
    app.events = Events(Terminal(verbose=True))

    def fail(_verb: str) -> None:
        app.events.progress(name)
        app.events.warn(name)
        app.events.emit(Failed(SharectlError(name, hint=name)))
        raise Refused(name, hint=name)

    app.host.check_root = fail
    status, stderr = run_on(app, io.StringIO(), "add", "guest", "docs")
    first, *lines = stderr.rstrip("\n").split("\n")
    assert (status, first, len(lines)) == (4, "sharectl: checking", 1 + 1 + 2 + 2)
    assert all(line.endswith(printable(name)) and line == printable(line) for line in lines)


def test_in_what_the_libraries_log() -> None:
    heard = io.StringIO()
    handler = handler_for(heard)
    for name in _HARMFUL.values():
        handler.handle(logging.LogRecord("lib", logging.DEBUG, "", 0, "%s", (name,), None))
    lines = heard.getvalue().rstrip("\n").split("\n")
    assert lines == [f"lib: {printable(name)}" for name in _HARMFUL.values()]


_ODD: tuple[Callable[[Random], object], ...] = (
    lambda dice: None,
    lambda dice: dice.randint(-9, 9) * 10 ** dice.randint(0, 5000),
    lambda dice: dice.choice([True, 1.5, float("nan"), float("inf"), [], {}, [[]], {"a": None}]),
    lambda dice: dice.choice([*_HARMFUL.values(), *_PLAIN.values()]),
    lambda dice: dice.choice(["2026-01-01T00:00:00+00:00", "0001-01-01T00:00:00+14:00", "ro"]),
    lambda dice: "9999-12-31T23:59:59-14:00",
)


def _damaged(dice: Random) -> bytes:
    """A store in which something is not what it should be."""
    record = store_schema.document(replace(MAPPING, share_name=dice.choice([*_HARMFUL.values()])))
    document: dict[str, Any] = {**store_schema.stamp(), "mappings": {"1": record}}
    for _ in range(dice.randint(0, 2)):
        record[dice.choice([*record, "new"])] = dice.choice(_ODD)(dice)
    kind = dice.randrange(8)
    if kind == 0:
        document[dice.choice(["schema", "mappings", "other"])] = dice.choice(_ODD)(dice)
    sys.set_int_max_str_digits(0)
    try:
        text = json.dumps(document)
    finally:
        sys.set_int_max_str_digits(4300)
    place = dice.randrange(len(text))
    if kind == 1:
        text = text[:place]
    elif kind == 2:
        text = text[:place] + dice.choice(["[" * 3000, "\ud800", "1" * 5000]) + text[place:]
    return text.encode(errors="surrogatepass")


@settings(max_examples=examples(25), deadline=None)
@given(st.binary(), st.integers(0))
def test_any_store(content: bytes, seed: int) -> None:
    dice, app = Random(seed), FakeApp()
    with memory_file() as file:
        app.store = JsonStore(file.path)  # type: ignore[assignment]
        for damaged in (content, *(_damaged(dice) for _ in range(20))):
            file.write(damaged)
            stdout = io.TextIOWrapper(io.BytesIO(), encoding=dice.choice(_ENCODINGS))
            words = ("list", *dice.choice([(), ("--long",)]), "-f", dice.choice(_FORMATS))
            status, stderr = run_on(app, stdout, *words)
            assert status in (0, 74), (damaged, stderr)
            assert len(stderr.splitlines()) == (2 if status else 0), (damaged, stderr)
