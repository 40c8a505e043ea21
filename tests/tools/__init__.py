"""Programs that keep files of the project in step with its code; never part of a run of it."""
