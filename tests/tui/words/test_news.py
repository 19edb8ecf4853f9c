"""What a player is told of, whatever screen is in front."""

import pytest

from shared.board import Mark
from shared.messages import Snapshot
from tests.tui.snapshots import CODE, NEXT, game, waiting
from tui.client.state import ClientState, Missed, Table
from tui.words.news import Ended, News, YourTurn, news


def state(*tables: Table) -> ClientState:
    return ClientState(tables={table.id: table for table in tables})


def seated(game: Snapshot, mark: Mark | None = Mark.X, onward: str | None = None) -> Table:
    return Table(game=game, seat=mark, onward=onward)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([seated(game("0"))], [seated(game("04"))], [YourTurn(CODE)]),
        ([seated(game("04"))], [seated(game("04", rev=9))], []),
        ([seated(waiting())], [seated(game())], [YourTurn(CODE)]),
        ([seated(waiting(mark=Mark.O), Mark.O)], [seated(game(), Mark.O)], []),
        ([], [seated(game())], []),
        ([], [seated(game("03142"))], [Ended(CODE, "won")]),
        ([seated(game("0314"))], [seated(game("03142"))], [Ended(CODE, "won")]),
        (
            [seated(game("03142"), Mark.O)],
            [seated(game("03142"), Mark.O, NEXT), seated(game(code=NEXT))],
            [YourTurn(NEXT)],
        ),
        (
            [seated(game("03142"), Mark.O), seated(game(code=NEXT))],
            [seated(game("03142"), Mark.O, NEXT), seated(game(code=NEXT))],
            [YourTurn(NEXT)],
        ),
        (
            [seated(game("03142"))],
            [seated(game("03142"), onward=NEXT), seated(game(code=NEXT), Mark.O)],
            [],
        ),
        ([seated(game("0"), None)], [seated(game("04"), None)], []),
    ],
)
def test_news(before: list[Table], after: list[Table], expected: list[News]) -> None:
    """A player hears of each turn of his that he did not bring about, and of the end."""
    assert list(news(state(*before), state(*after))) == expected


def test_a_missed_game_is_news_once() -> None:
    """A game that ended without the player is counted when it is found, and not again."""
    lost, unknown = Missed(CODE, seated(game("03142"), Mark.O)), Missed(NEXT, None)
    found = ClientState(missed=(lost,))
    assert list(news(ClientState(), found)) == [Ended(CODE, "lost")]
    assert list(news(found, ClientState(missed=(lost, unknown)))) == []
