"""A field without a value: what cliff makes of it, and what the manual says."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cliff.lister import Lister
from cliff.show import ShowOne

from sharectl.cli.output import OutputOptions, print_list, print_record
from sharectl.cli.rich_table import print_table
from tests.tools import manual

_HEADINGS, _ROW = ("Last Error", "Tag"), (None, "docs")
_MANUAL = manual.sections(Path(__file__).parents[2] / "man/sharectl.8")["OUTPUT"].text


def _cliff(kind: type[Any], data: Any, form: str) -> str:
    class Verb(kind):  # type: ignore[misc]
        def take_action(self, _arguments: object) -> Any:
            return _HEADINGS, data

    printed = io.StringIO()
    verb = Verb(SimpleNamespace(stdout=printed), None)
    verb.run(verb.get_parser("verb").parse_args(["-f", form]))
    return printed.getvalue()


@pytest.mark.parametrize("form", ["table", "json", "yaml", "csv", "value"])
@pytest.mark.parametrize("printer", [print_list, print_record])
def test_no_value_is_what_cliff_makes_of_it(
    printer: Callable[..., None], form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if printer is print_record and form == "csv":
        pytest.skip("cliff has no csv for one record")
    kind, data = (Lister, [_ROW]) if printer is print_list else (ShowOne, _ROW)
    printer(_HEADINGS, data, OutputOptions(form, (), no_header=False, sort=()))
    assert capsys.readouterr().out == _cliff(kind, data, form)


def test_no_value_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(_HEADINGS, [_ROW], header=False)
    assert [cell.strip() for cell in capsys.readouterr().out.split("│")[1:3]] == ["-", "docs"]


def test_the_manual_says_it() -> None:
    sentence = " ".join(_MANUAL[_MANUAL.index("A field without a value") :].split())
    for words in (
        "null in json and yaml",
        "empty in csv",
        "None in value and table",
        "- in a table",
    ):
        assert words in sentence
