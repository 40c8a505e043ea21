"""Look, plan, act: the only place that changes anything outside the store."""
