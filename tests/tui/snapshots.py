"""Snapshots of made-up games, as a server would send them."""

from typing import Any

from shared.board import Mark, board, outcome, turn
from shared.messages import Player, Players, Series, Snapshot, Status

CODE = "K7QF2M"
NEXT = "NEXT22"
KEY = "0123456789abcdefABCDEF"
NOW = 1_800_000_000_000


def player(name: str = "Ada", *, online: bool = True, away_at: int | None = None) -> Player:
    return Player(name=name, online=online, away=None if online else "lost", away_at=away_at)


ADA, BOB = player("Ada"), player("Bob")


def lost(player: Player, seconds: int) -> Player:
    """The player, without connection for so long."""
    return Player(name=player.name, online=False, away="lost", away_at=NOW - 1000 * seconds)


def left(player: Player, seconds: int) -> Player:
    """The player, gone on purpose so long ago."""
    return Player(name=player.name, online=False, away="left", away_at=NOW - 1000 * seconds)


def game(
    moves: str = "",
    status: Status | None = None,
    *,
    x: Player | None = ADA,
    o: Player | None = BOB,
    code: str = CODE,
    **changes: Any,
) -> Snapshot:
    """A game with this history; what follows from it is derived, and ``changes`` are fields."""
    ended = outcome(moves)
    derived: Status = "won" if ended.winner else "drawn" if ended.over else "playing"
    status = status or ("waiting" if x is None or o is None else derived)
    fields: dict[str, Any] = {
        "id": code,
        "rev": 2 + len(moves),
        "status": status,
        "moves": moves,
        "board": board(moves),
        "turn": turn(moves) if status == "playing" else None,
        "winner": ended.winner,
        "lines": ended.lines,
        "players": Players(x=x, o=o),
        "clock": 0,
        "deadline": None,
        "series": Series(),
        "rematch": None,
        "next": None,
        "watchers": 0,
    }
    return Snapshot(**(fields | changes))


def waiting(code: str = CODE, mark: Mark = Mark.X) -> Snapshot:
    """A game whose host waits at ``mark``."""
    x, o = (ADA, None) if mark is Mark.X else (None, ADA)
    return game(rev=1, code=code, x=x, o=o)
