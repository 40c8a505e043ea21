"""Configuration files of every kind: read, or an error that names the file; never anything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from sharectl import config
from sharectl.config_values import MOST_SECONDS
from sharectl.errors import ConfigError
from tests.fuzz import examples
from tests.memory_file import memory_file

_SCRAPS = [*"[]{}=.,\"'#\n ", "[[", "true", "inf", "nan", "-", "1e400", "0x1", "\ufeff", "\ud800"]
_VALUES: tuple[Callable[[Random], str], ...] = (
    lambda dice: "9" * dice.randint(1, 6000),
    lambda dice: "[" * dice.choice((1, 2, 5, 9, 30, 1500)) + "]" * dice.randint(0, 9),
    lambda dice: "{a=" * dice.choice((1, 2, 5, 9, 30, 1500)),
    lambda dice: str(dice.uniform(-9, 9) * 10 ** dice.randint(-300, 300)),
    lambda dice: str(dice.randint(-10, 10_000)),
    lambda dice: json.dumps(_odd_text(dice)),
    lambda dice: json.dumps([_odd_text(dice), _odd_text(dice)]),
    lambda dice: dice.choice(["true", "1979-05-27T07:32:00Z", "{}", "[[]]", "[1]", "inf", "nan"]),
)
_NAMES = [f"[{section}]\n{key} = " for section in config.SECTIONS for key in config.keys(section)]


def _odd_text(dice: Random) -> str:
    return "".join(
        chr(dice.choice((dice.randint(0, 127), 0x202E, 0xD800, 0x1F600))) for _ in "12345"
    )


def _document(dice: Random) -> str:
    kind = dice.randrange(4)
    if kind == 0:
        return "".join(dice.choices(_SCRAPS, k=dice.randint(0, 20)))
    text = "\n".join(dice.choice(_NAMES) + dice.choice(_VALUES)(dice) for _ in range(kind))
    place = dice.randrange(len(text))
    return text if dice.random() < 0.7 else text[:place] + dice.choice(_SCRAPS) + text[place + 1 :]


@settings(max_examples=examples(25), deadline=None)
@given(st.text(), st.binary(), st.integers(0))
def test_no_file_ends_in_a_traceback(text: str, content: bytes, seed: int) -> None:
    """Each example stands for forty: they are made by its number, which is quicker."""
    dice = Random(seed)
    made = (text, *(_document(dice) for _ in range(40)))
    with memory_file() as file:
        for document in (content, *(item.encode(errors="surrogatepass") for item in made)):
            file.write(document)
            try:
                loaded = config.load(file.path, environment={})
            except ConfigError as error:
                assert str(file.path) in error.message
                assert len(error.message) < 1000
                continue
            assert 0 < loaded.mount_timeout <= MOST_SECONDS
            assert len(loaded.cephfs_access_to or "") <= 128
            assert not any("\0" in word for word in (*loaded.nfs_options, loaded.libvirt_uri))
