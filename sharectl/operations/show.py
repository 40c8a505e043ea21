"""show: one mapping, with its health as the host, libvirt and Manila know it.

It answers within seconds whatever is dead, and says what it could not see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharectl.engine.survey import Scope, survey
from sharectl.operations.lookup import find_recorded
from sharectl.operations.views import Listing, examined

if TYPE_CHECKING:
    from sharectl.ports import App


def show_mapping(app: App, domain: str, share: str) -> Listing:
    """One mapping with its health. Raises `NotFound`."""
    found = find_recorded(app, domain, share)
    seen = survey(app, (found,), Scope())
    return Listing((examined(found, seen),), seen.unseen)
