"""Commands that messages name, and whether they can be typed as they stand."""
