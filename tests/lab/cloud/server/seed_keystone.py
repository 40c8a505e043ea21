"""Fill a bootstrapped Keystone database: ``python -m ...seed_keystone KEYSTONE_CONF``.

Through Keystone's own managers, without a server: the build needs no network.
"""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import sys
import uuid

import keystone.server
from keystone.common.provider_api import ProviderAPIs

from tests.lab.cloud.places import CLOUDS, MANILA, REGION, Account, manila_url

_DOMAIN = "default"


def main() -> None:
    configuration, sys.argv = sys.argv[1], ["keystone"]
    keystone.server.configure(config_files=[configuration])
    keystone.server.setup_backends()
    roles = {role["name"]: role["id"] for role in ProviderAPIs.role_api.list_roles()}
    for account in (MANILA, *CLOUDS):
        if account.user != "admin":  # made by `keystone-manage bootstrap`
            _add_account(account, roles)
    _add_manila_to_catalogue()


def _add_account(account: Account, roles: dict[str, str]) -> None:
    user = {"name": account.user, "domain_id": _DOMAIN, "enabled": True}
    user_id = ProviderAPIs.identity_api.create_user({**user, "password": account.password})["id"]
    for role in account.roles:
        ProviderAPIs.assignment_api.add_role_to_user_and_project(
            user_id, _project_id(account.project), roles[role]
        )


def _project_id(name: str) -> str:
    """The project called `name`, created if need be."""
    for project in ProviderAPIs.resource_api.list_projects():
        if project["name"] == name:
            return str(project["id"])
    project_id = uuid.uuid4().hex
    ProviderAPIs.resource_api.create_project(
        project_id,
        {"id": project_id, "name": name, "domain_id": _DOMAIN, "enabled": True, "is_domain": False,
         "parent_id": _DOMAIN, "description": ""},
    )  # fmt: skip
    return project_id


def _add_manila_to_catalogue() -> None:
    service_id = uuid.uuid4().hex
    service = {"id": service_id, "type": "shared-file-system", "name": "manila", "enabled": True}
    ProviderAPIs.catalog_api.create_service(service_id, service)
    for interface in ("public", "internal", "admin"):
        endpoint = {"id": uuid.uuid4().hex, "service_id": service_id, "region_id": REGION}
        endpoint |= {"interface": interface, "url": manila_url()}
        ProviderAPIs.catalog_api.create_endpoint(endpoint["id"], endpoint | {"enabled": True})


if __name__ == "__main__":
    main()
