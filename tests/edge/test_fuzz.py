"""Whatever stands in the store and in a domain's definition: two lines, and a right status."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import quoteattr

import libvirt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharectl.adapters.store_schema import VERSION
from tests.cli.running import run
from tests.edge.outcome import wrong_with_result
from tests.edge.world import URI, EdgeWorld, edge_world
from tests.fuzz import examples

_VERBS = (
    "list",
    "list --long",
    "show test docs",
    "metadata show test",
    "reconcile -n",
    "forget test docs",
)
_READING = _VERBS[:5]
_words = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ("", "\0", "\udcff", "\u202e", "a\nb", "../x", "/", "-rf", "9" * 50, "docs", "x,y")
    ),
)
_keys = st.sampled_from(("id", "1", "mappings"))
_values = st.recursive(
    st.one_of(_words, st.none(), st.booleans(), st.integers(), st.floats()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(_keys, inner),
    ),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EdgeWorld]:
    """Without a cloud."""
    with pytest.MonkeyPatch.context() as patch, edge_world(tmp_path_factory.mktemp("fuzz")) as made:
        patch.setenv("OS_CLIENT_CONFIG_FILE", "/nonexistent")
        patch.setattr("openstack.config.loader.CONFIG_FILES", [])
        for name in ("OS_CLOUD", "OS_AUTH_URL"):
            patch.delenv(name, raising=False)
        yield made


@pytest.fixture(scope="module")
def good(world: EdgeWorld) -> dict[str, Any]:
    """The store as it was."""
    document: dict[str, Any] = json.loads(world.store.read_text())
    return document


def _check(world: EdgeWorld, verb: str) -> None:
    before = world.store.read_bytes()
    result = run(world.app(), *verb.split())
    assert not wrong_with_result(result), (verb, result.exit_code, result.output, result.exception)
    if verb in _READING:
        assert world.store.read_bytes() == before


@settings(max_examples=examples(40))
@given(data=st.data(), verb=st.sampled_from(_VERBS))
def test_any_store(world: EdgeWorld, good: dict[str, Any], data: st.DataObject, verb: str) -> None:
    """Nearly as it should be, or anything."""
    (record,) = good["mappings"].values()
    odd = data.draw(st.dictionaries(st.sampled_from(sorted(record)), _values, max_size=3))
    document: Any = {
        "schema": {"1": {"version": VERSION}},
        "mappings": {"1": {**record, **odd}},
    }
    kind = data.draw(st.integers(0, 3))
    if kind == 0:
        document = data.draw(st.dictionaries(st.sampled_from(("schema", "mappings")), _values))
    text = json.dumps(document)
    if kind == 1:
        text = text[: data.draw(st.integers(0, len(text)))]
    world.store.write_text(text)
    _check(world, verb)


_XML = """<domain type='test'><name>{}</name><uuid>{}</uuid><memory>8192</memory>
<metadata><s:shares xmlns:s='urn:sharectl:1'><s:share{}/></s:shares></metadata>
<os><type>hvm</type></os></domain>"""
_ATTRIBUTES = ("id", "share_id", "share_name", "tag", "access_level", "host", "host_id", "cloud",
               "project_id", "created_at", "shared_memory", "controllers", "access_to")  # fmt: skip


@settings(max_examples=examples(40))
@given(
    marks=st.dictionaries(st.sampled_from(_ATTRIBUTES), _words),
    verb=st.sampled_from(
        ("adopt test", "reconcile -n", "list --long", "metadata show test", "adopt")
    ),
)
def test_any_mark(world: EdgeWorld, good: dict[str, Any], marks: dict[str, str], verb: str) -> None:
    world.store.write_text(json.dumps(good))
    plain = {key: "".join(c for c in text if c.isprintable()) for key, text in marks.items()}
    written = "".join(f" {key}={quoteattr(text)}" for key, text in plain.items())
    connection = libvirt.open(URI)
    try:
        connection.defineXML(_XML.format("test", world.uuid, written))
    finally:
        connection.close()
    _check(world, verb)


@settings(max_examples=examples(40))
@given(
    verb=st.sampled_from(("show", "add", "remove", "forget", "list", "metadata show")),
    words=st.lists(_words.filter(lambda text: "\0" not in text), max_size=3),
)
def test_any_names(world: EdgeWorld, good: dict[str, Any], verb: str, words: list[str]) -> None:
    world.store.write_text(json.dumps(good))
    result = run(world.app(), *verb.split(), "--", *words)
    assert not wrong_with_result(result), (verb, words, result.output, result.exception)
