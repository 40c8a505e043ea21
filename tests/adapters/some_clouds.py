"""A clouds.yaml with one cloud."""

from __future__ import annotations

from pathlib import Path

import yaml


def write_cloud(file: Path, auth_url: str, **settings: object) -> None:
    """Cloud `demo`, whose Keystone is at `auth_url`; `settings` are more keys of it."""
    auth = {
        "auth_url": auth_url, "username": "demo", "password": "x", "project_name": "demo",
        "user_domain_id": "default", "project_domain_id": "default",
    }  # fmt: skip
    file.write_text(yaml.safe_dump({"clouds": {"demo": {"auth": auth, **settings}}}))
