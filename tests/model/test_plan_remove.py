"""The plan of a mapping that is to go, as a table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharectl.errors import Refused
from sharectl.model.domain import Domain, Filesystem
from sharectl.model.enums import (
    Intent,
    RuleState,
)
from sharectl.model.plan import plan
from tests.model.plan_cases import (
    BELOW,
    BESIDE,
    FOREIGN,
    GIVEN,
    LEAVING,
    MARKED,
    PRIVATE,
    RUNNING,
    SECOND,
    TWO,
    WITH,
    Case,
    check,
)
from tests.model.things import (
    DOMAIN,
    MOUNT,
    RULE,
    observed,
)

_REMOVE = (
    Case("all there", LEAVING, ("remove", "unmount", "revoke"), (RULE,), (MOUNT,), (WITH,)),
    Case(
        "marked",
        LEAVING,
        ("remove filesystem", "take share docs out of the metadata", "unmount", "revoke"),
        (RULE,),
        (MOUNT,),
        (MARKED,),
    ),
    Case(
        "mark left",
        LEAVING,
        ("take share docs out of the metadata",),
        domains=(replace(MARKED, filesystems=()),),
    ),
    Case("nothing there", LEAVING, ()),
    Case("domain gone", LEAVING, ("unmount", "revoke"), (RULE,), (MOUNT,), ()),
    Case("mount gone", LEAVING, ("remove", "revoke"), (RULE,), (), (WITH,)),
    Case("rule gone", LEAVING, ("remove", "unmount"), (), (MOUNT,), (WITH,)),
    Case("rule going", LEAVING, ("revoke",), (replace(RULE, state=RuleState.DENYING),)),
    Case("foreign rule", LEAVING, ("remove", "unmount"), (FOREIGN,), (MOUNT,), (WITH,)),
    Case(
        "our rule beside a foreign net",
        LEAVING,
        ("revoke access on share docs from ip 198.51.100.7",),
        (replace(FOREIGN, id="r2", access_to="198.51.100.0/24"), RULE),
    ),
    Case("Manila not looked at", LEAVING, ("remove", "unmount"), None, (MOUNT,), (WITH,)),
    Case("domains not looked at", LEAVING, (), (RULE,), (MOUNT,), None),
    Case("foreign mount", LEAVING, ("revoke",), (RULE,), (replace(MOUNT, source="x:/y"),)),
    Case(
        "another domain",
        LEAVING,
        ("remove", "note host and domain"),
        (RULE,),
        (MOUNT,),
        (WITH, TWO),
        (SECOND,),
    ),
    Case(
        "another domain, now gone",
        LEAVING,
        ("remove", "note host and domain"),
        (RULE,),
        (MOUNT,),
        (WITH,),
        (SECOND,),
    ),
    Case(
        "another domain goes too",
        LEAVING,
        ("remove", "unmount", "revoke"),
        (RULE,),
        (MOUNT,),
        (WITH,),
        (replace(SECOND, intent=Intent.DETACHING),),
    ),
    Case("another without a record", LEAVING, ("remove",), (RULE,), (MOUNT,), (WITH, TWO)),
    Case(
        "a folder of it used",
        LEAVING,
        (),
        (RULE,),
        (MOUNT,),
        (replace(TWO, filesystems=(BELOW,)),),
    ),
    Case(
        "a like-named folder used",
        LEAVING,
        ("unmount", "revoke"),
        (RULE,),
        (MOUNT,),
        (replace(TWO, filesystems=(BESIDE,)),),
    ),
    Case(
        "same tag from elsewhere",
        LEAVING,
        (),
        domains=(replace(DOMAIN, filesystems=(Filesystem("t1", "/elsewhere"),)),),
    ),
    Case(
        "memory given",
        replace(LEAVING, **GIVEN),  # type: ignore[arg-type]
        ("remove filesystem", "take the shared memory (memfd) back"),
        domains=(WITH,),
    ),
    Case("memory taken back", replace(LEAVING, **GIVEN), (), domains=(PRIVATE,)),  # type: ignore[arg-type]
    Case("memory not ours", LEAVING, ("remove filesystem",), domains=(WITH,)),
)


@pytest.mark.parametrize("case", _REMOVE, ids=lambda case: case.name)
def test_plan_to_remove(case: Case) -> None:
    check(case)


@pytest.mark.parametrize(
    ("domain", "message"),
    [(RUNNING, "is running"), (replace(WITH, managed_save=True), "has a managed-save image")],
)
def test_guest_keeps_what_it_has(domain: Domain, message: str) -> None:
    with pytest.raises(Refused, match=message):
        plan(LEAVING, observed((LEAVING,), (RULE,), (MOUNT,), (domain,)))
