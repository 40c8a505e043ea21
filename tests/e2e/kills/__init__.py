"""SIGKILL anywhere in sharectl: one reconcile brings all to an end."""
