"""The configuration files of the lab's cloud, as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from tests.lab.cloud import places
from tests.lab.cloud.backends import Backend, Sections


def ini(sections: Sections) -> str:
    """`sections` as oslo.config reads them; booleans in lower case."""
    lines: list[str] = []
    for section, options in sections.items():
        lines.append(f"[{section}]")
        for option, value in options.items():
            lines.append(f"{option} = {str(value).lower() if isinstance(value, bool) else value}")
        lines.append("")
    return "\n".join(lines)


def _sqlite(file: Path) -> dict[str, object]:
    # Synchronous writes would guard against a power cut, which no lab survives.
    return {"connection": f"sqlite:///{file}?timeout=20", "sqlite_synchronous": False}


def keystone_conf(folder: Path) -> str:
    """Keystone with its database and keys in `folder`."""
    keys = {"key_repository": folder / "fernet"}
    return ini({
        "DEFAULT": {"log_file": folder / "keystone.log"},
        "database": _sqlite(folder / "keystone.db"),
        "token": {"provider": "fernet", "expiration": 86400},
        "fernet_tokens": keys,
        "fernet_receipts": keys,
        "identity": {"password_hash_rounds": 4},
        # Without a cache each call takes 200 ms, with it 20 to 50 ms.
        "cache": {"enabled": True, "backend": "oslo_cache.dict"},
    })  # fmt: skip


def manila_conf(folder: Path, venv: Path, backends: Iterable[Backend]) -> str:
    """Manila with its state in `folder` and shares on `backends`."""
    backends = tuple(backends)
    sections: dict[str, dict[str, object]] = {
        "DEFAULT": _manila_defaults(folder, venv, backends),
        "database": _sqlite(folder / "manila.db"),
        "oslo_concurrency": {"lock_path": folder / "locks"},
        "oslo_messaging_notifications": {"driver": "noop"},
        "coordination": {"backend_url": f"file://{folder}/coordination"},
        "keystone_authtoken": _authtoken(),
    }
    for backend in backends:
        sections[backend.name] = {
            "share_driver": backend.driver,
            "share_backend_name": backend.name,
            "driver_handles_share_servers": False,
            **backend.options,
        }
        for name, options in backend.sections.items():
            sections.setdefault(name, {}).update(options)
    return ini(sections)


def _manila_defaults(folder: Path, venv: Path, backends: tuple[Backend, ...]) -> dict[str, object]:
    return {
        "log_file": folder / "manila.log",
        "host": "lab",
        "state_path": folder,
        "api_paste_config": folder / "api-paste.ini",
        "rootwrap_config": venv / "etc/manila/rootwrap.conf",
        "transport_url": "fake://",
        "auth_strategy": "keystone",
        "enabled_share_protocols": "NFS,CIFS,CEPHFS",
        "enabled_share_backends": ",".join(backend.name for backend in backends),
        "default_share_type": backends[0].name,
        # Not by capacity, of which there is plenty: that filter now and then fails when shares
        # are created at the same time, on a figure that another request has just reset to None.
        "scheduler_default_filters": "AvailabilityZoneFilter,CapabilitiesFilter",
        # Back ends report once at the start (server/manila.py); later reports only cost time.
        "periodic_interval": 30,
        "periodic_fuzzy_delay": 0,
        "report_interval": 30,
        # A test may stop the whole process for a while, and go on with it.
        "service_down_time": 86400,
    }


def _authtoken() -> dict[str, object]:
    return {
        "www_authenticate_uri": places.KEYSTONE_URL,
        "auth_url": places.KEYSTONE_URL,
        "auth_type": "password",
        "username": places.MANILA.user,
        "password": places.MANILA.password,
        "project_name": places.MANILA.project,
        "user_domain_id": "default",
        "project_domain_id": "default",
        "interface": "public",
        "region_name": places.REGION,
        "service_type": "shared-file-system",
    }


def api_paste(shipped: str, manila_conf_file: Path) -> str:
    """The api-paste.ini that comes with Manila, with options of its own for the token check.

    With API and share manager in one process, keystonemiddleware's [keystone_authtoken] options
    would collide with those that manila.share.manager registers (`DuplicateOptError`).
    """
    marker = "paste.filter_factory = keystonemiddleware.auth_token:filter_factory"
    own = f"oslo_config_project = manila\noslo_config_file = {manila_conf_file}"
    return shipped.replace(marker, f"{marker}\n{own}")


def clouds() -> dict[str, dict[str, object]]:
    """The clouds of clouds.yaml: each user, and `demo-2.44` and so on for the older APIs."""
    entries = {account.user: _cloud(account) for account in places.CLOUDS}
    for port, version in places.OLDER_APIS.items():
        override = {"shared_file_system_endpoint_override": places.manila_url(port)}
        entries[f"demo-{version}"] = {**_cloud(places.DEMO), **override}
    return entries


def clouds_yaml(entries: Mapping[str, object]) -> str:
    """clouds.yaml with these clouds."""
    return str(yaml.safe_dump({"clouds": dict(entries)}))


def variables(account: places.Account) -> dict[str, str]:
    """The OS_* variables that log `account` in without a clouds.yaml."""
    return {
        "OS_AUTH_URL": places.KEYSTONE_URL,
        "OS_USERNAME": account.user,
        "OS_PASSWORD": account.password,
        "OS_PROJECT_NAME": account.project,
        "OS_USER_DOMAIN_ID": "default",
        "OS_PROJECT_DOMAIN_ID": "default",
        "OS_REGION_NAME": places.REGION,
        "OS_IDENTITY_API_VERSION": "3",
    }


def _cloud(account: places.Account) -> dict[str, object]:
    return {
        "auth": {
            "auth_url": places.KEYSTONE_URL,
            "username": account.user,
            "password": account.password,
            "project_name": account.project,
            "user_domain_id": "default",
            "project_domain_id": "default",
        },
        "region_name": places.REGION,
        "identity_api_version": "3",
        "interface": "public",
    }
