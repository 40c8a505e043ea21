"""Failures and delays on request, for any share driver.

A share asks for them by words in its name, a rule by its `access_to`:

==================  ====================  ====================================================
in the share name   `access_to`           what happens
==================  ====================  ====================================================
slow-create-5s                            creating for 5 s
fail-create                               share goes to error
no-export                                 share becomes available without an export location
slow-rule-1s        198.18.*, slow-*      rule is applied for 1 s (by access_to: 2 s)
fail-rule           203.0.113.*, fail-*   that rule goes to error
fail-driver         198.51.100.*, raise-* driver raises: all pending rules go to error
slow-deny-1s                              rule is denied for 1 s
fail-deny           198.19.*, stuck-*     deny fails: rule goes to error and stays
late-key-2s                               rule is active, its cephx key comes 2 s later
slow-delete-5s                            deleting for 5 s
fail-delete                               share goes to error_deleting
==================  ====================  ====================================================

The export locations themselves can be given as well, by share name, in `exports.json`.
"""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from manila import context as manila_context
from manila import db, exception
from oslo_config import cfg

_SLOW_RULE_S = 2.0
_BY_ACCESS_TO = {
    "slow-rule": ("198.18.", "slow-"),
    "fail-rule": ("203.0.113.", "fail-"),
    "fail-driver": ("198.51.100.", "raise-"),
    "fail-deny": ("198.19.", "stuck-"),
}

Rule = Mapping[str, Any]
Updates = dict[str, dict[str, Any]]


class Faults:
    """Mix-in, to be named before the driver: obeys the names, and leaves the rest to the driver."""

    def create_share(self, context: Any, share: Any, share_server: Any = None) -> Any:
        name = _share_name(share)
        _wait(name, "slow-create")
        _raise_if("fail-create" in name, "create")
        locations = super().create_share(context, share, share_server)  # type: ignore[misc]
        if "no-export" in name:
            return []
        given = _given_exports().get(name)
        return locations if given is None else given

    def delete_share(self, context: Any, share: Any, share_server: Any = None) -> None:
        name = _share_name(share)
        _wait(name, "slow-delete")
        _raise_if("fail-delete" in name, "delete")
        super().delete_share(context, share, share_server)  # type: ignore[misc]

    def update_access(  # noqa: PLR0917 - Manila's interface
        self,
        context: Any,
        share: Any,
        access_rules: list[Rule],
        add_rules: list[Rule],
        delete_rules: list[Rule],
        update_rules: list[Rule],
        share_server: Any = None,
    ) -> Updates:
        name = _share_name(share)
        _before_update(name, access_rules, add_rules, delete_rules)
        refused = [rule for rule in add_rules if _asked("fail-rule", name, [rule])]
        updates: Updates = super().update_access(  # type: ignore[misc]
            context,
            share,
            [rule for rule in access_rules if rule not in refused],
            [rule for rule in add_rules if rule not in refused],
            delete_rules,
            update_rules,
            share_server,
        ) or {}  # fmt: skip
        if seconds := _seconds(name, "late-key"):
            _deliver_keys_later(updates, share["id"], seconds)
        return updates | {rule["access_id"]: {"state": "error"} for rule in refused}


def _before_update(
    name: str, access_rules: list[Rule], add_rules: list[Rule], delete_rules: list[Rule]
) -> None:
    if add_rules:
        _wait(name, "slow-rule")
        if _asked("slow-rule", "", add_rules):
            time.sleep(_SLOW_RULE_S)
    if delete_rules:
        _wait(name, "slow-deny")
        _raise_if(_asked("fail-deny", name, delete_rules), "deny")
    _raise_if(_asked("fail-driver", name, [*access_rules, *add_rules]), "rule")


def _asked(fault: str, share_name: str, rules: Iterable[Rule]) -> bool:
    starts = _BY_ACCESS_TO[fault]
    return fault in share_name or any(rule["access_to"].startswith(starts) for rule in rules)


def _share_name(share: Any) -> str:
    return str(share.get("display_name") or "")


def _seconds(name: str, word: str) -> float:
    """The N of `word-Ns` in a share's name, else 0."""
    found = re.search(rf"{word}-(\d+(?:\.\d+)?)s", name)
    return float(found.group(1)) if found else 0.0


def _wait(name: str, word: str) -> None:
    time.sleep(_seconds(name, word))


def _raise_if(asked: bool, what: str) -> None:
    if asked:
        raise exception.ShareBackendException(msg=f"the lab was told to fail this {what}")


def _given_exports() -> dict[str, list[dict[str, Any]]]:
    """Export locations by share name, as `Cloud.create_share(exports=...)` wrote them."""
    table = Path(cfg.CONF.state_path) / "exports.json"
    return json.loads(table.read_text()) if table.exists() else {}


def _deliver_keys_later(updates: Updates, instance_id: str, seconds: float) -> None:
    """Take the cephx keys out of `updates`, and write them to the database in `seconds`.

    Manila makes a rule active when the driver returns, whether or not it has got a key.
    """
    keys = {
        access_id: update.pop("access_key")
        for access_id, update in updates.items()
        if "access_key" in update
    }

    def deliver() -> None:
        admin = manila_context.get_admin_context()
        for access_id, key in keys.items():
            db.share_instance_access_update(admin, access_id, instance_id, {"access_key": key})

    timer = threading.Timer(seconds, deliver)
    timer.daemon = True
    timer.start()
