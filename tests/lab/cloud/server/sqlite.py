"""OpenStack on SQLite: one writer at a time, and every writer waits for its turn."""

# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

from typing import Any

import sqlalchemy.engine
from oslo_db.sqlalchemy import enginefacade
from sqlalchemy import event

_WRITER_OPTION = "lab_writer"


def install() -> None:
    """Make oslo.db usable with several threads on one SQLite file in WAL mode."""
    _mark_writers()
    event.listen(sqlalchemy.engine.Engine, "before_cursor_execute", _begin_immediate, retval=True)
    # Manila's share_instance_delete() opens an *independent* writer inside a writer. SQLite cannot
    # have two write transactions: the inner one would wait for the outer one. Let it join instead.
    enginefacade._TransactionContextManager.independent = property(lambda self: self)


def _mark_writers() -> None:
    """Give the connections of oslo.db's writer sessions an option that tells them apart."""
    factory = enginefacade._TransactionFactory
    original = factory._create_session

    def create_session(self: Any, mode: Any, bind: Any = None) -> Any:
        if bind is None and mode is enginefacade._WRITER:
            if not self._started:
                self._start()
            bind = self._writer_engine.execution_options(**{_WRITER_OPTION: True})
        return original(self, mode, bind)

    factory._create_session = create_session


def _begin_immediate(
    conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
) -> tuple[str, Any]:
    """Start write transactions as such.

    oslo.db sends a plain BEGIN. A transaction that reads first and then writes would fail at once
    with "database is locked" when another writer came in between; no busy timeout helps there.
    """
    if statement == "BEGIN" and conn.get_execution_options().get(_WRITER_OPTION):
        statement = "BEGIN IMMEDIATE"
    return statement, parameters
