"""The mark of a mapping: what is written of it into the domain's metadata, as texts.

Whoever may define the domain may write it as well, so that nothing is taken from it that gives
access: not the client, nor where the share is exported or mounted. See `model.claim`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """Which share the domain has, what undoes that, and the host that wrote it; no secret.

    An absent value is an empty text. `share_name` is for people. `cloud`, the name in clouds.yaml,
    and `project_id` tell which of the host's credentials find the share. `controllers` are numbers
    with spaces between. `access_to` is the client, which version 0.1.0 wrote and later ones do not.
    """

    id: str
    share_id: str
    share_name: str
    tag: str
    access_level: str
    host: str
    host_id: str
    cloud: str
    project_id: str
    requested_by: str
    created_at: str
    shared_memory: str
    controllers: str
    access_to: str = ""

    def is_of(self, name: str, host_id: str) -> bool:
        """Whether it says that this host wrote it: by its ID, in version 0.1.0 by its name."""
        return self.host_id == host_id if self.host_id else self.host == name
