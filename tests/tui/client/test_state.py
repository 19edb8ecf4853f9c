"""The reducer: whatever arrives, in whatever order, the client ends with the server's truth."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.board import Mark
from shared.errors import ErrorCode
from shared.messages import (
    Emoted,
    Error,
    Joined,
    Left,
    Listed,
    Listing,
    Names,
    Next,
    Play,
    Played,
    Players,
    Pong,
    Presence,
    RematchOffered,
    Replaced,
    Resumed,
    Snapshot,
    Start,
    Started,
    Watching,
)
from tests.tui.snapshots import CODE, NEXT, NOW, game, player, waiting
from tui.client.state import (
    ClientState,
    ConnectionChanged,
    ConnectionStatus,
    Happening,
    LatencyMeasured,
    LobbyRead,
    MoveChosen,
    MovedOn,
    RequestFailed,
    Said,
    SeatReplaced,
    Table,
    TableGone,
    TableLeft,
    reduce,
)

HISTORY = "048213"


def after(*happenings: Happening, state: ClientState | None = None, at: int = NOW) -> ClientState:
    state = state or ClientState()
    for happening in happenings:
        state = reduce(state, happening, at)
    return state


def joined(moves: str = "", mark: Mark = Mark.O, **changes: Any) -> Joined:
    """The reply that seats us."""
    return Joined(ref="r1", id=CODE, mark=mark, game=game(moves, **changes), now=NOW)


def pushed(snapshot: Snapshot) -> Presence:
    return Presence(id=snapshot.id, mark=Mark.X, online=True, game=snapshot, now=NOW)


def table(*happenings: Happening, at: int = NOW) -> Table:
    return after(*happenings, at=at).tables[CODE]


def resumed(snapshot: Snapshot) -> Resumed:
    """The reply that seats us again."""
    return Resumed(ref="r2", id=CODE, mark=Mark.O, game=snapshot, now=NOW)


LOST = ConnectionChanged(ConnectionStatus.RECONNECTING, 1, "The connection was lost.")
BACK = ConnectionChanged(ConnectionStatus.ONLINE)


@pytest.mark.parametrize("truth", ["", "0", "04", HISTORY])
def test_a_new_connection_shows_the_truth(truth: str) -> None:
    """A server whose games were put back to an earlier moment takes its players along."""
    found = table(joined(HISTORY[:4]), LOST, resumed(game(truth)), BACK)
    assert (found.game, found.is_current) == (game(truth), True)


def test_on_the_new_connection_the_newest_wins_again() -> None:
    """After the first snapshot of a connection late ones change nothing."""
    events: list[Happening] = [
        resumed(game("04")),
        BACK,
        pushed(game("0")),
        pushed(game("048")),
        pushed(game("04")),
    ]
    assert table(joined(HISTORY), LOST, *events).game == game("048")


def test_a_push_before_the_reply_is_not_undone_by_it() -> None:
    """A move that overtakes the reply to `resume` stays on the board."""
    events: list[Happening] = [pushed(game("048")), resumed(game("04")), BACK]
    assert table(joined(HISTORY), LOST, *events).game == game("048")


def test_what_came_early_on_the_old_connection_is_forgotten() -> None:
    """A snapshot that waited for its reply does not outlive its connection."""
    assert table(pushed(game(HISTORY)), LOST, BACK, joined("0")).game == game("0")


def test_a_lost_connection_alone_changes_no_board() -> None:
    """While nobody answers the player sees what was last known, with the move on its way."""
    before = table(joined("0"), MoveChosen(CODE, 4))
    lost = table(joined("0"), MoveChosen(CODE, 4), LOST)
    assert lost == replace(before, is_current=False)


@given(st.permutations(range(len(HISTORY) + 1)), st.data())
def test_snapshots_in_any_order(order: list[int], data: st.DataObject) -> None:
    """Late, repeated and reordered messages leave the client at the newest snapshot."""
    repeated = [*order, *data.draw(st.lists(st.sampled_from(order), max_size=5))]
    events = [pushed(game(HISTORY[:length])) for length in repeated]
    place = data.draw(st.integers(0, len(events)))
    state = after(*events[:place], joined(), *events[place:])
    assert state.tables[CODE].game == game(HISTORY)
    assert state.tables[CODE].seat is Mark.O


def test_a_push_before_the_reply_counts() -> None:
    """A move that overtakes the reply to `join` is on the board when we sit down."""
    state = after(pushed(game("4")), joined())
    assert state.tables[CODE].game == game("4")
    assert state.early == {}


def test_early_snapshots_are_few() -> None:
    """Pushes of games that nobody here asked for use bounded memory."""
    codes = [f"AAAA{number:02}" for number in range(50)]
    state = after(*(pushed(game(code=code)) for code in codes))
    assert list(state.early) == codes[-8:]
    assert state.tables == {}


def test_a_move_is_pending_until_the_history_changes() -> None:
    """News that do not touch the history leave a chosen cell pending."""
    chosen = table(joined("0"), MoveChosen(CODE, 4))
    assert (chosen.pending, chosen.my_turn, chosen.choices) == (4, False, ())
    news = table(joined("0"), MoveChosen(CODE, 4), pushed(game("0", rev=7)))
    assert news.pending == 4
    assert table(joined("0"), MoveChosen(CODE, 4), pushed(game("04"))).pending is None
    over = game("0", rev=7, status="resigned", turn=None, winner=Mark.O)
    assert table(joined("0"), MoveChosen(CODE, 4), pushed(over)).pending is None


def test_a_refused_request() -> None:
    """A refusal shows its sentence at its table, and only a refused move undoes a pending one."""
    play = Play(id=CODE, tile="1,1")
    refused = table(joined("0"), MoveChosen(CODE, 4), RequestFailed(play, "No."))
    assert (refused.pending, refused.error) == (None, "No.")
    later = Play(id=CODE, tile="2,2")
    assert table(joined("0"), RequestFailed(later, "No."), MoveChosen(CODE, 4)).error is None
    news = table(joined("0"), RequestFailed(play, "No."), pushed(game("04")))
    assert news.error is None
    assert after(RequestFailed(Start(), "Too many games.")) == ClientState()


def test_an_error_repaints_the_truth() -> None:
    """The snapshot that comes with a refusal is taken like any other."""
    error = Error(
        code=ErrorCode.TOO_EARLY, message="", id=CODE, game=game("048"), retry_at=NOW + 5, now=NOW
    )
    found = table(joined("0"), error)
    assert (found.game.moves, found.retry_at) == ("048", NOW + 5)
    assert table(joined("0"), error, pushed(game("0482"))).retry_at is None
    bare = Error(code=ErrorCode.NO_SUCH_GAME, message="", now=NOW)
    assert after(bare).tables == {}


def test_sitting_down() -> None:
    """A reply seats us; the same event as a push never does."""
    state = after(Started(ref="r1", id=CODE, mark=Mark.X, game=waiting(), now=NOW))
    assert state.tables[CODE].seat is Mark.X
    assert not state.tables[CODE].my_turn
    state = after(Joined(id=CODE, mark=Mark.O, game=game(), now=NOW + 9), state=state)
    assert (state.tables[CODE].seat, state.tables[CODE].bound_at) == (Mark.X, NOW + 9)
    watching = after(Watching(ref="r2", id=CODE, game=game(), now=NOW)).tables[CODE]
    assert (watching.seat, watching.choices, watching.me, watching.opponent) == (
        None,
        (),
        None,
        None,
    )
    state = after(Watching(ref="r3", id=CODE, game=game(), now=NOW), state=state)
    assert state.tables[CODE].seat is Mark.X
    resumed = Resumed(id=NEXT, mark=Mark.X, game=game(code=NEXT), now=NOW)
    assert NEXT not in after(resumed).tables


def test_leaving() -> None:
    """A table that was left is no longer shown, and a late push does not bring it back."""
    left = Left(ref="r2", id=CODE, game=game(), now=NOW)
    for goodbye in (TableLeft(CODE), left):
        assert after(joined(), goodbye, pushed(game("4"))).tables == {}


def test_a_seat_taken_by_another_terminal() -> None:
    """A replaced table offers no move and is not alive, until it is resumed."""
    for happening in (Replaced(id=CODE), SeatReplaced(CODE)):
        found = table(joined("0"), MoveChosen(CODE, 4), happening)
        assert (found.replaced, found.pending, found.my_turn, found.alive) == (
            *(True, None, False, False),
        )
    resumed = Resumed(ref="r2", id=CODE, mark=Mark.O, game=game("0", rev=9), now=NOW)
    assert table(joined("0"), Replaced(id=CODE), resumed).my_turn


def test_a_game_that_is_gone() -> None:
    """A game that the server forgot says so."""
    found = table(joined("0", deadline=NOW), TableGone(CODE, "There is no such game."))
    assert found.game.deadline is None
    assert (found.gone, found.error, found.alive) == (True, "There is no such game.", False)


def test_a_rematch() -> None:
    """Both want it: the new table is there, at the other mark; a watcher stays where he is."""
    new = Next(id=NEXT, mark=Mark.X, game=game(code=NEXT))
    led = game("03142", rev=9, next=NEXT)
    offered = RematchOffered(id=CODE, mark=Mark.X, game=led, next=new, now=NOW)
    state = after(joined("03142"), offered)
    assert state.tables[CODE].onward == NEXT
    assert not state.tables[CODE].alive
    assert (state.tables[NEXT].seat, state.tables[NEXT].my_turn) == (Mark.X, True)
    watched = after(Watching(ref="r1", id=CODE, game=game("03142"), now=NOW), offered)
    assert set(watched.tables) == {CODE}
    assert (watched.tables[CODE].game.next, watched.tables[CODE].alive) == (NEXT, False)


def test_a_player_is_still_to_be_led_to_the_rematch() -> None:
    """The old table lives for its player until he has gone on."""
    led = game("03142", rev=9, next=NEXT)
    assert table(joined("03142"), pushed(led)).alive
    assert not table(joined("03142"), pushed(led), MovedOn(CODE, NEXT)).alive


def test_leaving_a_series() -> None:
    """Who leaves a rematch leaves the games that led to it too, whether he played or watched."""
    led = game("03142", rev=9, next=NEXT)
    rematch = Resumed(ref="r2", id=NEXT, mark=Mark.X, game=game(code=NEXT), now=NOW)
    played = after(joined("03142"), pushed(led), rematch)
    assert set(after(TableLeft(NEXT), state=played).tables) == {CODE}
    state = after(MovedOn(CODE, NEXT), state=played)
    assert set(state.tables) == {CODE, NEXT}
    assert after(TableLeft(NEXT), state=state).tables == {}
    watched = after(
        Watching(ref="r1", id=CODE, game=led, now=NOW),
        Watching(ref="r2", id=NEXT, game=game(code=NEXT), now=NOW),
    )
    assert after(TableLeft(NEXT), state=watched).tables == {}


@pytest.mark.parametrize(
    ("moves", "changes", "bound", "expected"),
    [
        ("", {}, NOW, None),
        ("", {"deadline": NOW + 5_000, "clock": 5}, NOW, NOW + 5_000),
        ("0", {"deadline": NOW + 5_000, "clock": 5}, NOW, None),
        ("0", {"away_at": NOW - 10_000}, NOW - 99_000, NOW + 20_000),
        ("0", {"away_at": NOW - 10_000}, NOW, NOW + 30_000),
        ("", {"deadline": NOW + 5_000, "away_at": NOW}, NOW, NOW + 5_000),
        ("", {"deadline": NOW + 60_000, "away_at": NOW}, NOW, NOW + 30_000),
        ("03142", {"away_at": NOW}, NOW, None),
    ],
)
def test_when_a_game_can_be_claimed(
    moves: str, changes: dict[str, Any], bound: int, expected: int | None
) -> None:
    """The countdown to a claim: the deadline on the opponent's turn, or his absence, the sooner."""
    away_at = changes.pop("away_at", None) if changes else None
    changes = dict(changes)
    if away_at is not None:
        changes["players"] = Players(x=player(online=False, away_at=away_at), o=player())
    seated = Joined(ref="r1", id=CODE, mark=Mark.O, game=game(moves, **changes), now=bound)
    assert table(seated).claim_at == expected


def test_countdowns_run_by_the_servers_clock() -> None:
    """The least delayed frame of a connection tells the server's clock; a step is followed."""
    state = after(joined(), at=NOW - 5_000)
    assert (state.offset_ms, state.server_now(NOW)) == (5_000, NOW + 5_000)
    state = after(joined(), state=state, at=NOW - 4_000)
    assert state.offset_ms == 5_000
    state = after(joined(), state=state, at=NOW - 5_500)
    assert state.offset_ms == 5_500
    state = after(joined(), state=state, at=NOW + 60_000)
    assert state.offset_ms == -60_000
    assert state.remaining_ms(NOW + 1_000, NOW + 60_000) == 1_000
    assert state.remaining_ms(NOW - 1_000, NOW + 60_000) == 0
    down = after(ConnectionChanged(ConnectionStatus.RECONNECTING), state=state)
    assert after(joined(), state=down, at=NOW + 61_000).offset_ms == -61_000


def test_the_link() -> None:
    """How the connection stands, and why it failed."""
    lost = ConnectionChanged(ConnectionStatus.RECONNECTING, 1, "The connection was lost.")
    state = after(ConnectionChanged(ConnectionStatus.ONLINE), LatencyMeasured(42))
    assert (state.connection, state.latency_ms) == (ConnectionStatus.ONLINE, 42)
    state = after(lost, state=state)
    again = ConnectionChanged(ConnectionStatus.RECONNECTING, 2, "Nobody.")
    state = after(again, state=state)
    assert (state.connection, state.attempts, state.failure) == (
        ConnectionStatus.RECONNECTING,
        2,
        "Nobody.",
    )
    assert state.latency_ms is None
    state = after(ConnectionChanged(ConnectionStatus.ONLINE), state=state)
    assert (state.connection, state.attempts, state.failure) == (ConnectionStatus.ONLINE, 0, None)


def test_the_lobby() -> None:
    """Each list of the lobby is replaced as a whole, by the answer to its own question."""
    line = Listing(id=CODE, names=Names(x="Ada", o=None), mark=Mark.O, clock=0, since=NOW)
    state = after(LobbyRead("open", (line,)), LobbyRead("live", ()))
    assert (state.open_games, state.live_games) == ((line,), ())
    state = after(LobbyRead("live", (line,)), LobbyRead("open", ()), state=state)
    assert (state.open_games, state.live_games) == ((), (line,))
    assert after(Listed(ref="r1", games=(line,))) == ClientState()


def test_an_emote() -> None:
    """What was said is kept with the moment it was heard."""
    said = Emoted(id=CODE, mark=Mark.X, emote="nice")
    assert table(joined(), said, at=NOW + 7).said == Said(Mark.X, "nice", NOW + 7)
    assert after(said).tables == {}


def test_pongs() -> None:
    """The answer to a ping is a snapshot when it has one."""
    assert table(joined(), Pong(now=NOW, id=CODE, mark=None, game=game("4"))).game == game("4")
    assert after(Pong(now=NOW)).tables == {}


def test_a_players_view() -> None:
    """A player knows who he is and who sits opposite."""
    found = table(joined("0"))
    assert found.me == player("Bob")
    assert found.opponent == player("Ada")
    assert (found.id, found.finished) == (CODE, False)
    assert found.choices == (1, 2, 3, 4, 5, 6, 7, 8)
    assert table(joined("03142")).finished


def test_a_late_reply_changes_nothing() -> None:
    """The reply to our own move, overtaken by the answer to it, does not take the board back."""
    late = Played(ref="r2", id=CODE, mark=Mark.O, tile="1,1", game=game("04"), now=NOW)
    assert table(joined("0"), pushed(game("048")), late).game == game("048")
