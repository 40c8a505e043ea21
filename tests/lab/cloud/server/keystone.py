"""Serve Keystone: ``python -m tests.lab.cloud.server.keystone KEYSTONE_CONF``."""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import os
import sys
import types

import waitress

from tests.lab.cloud.places import ADDRESS, KEYSTONE_PORT
from tests.lab.cloud.server import sqlite


def main() -> None:
    os.environ["OS_KEYSTONE_CONFIG_FILES"] = sys.argv[1]
    sys.argv = ["keystone"]  # the application reads the command line itself
    _skip_saml_schemas()
    sqlite.install()
    from keystone.server import wsgi

    app = wsgi.initialize_public_application()
    waitress.serve(app, host=ADDRESS, port=KEYSTONE_PORT, threads=4)


def _skip_saml_schemas() -> None:
    """Do not compile SAML's XML schemas, which takes a second: nobody logs in through SAML."""
    schemas = types.ModuleType("saml2.xml.schema")
    schemas.validate, schemas.XMLSchemaError = None, ValueError  # type: ignore[attr-defined]
    sys.modules[schemas.__name__] = schemas


if __name__ == "__main__":
    main()
