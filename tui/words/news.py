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
    for game_id, table in new.tables.items():
        before = old.tables.get(game_id)
        if before is None:
            continue
        result = result_of(table)
        if result is not None and not before.finished:
            yield Ended(game_id, result)
        began = before.game.status == "waiting"
        if table.my_turn and (began or table.game.moves != before.game.moves):
            yield YourTurn(game_id)
        onward = new.tables.get(table.onward or "")
        if onward is not None and before.onward is None and onward.my_turn:
            yield YourTurn(onward.id)
