"""What is said of a player at the table."""

from dataclasses import replace

import pytest

from shared.board import Mark
from shared.messages import Series
from tests.tui.scenes import table
from tests.tui.snapshots import BOB, NOW, left, lost
from tests.tui.stage import online
from tui.client.state import ConnectionStatus, Said
from tui.words.player import PlayerView, player_view


def test_a_player_s_panel() -> None:
    """Name, presence, clock and wins of each player."""
    shown = table("40", deadline=NOW + 10_000, series=Series(x=1, o=0), o=lost(BOB, 75))
    state = online(shown)
    assert player_view(state, shown, Mark.X, NOW) == PlayerView(
        mark=Mark.X, name="Ada", you=True, to_move=True, clock="0:10", wins=1
    )
    assert player_view(state, shown, Mark.O, NOW) == PlayerView(
        mark=Mark.O, name="Bob", away="offline 1:15", wins=0
    )


def test_who_left_is_not_said_to_be_offline() -> None:
    """Leaving and losing the connection are different things."""
    shown = table("4", o=left(BOB, 3))
    assert player_view(online(shown), shown, Mark.O, NOW).away == "left"


@pytest.mark.parametrize(("age", "words"), [(0, "Nice move!"), (4_999, "Nice move!"), (5_000, "")])
def test_an_emote_is_shown_for_a_while(age: int, words: str) -> None:
    """What was said fades by itself."""
    shown = table("4", said=Said(Mark.O, "nice", NOW - age))
    assert player_view(online(shown), shown, Mark.O, NOW).said == words
    assert player_view(online(shown), shown, Mark.X, NOW).said == ""


@pytest.mark.parametrize("connection", [each for each in ConnectionStatus if each != "online"])
def test_nobody_is_said_to_be_here_without_a_connection(connection: ConnectionStatus) -> None:
    """What was known of the opponent before the connection was lost is not told as now."""
    shown = table("40")
    state = replace(online(shown), connection=connection)
    assert player_view(state, shown, Mark.X, NOW).away == "offline"
    assert player_view(state, shown, Mark.O, NOW).away == "not known now"
