"""The completions, used by the shells that they are for."""
