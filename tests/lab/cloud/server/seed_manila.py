"""Create Manila's database: ``python -m ...seed_manila DATABASE SHARE_TYPE...``.

Manila's migrations do not run on SQLite (the first one opens a second connection inside its
transaction, later ones alter column types), so this does what Manila's unit tests do: create
the tables of the models and mark them as being of the newest revision.
"""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import sys

from manila import context
from manila.common import config  # noqa: F401 - registers the options
from manila.db import migration
from manila.db.sqlalchemy import api, models
from manila.share import share_types
from oslo_config import cfg


def main() -> None:
    database, *types = sys.argv[1:]
    cfg.CONF([], project="manila", default_config_files=[])
    cfg.CONF.set_override("connection", f"sqlite:///{database}", group="database")
    engine = api.get_engine()
    models.BASE.metadata.create_all(engine)
    migration.stamp("head")
    for name in types:
        specs = {"driver_handles_share_servers": "False", "share_backend_name": name}
        share_types.create(context.get_admin_context(), name, specs)
    engine.dispose()


if __name__ == "__main__":
    main()
