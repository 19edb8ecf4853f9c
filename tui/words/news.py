"""What has just happened to a player, as the difference of two states. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from tui.client.state import ClientState, Result, result_of


@dataclass(frozen=True, slots=True)
class YourTurn:
    """The player can choose a cell at this table, and could not before."""

    id: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A game of the player's is over."""

    id: str
    result: Result


News = YourTurn | Ended


def news(old: ClientState, new: ClientState) -> Iterator[News]:
    """What a player should hear of, whatever screen is in front."""
    known = {missed.id for missed in old.missed}
    for missed in new.missed:
        result = result_of(missed.table) if missed.table else None
        if result is not None and missed.id not in known:
            yield Ended(missed.id, result)
    for game_id, table in new.tables.items():
        before = old.tables.get(game_id)
        result = result_of(table)
        # Whoever comes back to a game by its code may find it over.
        if result is not None and not (before and before.finished):
            yield Ended(game_id, result)
        if before is None:
            continue
        began = before.game.status == "waiting"
        if table.my_turn and (began or table.game.moves != before.game.moves):
            yield YourTurn(game_id)
        onward = new.tables.get(table.onward or "")
        if onward is not None and before.onward is None and onward.my_turn:
            yield YourTurn(onward.id)
