"""Why a key means nothing now, in a sentence that stands for a moment. Pure."""

from typing import assert_never

from tui.client.actions import TableAction
from tui.client.state import ClientState, ConnectionStatus, Table
from tui.words.phrases import opponent_name, span

_WATCHING = "You watch this game."


def why_no_move(  # noqa: PLR0911 (one sentence per cause)
    table: Table, cell: int | None = None
) -> str:
    """Why a cell, or any, cannot be played."""
    if reason := _why_nothing(table):
        return reason
    if table.finished:
        return "The game is over."
    if table.seat is None:
        return "You watch this game; its players move."
    if table.game.status == "waiting":
        return "Nobody has come yet."
    if table.pending is not None:
        return "Your move is on its way."
    if table.game.turn is not table.seat:
        return "It is not your turn."
    return "" if cell is None or cell in table.choices else "That cell is taken."


def why_no_action(  # noqa: PLR0911 (one sentence per cause)
    state: ClientState, table: Table, action: TableAction, now_ms: int
) -> str:
    """Why something cannot be done at a table now."""
    reason = _why_nothing(table)
    match action:
        case "replay" | "share":
            return "No move was made." if table.finished else "The game is not over."
        case "practise":
            return _WATCHING if table.seat is None else "You can when this game is over."
        case "take_back":
            return reason or "This terminal plays the game already."
        case "follow":
            return "There is no next game to watch." if table.seat is None else "You play here."
        case "resign":
            return reason or _why_not_at_play(table)
        case "claim":
            return reason or _why_not_at_play(table) or _why_no_claim(state, table, now_ms)
        case "rematch":
            return reason or _why_no_rematch(table)
        case "emote":
            return reason or _why_no_word(table)
        case _:
            assert_never(action)


def why_no_key(key: str) -> str:
    """For a key that has no meaning on a screen at all."""
    return f"{key} means nothing here; ? shows the keys."


def _why_nothing(table: Table) -> str:
    if table.replaced:
        return "Another terminal of yours plays this game."
    return "This game is no longer on the server." if table.gone else ""


def _why_not_at_play(table: Table) -> str:
    if table.seat is None:
        return _WATCHING
    if table.game.status == "waiting":
        return "Nobody has come yet."
    return "The game is over." if table.finished else ""


def _why_no_claim(state: ClientState, table: Table, now_ms: int) -> str:
    if state.connection is not ConnectionStatus.ONLINE:
        return "Nothing can be claimed without a connection."
    if table.claim_at is None:
        return f"{opponent_name(table)} is neither away nor too late."
    return f"You can claim the game in {span(state.remaining_ms(table.claim_at, now_ms))}."


def _why_no_rematch(table: Table) -> str:
    if table.seat is None:
        return _WATCHING
    if not table.finished:
        return "You can when this game is over."
    if table.game.rematch is table.seat:
        return "You have offered a rematch."
    return f"{opponent_name(table)} has left the table."


def _why_no_word(table: Table) -> str:
    if table.seat is None:
        return _WATCHING
    if table.game.status == "waiting":
        return "Nobody has come yet."
    return f"{opponent_name(table)} does not hear you."
