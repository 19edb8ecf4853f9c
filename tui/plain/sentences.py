"""A game in sentences, for those who read it line by line. Pure.

Every sentence stands for itself and in plain words: a screen reader, a pipe and a dumb terminal get
the same.
"""

from collections.abc import Iterator
from typing import Final, assert_never

from shared.board import CELL_NAMES, EMPTY, Mark, free, outcome
from shared.messages import Listing, Snapshot
from shared.replay import code_of
from tui.client.errors import ELSEWHERE
from tui.client.state import ClientState, ConnectionStatus, Missed, Table
from tui.options import (
    JoinGame,
    Opening,
    PlayComputer,
    ShowLobby,
    ShowReplay,
    StartGame,
    WatchGame,
)
from tui.words.digits import digit_of
from tui.words.phrases import EMOTE_WORDS, counted, line_names, name_of, opponent_name, result

AT_A_TABLE: Final = """\
1-9     play a cell: {layout}
board   read the board
resign  give the game up
claim   claim the game against an opponent who is too late or gone
rematch offer or accept another game, once this one is over
say X   say one of: {emotes}
leave   leave the table
quit    leave the game and end the program
?       this help"""

IN_THE_LOBBY: Final = """\
match          play whoever waits, or wait
new            start a game and get its code
join CODE      join a game
watch CODE     watch a game
resume         go back to the game you left; resume CODE, where there are several
practice LEVEL play the computer: easy, medium or perfect
list           read the open games
quit           end the program
?              this help"""


def help_text(*, numpad: bool) -> str:
    layout = "7 is top left, 3 bottom right" if numpad else "1 is top left, 9 bottom right"
    return AT_A_TABLE.format(layout=layout, emotes=", ".join(EMOTE_WORDS))


def board_lines(game: Snapshot, *, numpad: bool) -> list[str]:
    """The board in three lines; a free cell shows its key."""
    cells = [
        str(digit_of(cell, numpad=numpad)) if mark == EMPTY else mark
        for cell, mark in enumerate(game.board)
    ]
    return [" ".join(cells[row : row + 3]) for row in (0, 3, 6)]


def seated(table: Table, *, numpad: bool) -> list[str]:
    """What one hears when sitting down."""
    game = table.game
    if table.seat is None:
        names = f"{name_of(game, Mark.X)} plays x, {name_of(game, Mark.O)} plays o."
        return [f"You watch game {game.id}: {names}", stands(table, numpad=numpad)]
    if game.status == "waiting":
        return [f"Game {game.id}: you play {table.seat} and wait for an opponent."]
    against = f"Game {game.id}: you play {table.seat} against {opponent_name(table)}."
    return [against, stands(table, numpad=numpad)]


def stands(table: Table, *, numpad: bool) -> str:
    """Where the game stands, in one sentence or two."""
    game = table.game
    if table.finished:
        return ended(table)
    if game.status == "waiting":
        return "Nobody has come yet."
    if table.seat is None or game.turn is not table.seat:
        return f"{name_of(game, game.turn or Mark.X)} is to move."
    digits = " ".join(str(digit_of(cell, numpad=numpad)) for cell in free(game.moves))
    limit = f", {counted(game.clock, 'second')}" if game.clock else ""
    return f"Your move{limit}; free: {digits}"


def ended(table: Table) -> str:
    """How a game ended and for whom."""
    return f"{result(table)}."


def connection_news(before: ClientState, now: ClientState) -> Iterator[str]:
    """What is to be said of the connection; nothing when the first attempt succeeds."""
    if now.failure == ELSEWHERE and before.failure != ELSEWHERE:
        yield ELSEWHERE
    elif now.connection is ConnectionStatus.CONNECTING and (before.attempts, now.attempts) == (
        0,
        1,
    ):
        yield f"{now.failure} Trying again."
    if now.connection is before.connection:
        return
    match now.connection:
        case ConnectionStatus.RECONNECTING:
            yield "The connection is lost; trying again."
        case ConnectionStatus.FAILED:
            yield now.failure or "The server cannot be reached."
        case ConnectionStatus.ONLINE if before.connection is ConnectionStatus.RECONNECTING:
            yield "Connected again."
        case ConnectionStatus.ONLINE if before.failure is not None:
            yield "Connected."
        case ConnectionStatus.ONLINE | ConnectionStatus.CONNECTING:
            pass
        case status:
            assert_never(status)


def opening(asked: Opening) -> str:
    """What the command line asked for, while there is no answer yet."""
    match asked:
        case StartGame():
            return "Starting a game."
        case JoinGame(code):
            return f"Joining {code}."
        case WatchGame(code):
            return f"Going to watch {code}."
        case PlayComputer():
            return "Calling the computer."
        case ShowLobby() | ShowReplay():
            return "Looking for the server."
        case _:
            assert_never(asked)


def missed(game: Missed) -> Iterator[str]:
    """What happened to a game that the player had left."""
    if game.table is None:
        yield f"Game {game.id}, which you left, is no longer on the server."
        return
    yield f"While you were away game {game.id} ended. {ended(game.table)}"
    if game.table.game.moves:
        yield f"Replay code: {code_of(game.table.game.moves)}"


def table_news(before: Table, now: Table, *, numpad: bool) -> Iterator[str]:
    """What is to be said of what happened at a table."""
    if now.replaced and not before.replaced:
        yield "Another terminal of yours plays this game now."
    if now.gone and not before.gone:
        yield "The server no longer knows this game."
    yield from _said(before, now)
    if now.game == before.game:
        return
    if before.game.status == "waiting" and now.game.status == "playing" and now.seat:
        yield f"{opponent_name(now)} has come and plays {now.seat.other}."
    moved = _moved(before.game, now.game)
    yield from moved
    if now.finished and not before.finished:
        yield ended(now)
        if now.game.status != "cancelled":
            yield f"Replay code: {code_of(now.game.moves)}"
    elif now.game.status == "playing" and (moved or before.game.status == "waiting"):
        yield stands(now, numpad=numpad)
    yield from _presence(before, now)
    yield from _rematch(before, now)


def _said(before: Table, now: Table) -> Iterator[str]:
    if now.said is not None and now.said != before.said:
        yield f"{name_of(now.game, now.said.mark)}: {EMOTE_WORDS[now.said.emote]}"


def _moved(before: Snapshot, now: Snapshot) -> list[str]:
    """The moves that are new; after a gap there can be several."""
    if not now.moves.startswith(before.moves):
        return []
    return [
        f"{'xo'[place % 2]} takes the {CELL_NAMES[int(now.moves[place])]}."
        for place in range(len(before.moves), len(now.moves))
    ]


def _presence(before: Table, now: Table) -> Iterator[str]:
    for mark in Mark:
        was, player = before.game.players[mark], now.game.players[mark]
        if was is None or player is None or mark is now.seat or was.away == player.away:
            continue
        if now.game.next is not None:
            # Both have left this table for their next one.
            continue
        name = name_of(now.game, mark)
        match player.away:
            case "lost":
                yield f"{name} lost the connection."
            case "left":
                yield f"{name} has left the table."
            case None:
                yield f"{name} is back."


def _rematch(before: Table, now: Table) -> Iterator[str]:
    offer = now.game.rematch
    if offer == before.game.rematch or now.game.next is not None:
        return
    if offer is None:
        yield "The offer of a rematch has lapsed."
    elif offer is now.seat:
        yield "You offer a rematch."
    else:
        accept = "; type rematch to accept" if now.seat else ""
        yield f"{name_of(now.game, offer)} offers a rematch{accept}."


def listing(line: Listing) -> str:
    """A line of the lobby."""
    clock = f", {counted(line.clock, 'second')} a move" if line.clock else ""
    if line.mark is None:
        return f"{line.id}: {line.names.x} against {line.names.o}{clock}"
    host = line.names.x if line.mark is Mark.O else line.names.o
    return f"{line.id}: {host} waits, you would play {line.mark}{clock}"


def replayed(moves: str) -> Iterator[str]:
    """A finished game, move by move."""
    for place, cell in enumerate(moves):
        yield f"{place + 1}. {'xo'[place % 2]} takes the {CELL_NAMES[int(cell)]}."


def replayed_end(moves: str) -> str:
    """How a history stands at its end."""
    result = outcome(moves)
    if not result.over:
        return "There the game stopped."
    if result.winner is None:
        return "The game is drawn."
    return f"{result.winner} wins: {line_names(result.lines)}."
