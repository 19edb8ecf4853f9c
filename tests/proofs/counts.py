"""How much the long proofs try: in `make test` what one waits for, in `make soak` everything."""

import os
from typing import Final

FULL: Final = os.environ.get("NOUGHTS_PROOFS") == "full"


def count(reduced: int, full: int) -> int:
    """The number for this run."""
    return full if FULL else reduced
