"""Whose project a share is of, which decides what "not found" means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharectl.errors import ConfigError

if TYPE_CHECKING:
    from sharectl.model.mapping import ShareMapping
    from sharectl.ports import App

CHOOSE_CLOUD = (
    "choose the cloud of that project: --os-cloud, OS_CLOUD, or cloud in /etc/sharectl/config.toml"
)
"""The hint for a share that these credentials do not see."""


def wrong_project(app: App, mappings: tuple[ShareMapping, ...]) -> ConfigError | None:
    """Why Manila may say of the share of `mappings` that it does not exist: to others it does.

    None when the credentials are of the project that attached it. An earlier version did not record
    the project: then nothing is proven.
    """
    here = app.shares.project_id()
    for item in mappings:
        if not item.project_id:
            return _unknown_project(item, here)
        if item.project_id != here:
            return ConfigError(
                f"it was attached as project {item.project_id}, and these credentials are of"
                f" project {here}, which has no such share",
                hint=CHOOSE_CLOUD,
            )
    return None


def _unknown_project(mapping: ShareMapping, here: str) -> ConfigError:
    domain, share = mapping.domain_word, mapping.share_id
    return ConfigError(
        f"an earlier version attached it, of which project is not recorded, and project {here} has"
        " no such share",
        hint=f"{CHOOSE_CLOUD}; if the share was deleted: sharectl remove --force {domain} {share};"
        f" then: sharectl forget {domain} {share}",
    )
