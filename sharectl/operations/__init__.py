"""One verb per file, over the engine in `converge`. The ports come in as `App`."""
