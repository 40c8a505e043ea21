"""What is written for users and contributors is true: manual, README, changelog, hints.

The code is the source; nothing is documented that is not there, and nothing is there that is not
documented.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from sharectl import __version__
from sharectl.cli import columns
from sharectl.config import _CHOICES, Config
from sharectl.errors import ExitCode
from sharectl.model.enums import Health, MappingStatus
from sharectl.model.health import TEXTS
from sharectl.operations.views import UNSEEN
from tests.lab import shells
from tests.tools import command_tree, manual
from tests.tools.command_tree import Command
from tests.typed.finding import commands_in
from tests.typed.parsing import VERBS, faults

ROOT = Path(__file__).parents[1]
PAGES = tuple(
    ROOT / "man" / name
    for name in ("sharectl.8", "sharectl-config.5", "sharectl-hook.8", "sharectl-domains.7")
)
MANUAL = manual.sections(PAGES[0])
CONFIG_MANUAL = manual.sections(PAGES[1])
README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
TREE = command_tree.read()
LEAVES = tuple(command for command in TREE.walk() if not command.commands)
NAMES = frozenset(command.path.removeprefix("sharectl ") for command in TREE.walk())
OPTIONS = frozenset(name for c in TREE.walk() for option in c.options for name in option.names)
# Options of other programs, in examples.
_FOREIGN_OPTIONS = frozenset({"--live", "--offline", "--persistent", "--undefinesource", "--all"})
_SHARED = ("Change options", "Output options")
_EVERYWHERE = frozenset({"-h", "--help"})
_OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")


def _named(command: Command) -> str:
    return command.path.replace(" ", "-")


def _source_files() -> Iterator[Path]:
    yield from sorted((ROOT / "sharectl").rglob("*.py"))


def _texts(file: Path) -> Iterator[str]:
    """The string literals of a module, docstrings left out; in an f-string, {} for a value."""
    tree = ast.parse(file.read_text())
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
              for part in ast.walk(node) if part is not node}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (str(i.value) if isinstance(i, ast.Constant) else "{}" for i in node.values)
            yield "".join(parts)
        elif isinstance(node, ast.Constant) and id(node) not in inside:
            text = node.value if isinstance(node.value, str) else "\n"
            if "\n" not in text:
                yield text


@pytest.mark.parametrize("command", tuple(TREE.walk()), ids=_named)
def test_every_command_and_option_has_help(command: Command) -> None:
    assert command.help
    assert [option.names for option in command.options if not option.help] == []


@pytest.mark.parametrize("command", LEAVES, ids=_named)
def test_every_option_is_in_the_manual(command: Command) -> None:
    own = MANUAL[command.path.removeprefix("sharectl ")]
    documented = set(_OPTION.findall(" ".join(own.tags)))
    for shared in _SHARED:
        if shared.lower() in own.text:
            documented |= set(_OPTION.findall(" ".join(MANUAL[shared].tags)))
    names = {name for option in command.options for name in option.names}
    assert documented == names - _EVERYWHERE


def test_every_global_option_is_in_the_manual() -> None:
    names = {name for option in TREE.options for name in option.names}
    assert set(_OPTION.findall(" ".join(MANUAL["Global options"].tags))) == names


def test_every_command_is_in_the_synopsis() -> None:
    synopsis = MANUAL["SYNOPSIS"].text
    shown = re.findall(r"sharectl \[global options\] ([a-z ]+?) \[options\]((?: \[?[A-Z]+\]?)*)",
                       synopsis)  # fmt: skip
    arguments = {name: re.findall("[A-Z]+", text) for name, text in shown}
    assert arguments == {
        command.path.removeprefix("sharectl "): [item.metavar for item in command.arguments]
        for command in LEAVES
    }


def test_every_choice_is_in_the_manual() -> None:
    text = " ".join(tag for section in MANUAL.values() for tag in section.tags)
    choices = {"|".join(o.choices) for c in TREE.walk() for o in c.options if o.choices}
    assert [choice for choice in choices if choice not in text] == []


@pytest.mark.parametrize(
    "text",
    [*(page.read_text().replace("\\-", "-") for page in PAGES), README, ARCHITECTURE],
    ids=[*(page.stem for page in PAGES), "readme", "architecture"],
)
def test_nothing_is_documented_that_does_not_exist(text: str) -> None:
    spelled = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", re.sub(r"\n\.\\\".*", "", text)))
    typed = set(re.findall(r"^(?:\$ |# )?sharectl ([a-z]+)", text, re.MULTILINE))
    allowed = OPTIONS | _FOREIGN_OPTIONS | _EVERYWHERE
    assert spelled - allowed == set()
    assert typed - NAMES == set()


def test_hints_name_commands_that_exist() -> None:
    typed = re.compile(r"(?:^|: )sharectl ([a-z]+)")
    found = {name for file in _source_files() for text in _texts(file)
             for name in typed.findall(text)}  # fmt: skip
    assert "remove" in found
    assert found <= NAMES


def test_exit_statuses_are_in_the_manual() -> None:
    assert MANUAL["EXIT STATUS"].tags == [str(int(code)) for code in ExitCode]


def test_status_and_health_words_are_in_the_manual() -> None:
    words = [*MappingStatus, UNSEEN, *Health]
    assert sorted(MANUAL["STATUS AND HEALTH"].tags) == sorted(map(str, words))


def _typed(tag: str) -> list[str]:
    """The commands under a tag of the first aid: each has a line of its own."""
    lines = MANUAL["FIRST AID"].entries[tag]
    return [line.rstrip(".,;") for line in lines if line.startswith(("sharectl ", "virsh "))]


def test_first_aid_has_each_word_for_ill_health() -> None:
    ill = sorted({*map(str, Health)} - {Health.OK} | {"orphan"})
    assert sorted(MANUAL["FIRST AID"].tags) == ill
    for tag in ill:
        assert _typed(tag), tag
        assert [fault for command in _typed(tag) for fault in faults(command)] == []


@pytest.mark.parametrize("health", TEXTS, ids=str)
def test_first_aid_says_what_the_hint_says(health: Health) -> None:
    hint = TEXTS[health][1].format(domain="web1", share="SHARE")
    words = commands_in(hint, VERBS)
    assert all(" ".join(it) in " ".join(_typed(str(health))) for it in words), (hint, words)


def test_columns_are_in_the_manual() -> None:
    assert sorted(MANUAL["OUTPUT"].tags) == sorted(columns.RECORD)
    assert ", ".join(columns.LIST) in MANUAL["OUTPUT"].text


def test_environment_variables_are_in_the_manual() -> None:
    name = re.compile(r"(?:SHARECTL|LIBVIRT|OS)_[A-Z_]+|NO_COLOR|SUDO_USER")
    used = {text for file in _source_files() for text in _texts(file) if name.fullmatch(text)}
    assert len(used) > 3
    assert used <= set(MANUAL["ENVIRONMENT"].tags)


def test_configuration_keys_and_defaults_are_in_the_manual() -> None:
    documented: dict[str, object] = {}
    for title, section in CONFIG_MANUAL.items():
        if title.startswith("["):
            for tag in section.tags:
                key, _, value = tag.partition(" = ")
                name = f"{title.strip('[]')}_{key}"
                documented[name] = tomllib.loads(f"x = {value}")["x"] if value else None
    defaults = Config()
    others = {"state_dir", "runtime_dir", "cloud_named_by", "patience"}  # not of the file
    expected = {f.name: getattr(defaults, f.name) for f in fields(Config) if f.name not in others}
    expected = {k: list(v) if isinstance(v, tuple) else v for k, v in expected.items()}
    assert documented == expected
    for name, choices in _CHOICES.items():
        text = CONFIG_MANUAL[f"[{name.partition('_')[0]}]"].text
        assert [choice for choice in choices if f'"{choice}"' not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_manual_is_of_this_version(page: Path) -> None:
    assert f'"sharectl {__version__}"' in page.read_text()


@pytest.mark.processes
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
@pytest.mark.parametrize("linter", ["mandoc -T lint -W warning", "groff -man -ww -z"])
def test_manual_has_no_errors(page: Path, linter: str) -> None:
    program, *options = linter.split()
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    _lint([program, *options, str(page)])


@pytest.mark.lab
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_manual_has_no_errors_for_mandoc(page: Path) -> None:
    _lint([str(shells.program("mandoc")), "-T", "lint", "-W", "warning", str(page)])


def _lint(argv: list[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0


def test_make_targets_are_documented() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    shown = set(re.findall(r"`make ([a-z]+)`", README + CONTRIBUTING))
    assert {"demo", "play", "test", "check", "bench"} <= shown <= set(targets)


def test_files_that_the_documents_name_are_there() -> None:
    text = README + CONTRIBUTING + ARCHITECTURE
    paths = set(re.findall(r"`((?:sharectl|tests|man|completions)/[\w./]*)`", text))
    paths |= set(re.findall(r"\]\((?:\.\./)?([\w./]+)\)", text))
    assert len(paths) > 10
    assert sorted(path for path in paths if not (ROOT / path).exists()) == []


def test_changelog_has_this_version() -> None:
    headings = re.findall(r"^## \[(.*?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[:2] == ["Unreleased", __version__]
