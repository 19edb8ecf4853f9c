"""Whose fault it was.

A `Refusal` is the player's: he asked for what the game does not allow, and it carries the answer.
A `ProtocolError` is the peer's: it broke the wire contract, and there is nothing to answer.
"""

from enum import StrEnum


class ErrorCode(StrEnum):
    """The codes of an ``error`` event."""

    BAD_JSON = "bad_json"
    BAD_REQUEST = "bad_request"
    TOO_LARGE = "too_large"
    UNKNOWN_TYPE = "unknown_type"
    UNSUPPORTED_VERSION = "unsupported_version"
    NO_SUCH_GAME = "no_such_game"
    GAME_FULL = "game_full"
    OWN_GAME = "own_game"
    NOT_SEATED = "not_seated"
    BAD_TOKEN = "bad_token"  # noqa: S105 (a code, not a secret)
    NOT_STARTED = "not_started"
    NOT_YOUR_TURN = "not_your_turn"
    TILE_TAKEN = "tile_taken"
    STALE = "stale"
    GAME_OVER = "game_over"
    TOO_EARLY = "too_early"
    TOO_MANY = "too_many"
    BUSY = "busy"
    INTERNAL = "internal"


class Refusal(Exception):
    """A request that changes nothing, with the ``error`` it is answered by.

    ``message`` is one plain sentence for a person. ``retry_at`` (epoch ms) is given with
    ``too_early`` only, where None means that nothing runs. ``ref`` and ``game_id`` are the
    request's own, where they could be read.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        retry_at: int | None = None,
        ref: str | None = None,
        game_id: str | None = None,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.retry_at = retry_at
        self.ref = ref
        self.game_id = game_id


class ProtocolError(Exception):
    """A frame that no server of this protocol sends."""
