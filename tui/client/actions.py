"""What a player can do at a table, besides playing and going back."""

from typing import Literal, get_args

from tui.client.state import ClientState, ConnectionStatus, Table

TableAction = Literal[
    "rematch",
    "claim",
    "take_back",
    "follow",
    "replay",
    "share",
    "practise",
    "emote",
    "resign",
]
"""``follow`` watches the next game of the players; ``practise`` plays the computer."""
TABLE_ACTIONS: frozenset[TableAction] = frozenset(get_args(TableAction))


def can_claim(state: ClientState, table: Table, now_ms: int) -> bool:
    """Whether the server would grant a claim now."""
    online = state.connection is ConnectionStatus.ONLINE
    claimable = table.claim_at is not None and not (table.replaced or table.gone)
    return claimable and online and state.remaining_ms(table.claim_at or 0, now_ms) == 0


def legal_actions(
    state: ClientState, table: Table, now_ms: int, *, practice: bool
) -> frozenset[TableAction]:
    """What can be done now; ``practice`` is a game against the computer."""
    claim: set[TableAction] = {"claim"} if can_claim(state, table, now_ms) else set()
    if table.finished:
        return _after_the_end(table, practice=practice)
    if table.replaced:
        return frozenset({"take_back"})
    if table.seat is None or table.gone or table.game.status != "playing":
        return frozenset()
    return frozenset(claim | ({"resign"} if practice else {"resign", "emote"}))


def _after_the_end(table: Table, *, practice: bool) -> frozenset[TableAction]:
    legal: set[TableAction] = {"replay", "share"} if table.game.moves else set()
    if table.seat is None:
        return frozenset(legal | ({"follow"} if table.game.next else set()))
    legal.add("practise")
    wanted = table.game.rematch is table.seat
    left = table.opponent is None or table.opponent.away == "left"
    if table.alive and not wanted and not left:
        legal.add("rematch")
    if table.alive and table.opponent and table.opponent.online and not practice:
        legal.add("emote")
    return frozenset(legal)
