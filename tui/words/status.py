"""One sentence that says where a game stands, and a second line for what can be done about it."""

from dataclasses import dataclass
from functools import partial
from typing import Literal, assert_never

from shared.board import Mark
from tui.client.state import ClientState, ConnectionStatus, Table
from tui.words.phrases import (
    clock_ms,
    elapsed,
    name_of,
    opponent_name,
    result,
    shorter,
    span,
    wrapped,
)
from tui.words.story import review_text

Tone = Literal["calm", "call", "good", "bad", "warn"]


@dataclass(frozen=True, slots=True)
class Status:
    """``tone`` says how it is coloured: ``call`` calls the player to act."""

    text: str
    tone: Tone = "calm"
    note: str = ""


def lines_of(told: Status, cells: int, rows: int) -> tuple[list[str], list[str]]:
    """The lines of the sentence and of its note that have room in so many columns and rows.

    What has none is said in fewer words: first the note, then the sentence, gives up its last
    clauses. Nothing is cut in the middle, but for a clause that is longer than all the room.
    """
    for text in map(partial(wrapped, cells=cells), shorter(told.text)):
        for note in map(partial(wrapped, cells=cells), shorter(told.note)):
            if len(text) + len(note) <= rows:
                return text, note
    return wrapped(told.text, cells)[:rows], []


def status(state: ClientState, table: Table, now_ms: int) -> Status:
    """Where a game stands for the one who looks at it."""
    told = _told(state, table, now_ms)
    return told if told.note else Status(told.text, told.tone, table.error or "")


def _told(state: ClientState, table: Table, now_ms: int) -> Status:
    if table.replaced:
        return Status("Another terminal of yours plays this game now", "warn")
    if table.gone:
        return Status("This game is no longer on the server", "warn")
    if table.finished:
        return Status(result(table), _result_tone(table), after(table, online=_online(state)))
    if not _online(state):
        return Status(_connection_text(state, table), "warn", state.failure or "")
    if table.game.status == "waiting":
        return Status("Waiting for an opponent")
    return _running(state, table, now_ms)


def _online(state: ClientState) -> bool:
    return state.connection is ConnectionStatus.ONLINE


def _connection_text(state: ClientState, table: Table) -> str:
    match state.connection:
        case ConnectionStatus.FAILED:
            return "No connection"
        case ConnectionStatus.CONNECTING:
            return "Connecting…"
        case ConnectionStatus.RECONNECTING | ConnectionStatus.ONLINE:
            if "resign" in table.asked:
                return "Reconnecting… then you give up"
            kept = "the game" if table.pending is None else "your move"
            return f"Reconnecting… {kept} is kept"
        case _:
            assert_never(state.connection)


def _running(state: ClientState, table: Table, now_ms: int) -> Status:
    if "resign" in table.asked:
        return Status("You give up; that is on its way")
    if "claim" in table.asked:
        return Status("Your claim is on its way")
    if table.pending is not None:
        return Status("Your move is on its way")
    if table.seat is None:
        return _watched(state, table, now_ms)
    if table.game.turn is table.seat:
        return _my_turn(state, table, now_ms)
    return _their_turn(state, table, now_ms)


def _my_turn(state: ClientState, table: Table, now_ms: int) -> Status:
    name, left = opponent_name(table), clock_ms(state, table.game, now_ms)
    if left == 0:
        return Status(f"Your turn; your time is up and {name} can claim the game", "bad")
    text = "Your turn" if left is None else f"Your turn, {span(left)}"
    claim = _absence(state, table, now_ms)
    return Status(f"{text}; {claim}" if claim else text, "call")


def _their_turn(state: ClientState, table: Table, now_ms: int) -> Status:
    claim = _absence(state, table, now_ms)
    if claim:
        return Status(claim, "warn")
    left, name = clock_ms(state, table.game, now_ms), opponent_name(table)
    if left == 0:
        return Status(f"{name} is out of time; you can claim the game", "call")
    return Status(f"{name} is thinking" if left is None else f"{name} is thinking, {span(left)}")


def _absence(state: ClientState, table: Table, now_ms: int) -> str:
    """What is to be said about an opponent who is not there; empty for one who is."""
    opponent = table.opponent
    if opponent is None or opponent.online:
        return ""
    name = opponent_name(table)
    went = f"{name} left" if opponent.away == "left" else f"{name} lost the connection"
    if table.claim_at is None:
        return went
    left = state.remaining_ms(table.claim_at, now_ms)
    return f"{went}; you can claim the game" + (f" in {span(left)}" if left else "")


def _watched(state: ClientState, table: Table, now_ms: int) -> Status:
    mark = table.game.turn or Mark.X
    name, player = name_of(table.game, mark), table.game.players[mark]
    if player is not None and not player.online:
        went = "left" if player.away == "left" else "lost the connection"
        since = state.server_now(now_ms) - (player.away_at or state.server_now(now_ms))
        return Status(f"{name} {went} {elapsed(since)} ago")
    left = clock_ms(state, table.game, now_ms)
    return Status(f"{name} is thinking" if left is None else f"{name} is thinking, {span(left)}")


def _result_tone(table: Table) -> Tone:
    if table.seat is None or table.game.winner is None:
        return "calm"
    return "good" if table.game.winner is table.seat else "bad"


def after(table: Table, *, online: bool) -> str:
    """What can follow a finished game."""
    if table.error:
        return table.error
    if "rematch" in table.asked:
        return "Your offer of a rematch is on its way"
    if not online:
        return "Reconnecting…"
    if table.seat is None:
        return "They play another game" if table.game.next else review_text(table.game.moves)
    return "" if table.game.status == "cancelled" else _rematch(table, opponent_name(table))


def _rematch(table: Table, name: str) -> str:
    opponent = table.opponent
    if opponent is None or opponent.away == "left":
        return f"{name} has left the table"
    if table.game.rematch is table.seat:
        return f"You offered a rematch; {name} has not answered yet"
    if not opponent.online:
        return f"{name} lost the connection"
    if table.game.rematch is None:
        return review_text(table.game.moves)
    return f"{name} wants a rematch"
