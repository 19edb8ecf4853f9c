"""What is said of a player at the table: name, presence, clock, wins and the last emote."""

from dataclasses import dataclass

from shared.board import Mark
from shared.messages import Snapshot
from tui.client.state import ClientState, ConnectionStatus, Table
from tui.words.phrases import EMOTE_WORDS, SAID_MS, clock_ms, elapsed, name_of, span


@dataclass(frozen=True, slots=True)
class PlayerView:
    """What is shown of a player; ``away`` is empty for one who is there."""

    mark: Mark
    name: str
    you: bool = False
    to_move: bool = False
    away: str = ""
    clock: str = ""
    wins: int | None = None
    said: str = ""


def player_view(state: ClientState, table: Table, mark: Mark, now_ms: int) -> PlayerView:
    """One player as a table's state tells."""
    game, player, said = table.game, table.game.players[mark], table.said
    to_move = game.status == "playing" and game.turn is mark
    left = clock_ms(state, game, now_ms) if to_move else None
    fresh = said is not None and said.mark is mark and now_ms - said.at < SAID_MS
    return PlayerView(
        mark=mark,
        name=name_of(game, mark) if player else "nobody yet",
        you=mark is table.seat,
        to_move=to_move,
        away=_away(state, table, mark, now_ms),
        clock="" if left is None else span(left),
        wins=_wins(game, mark),
        said=EMOTE_WORDS[said.emote] if said and fresh else "",
    )


def _wins(game: Snapshot, mark: Mark) -> int | None:
    """Games won; None before anything of a series was played."""
    if not game.series.x + game.series.o + game.series.drawn:
        return None
    return game.series.x if mark is Mark.X else game.series.o


def _away(state: ClientState, table: Table, mark: Mark, now_ms: int) -> str:
    player = table.game.players[mark]
    if player is None:
        return "not here yet"
    if player.online:
        return "" if state.connection is ConnectionStatus.ONLINE else _unknown(mark, table)
    if player.away == "left":
        return "left"
    if player.away_at is None:
        return "offline"
    return f"offline {elapsed(state.server_now(now_ms) - player.away_at)}"


def _unknown(mark: Mark, table: Table) -> str:
    """Without a connection nobody knows who is there, and the player himself is not."""
    return "offline" if mark is table.seat else "not known now"
