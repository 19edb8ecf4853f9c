"""How a game ended for the player."""

from shared.board import Mark
from tests.tui.scenes import table
from tui.client.state import result_of


def test_results_for_the_record() -> None:
    """Only own games that were played to an end count."""
    assert result_of(table("03142")) == "won"
    assert result_of(table("03142", Mark.O)) == "lost"
    assert result_of(table("012435768")) == "drawn"
    assert result_of(table("03142", None)) is None
    assert result_of(table("40")) is None
    assert result_of(table(o=None, status="cancelled")) is None
