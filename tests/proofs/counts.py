"""How much the long proofs try: in `make test` what one waits for, in `make soak` everything."""

import os
from typing import Final

from hypothesis import settings

FULL: Final = os.environ.get("NOUGHTS_PROOFS") == "full"


def count(reduced: int, full: int) -> int:
    """The number for this run."""
    return full if FULL else reduced


def examples(reduced: int, full: int, *, steps: int = 50) -> settings:
    """Hypothesis' part of it: the same examples in every short run, new ones in every long one.

    A long run that fails prints the line that repeats its failure.
    """
    return settings(
        max_examples=count(reduced, full),
        stateful_step_count=steps,
        derandomize=not FULL,
        print_blob=FULL,
        deadline=None,
    )
