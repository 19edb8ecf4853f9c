"""What the app and the server must agree on, and no message carries."""

from typing import Final

PROGRAM: Final = "noughts-tui"
"""The name of the program, of its folders, and of the service in the gateway's health."""
PORT: Final = 8002
"""Where the embedded gateway listens, unless it is told otherwise."""
PROTOCOL_VERSION: Final = 1
"""What requests name as ``v``: docs/protocol.md."""
CLAIM_AFTER_MS: Final = 30_000
"""How long a player may be away until the opponent can claim the game."""
CLOCK_SECONDS: Final = range(5, 601)
CLOCK_WORDS: Final = (
    f"{CLOCK_SECONDS.start} to {CLOCK_SECONDS.stop - 1} seconds a move, or 0 for none"
)
"""What a clock may be, for a person."""
