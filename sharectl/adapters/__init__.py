"""One outside system each; foreign types and exceptions stop here."""
