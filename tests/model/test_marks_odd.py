"""Marks with values that sharectl would not have written: refused, or taken as they are."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import UTC

from hypothesis import example, given
from hypothesis import strategies as st

from sharectl.errors import Refused
from sharectl.model.claim import claim_of
from sharectl.model.mark import Mark
from sharectl.model.marking import mark_of
from tests.model.things import DOMAIN, HOST, MAPPING

_GOOD = asdict(mark_of(MAPPING, HOST))
_VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["9" * 5000, "-1", "1 2 x", "٣", "nan", "0001-01-01T00:00:00+23:59"]),
)


@given(st.dictionaries(st.sampled_from([item.name for item in fields(Mark)]), _VALUES))
@example({"created_at": "0001-01-01T00:00:00+23:59"})
@example({"created_at": "2026-01-01"})
@example({"controllers": "9" * 5000})
@example({"controllers": "-1"})
@example({"share_id": "../../etc"})
def test_whatever_a_mark_says(odd: dict[str, str]) -> None:
    try:
        claim = claim_of(Mark(**{**_GOOD, **odd}), DOMAIN)
    except Refused as error:
        assert error.hint
    else:
        assert claim.created_at.astimezone(UTC).tzinfo is UTC
        assert all(0 <= index < 2**31 for index in claim.controllers)
