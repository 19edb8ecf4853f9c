"""Snapshots and events of made-up games, as a server would send them."""

from typing import Any

from shared.board import Mark, board, outcome, turn
from shared.messages import Player, Players, Series, Snapshot

CODE = "K7QF2M"
NEXT = "NEXT22"
KEY = "0123456789abcdefABCDEF"
NOW = 1_700_000_000_000


def player(name: str = "Ada", *, online: bool = True, away_at: int | None = None) -> Player:
    return Player(name=name, online=online, away=None if online else "lost", away_at=away_at)


def game(moves: str = "", *, rev: int | None = None, code: str = CODE, **changes: Any) -> Snapshot:
    """A game that is being played, or over as its moves say; ``changes`` are fields."""
    result = outcome(moves)
    over = "won" if result.winner else "drawn"
    fields: dict[str, Any] = {
        "id": code,
        "rev": 2 + len(moves) if rev is None else rev,
        "status": over if result.over else "playing",
        "moves": moves,
        "board": board(moves),
        "turn": None if result.over else turn(moves),
        "winner": result.winner,
        "lines": result.lines,
        "players": Players(x=player("Ada"), o=player("Bob")),
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
    x, o = (player(), None) if mark is Mark.X else (None, player())
    return game(rev=1, code=code, status="waiting", turn=None, players=Players(x=x, o=o))
