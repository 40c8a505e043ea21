"""reconcile when Manila tells nothing of one share: the others do not suffer from it."""

from __future__ import annotations

from dataclasses import replace

from sharectl.errors import Denied
from sharectl.model.enums import Intent
from tests.fakes.mounts import umount
from tests.operations.reconciling import messages, run_reconcile
from tests.operations.scenarios import attached, nfs


def test_one_share_that_manila_will_not_show_does_not_stop_the_others() -> None:
    world, _ = attached(nfs)
    world.asking(share="other").add()
    shares = world.app.shares
    for rule in shares.all_rules:
        shares.revoke(rule.share_id, rule.id)
    shares.settle()
    docs, other = (shares.find(name).id for name in ("docs", "other"))
    shares.ill[docs] = Denied("Manila says: Policy does not allow it")
    umount(world.app.mounts, f"/run/sharectl/mnt/{docs}")

    result = run_reconcile(world.app)

    assert [rule.share_id for rule in shares.all_rules] == [other]
    assert messages(result) == (
        "share docs: Manila says: Policy does not allow it\n"
        "guest docs: cannot mount 192.0.2.1:/exports/one: access denied by server"
    )
    shares.ill.clear()
    run_reconcile(world.app)
    assert {rule.share_id for rule in shares.all_rules} == {docs, other}
    assert messages(run_reconcile(world.app)) == ""


def test_a_removal_waits_while_manila_will_not_show_its_share() -> None:
    world, _ = attached(nfs)
    world.asking(share="other").add()
    with world.app.store.transaction() as store:
        for item in store.mappings:
            store.put(replace(item, intent=Intent.DETACHING))
    docs = world.app.shares.find("docs").id
    world.app.shares.ill[docs] = Denied("Manila says: Policy does not allow it")
    assert messages(run_reconcile(world.app)) == "share docs: Manila says: Policy does not allow it"
    assert [item.share_id for item in world.app.store.load()] == [docs]
    world.app.shares.ill.clear()
    assert messages(run_reconcile(world.app)) == ""
    assert (world.app.store.load(), world.app.shares.all_rules) == ((), ())
