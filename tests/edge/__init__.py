"""Faults put into the calls by which sharectl leaves its own code."""
