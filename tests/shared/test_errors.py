"""What a refusal carries to the one who is refused."""

from shared.errors import ErrorCode, Refusal


def test_a_refusal_carries_its_answer() -> None:
    """Whoever is refused learns why, of what, and when to ask again."""
    refusal = Refusal(ErrorCode.TOO_EARLY, "Not yet.", retry_at=7, ref="1", game_id="K7QF2M")
    assert (refusal.code, refusal.message) == (ErrorCode.TOO_EARLY, "Not yet.")
    assert (refusal.retry_at, refusal.ref, refusal.game_id) == (7, "1", "K7QF2M")
    assert refusal.args == (ErrorCode.TOO_EARLY, "Not yet.")
