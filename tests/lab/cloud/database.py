"""The database of a running Manila, for tests: what no API offers, or what it would slow down."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

_SHARE_TABLES = (
    "shares", "share_instances", "share_metadata",
    "share_access_map", "share_instance_access_map", "share_access_rules_metadata",
    "share_instance_export_locations", "share_instance_export_locations_metadata",
    "drivers_private_data", "quota_usages", "reservations", "messages",
)  # fmt: skip


@dataclass(frozen=True)
class ManilaDatabase:
    """The SQLite file that Manila has open."""

    file: Path

    def share_status(self, share_id: str) -> str | None:
        """The status of the share's (only) instance, None when it is gone."""
        return self._value(
            "SELECT status FROM share_instances WHERE share_id = ? AND deleted = 'False'", share_id
        )

    def rule_state(self, rule_id: str) -> str | None:
        """The state of an access rule, None when it is gone."""
        return self._value(
            "SELECT state FROM share_instance_access_map WHERE access_id = ? AND deleted = 'False'",
            rule_id,
        )

    def forget_locks_and_faults(self) -> None:
        """Remove all resource locks, and the names by which shares ask for faults."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM resource_locks")
            connection.execute("UPDATE shares SET display_name = 'purged'")

    def forget_shares(self) -> None:
        """Remove every trace of every share; what storage they have is not touched."""
        with self._transaction() as connection:
            for table in _SHARE_TABLES:
                connection.execute(f"DELETE FROM {table}")

    def move_export(self, share_id: str, old: str, new: str) -> None:
        """Replace the path of one export location; raises ValueError when there is none."""
        with self._transaction() as connection:
            done = connection.execute(
                "UPDATE share_instance_export_locations SET path = ? WHERE path = ? AND deleted = 0"
                " AND share_instance_id IN (SELECT id FROM share_instances WHERE share_id = ?)",
                (new, old, share_id),
            )
            if done.rowcount != 1:
                raise ValueError(f"share {share_id} has no export location {old}")

    def add_export(self, share_id: str, beside: str, path: str) -> None:
        """Export the share under `path` as well; raises ValueError when `beside` is no path of it.

        Manila lists the new one after those that are there.
        """
        with self._transaction() as connection:
            done = connection.execute(
                "INSERT INTO share_instance_export_locations"
                " (created_at, updated_at, deleted, path, share_instance_id, uuid, is_admin_only)"
                " SELECT created_at, updated_at, 0, ?, share_instance_id, ?, is_admin_only"
                " FROM share_instance_export_locations WHERE path = ? AND deleted = 0"
                " AND share_instance_id IN (SELECT id FROM share_instances WHERE share_id = ?)",
                (path, str(uuid4()), beside, share_id),
            )
            if done.rowcount != 1:
                raise ValueError(f"share {share_id} has no export location {beside}")

    def _value(self, query: str, argument: str) -> str | None:
        with closing(sqlite3.connect(self.file, timeout=20)) as connection:
            row = connection.execute(query, (argument,)).fetchone()
            return None if row is None else str(row[0])

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction; it waits for those of Manila."""
        with closing(sqlite3.connect(self.file, timeout=20, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
