"""Serve Manila: ``python -m tests.lab.cloud.server.manila MANILA_CONF``.

The API, the scheduler and the share managers of all back ends run in this one process, since
oslo.messaging's in-memory transport carries their calls. (`manila-data`, which copies shares
during migration, is left out.) The `manila-*` programs are not used: `manila-api` refuses to
serve without eventlet.
"""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import sys
from typing import Any

import yaml
from manila import monkey_patch

monkey_patch.patch()  # before anything else is imported; chooses native threads
# Manila reads a large YAML file at the start, with libyaml in a second less.
setattr(yaml, "SafeLoader", yaml.CSafeLoader)  # noqa: B010 - mypy knows it as a class

import waitress  # noqa: E402
from manila import context, service  # noqa: E402
from manila.wsgi import wsgi  # noqa: E402
from oslo_config import cfg  # noqa: E402

from tests.lab.cloud.places import ADDRESS, MANILA_PORT, OLDER_APIS  # noqa: E402
from tests.lab.cloud.server import older, sqlite  # noqa: E402

CONF = cfg.CONF


def main() -> None:
    sys.argv = ["manila", "--config-file", sys.argv[1]]
    sqlite.install()
    app = wsgi.initialize_application()  # reads the configuration, sets up logging and messaging
    _start(binary="manila-scheduler")
    for name in CONF.enabled_share_backends:
        _publish(_start(binary="manila-share", host=f"{CONF.host}@{name}", service_name=name))
    ports = " ".join(f"{ADDRESS}:{port}" for port in (MANILA_PORT, *OLDER_APIS))
    waitress.serve(older.by_port(app, OLDER_APIS), listen=ports, threads=8)


def _start(**arguments: Any) -> Any:
    started = service.Service.create(coordination=True, **arguments)
    started.start()
    return started


def _publish(share_service: Any) -> None:
    """Tell the scheduler at once what the back end can do, not at the next periodic run."""
    admin = context.get_admin_context()
    share_service.manager.publish_service_capabilities(admin)


if __name__ == "__main__":
    main()
