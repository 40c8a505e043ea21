"""What the tests of reconcile have in common."""

from __future__ import annotations

from sharectl.operations.outcome import Outcome
from sharectl.operations.reconcile import ReconcileRequest, reconcile
from tests.fakes import FakeApp


def run_reconcile(app: FakeApp, **request: object) -> Outcome:
    """Reconcile as another process would; `request` are fields of `ReconcileRequest`."""
    app.restart()
    return reconcile(app, ReconcileRequest(**request))  # type: ignore[arg-type]


def messages(result: Outcome) -> str:
    """What went wrong, a line each."""
    return "\n".join(error.message for error in result.problems)
