"""How many cases the fuzz tests try: a few, always the same; `SHARECTL_FUZZ=100` tries 100 times so
many, others each time.
"""

from __future__ import annotations

import os

TIMES = int(os.environ.get("SHARECTL_FUZZ", "1"))


def examples(few: int) -> int:
    """The number for `@settings(max_examples=...)`."""
    return few * TIMES
