"""A game as the item that DynamoDB keeps of it. Imports core and shared.

An attribute that does not apply is absent, never empty. Three of them are keys of sparse indexes:
``PlayerX``, ``PlayerO`` (there while somebody is connected) and ``Lobby`` (there while the game is
shown in the lobby). No move but the last touches any of them.
"""

import zlib
from typing import Any, Final

from backend.aws.attributes import Item, Value, attribute, value_of
from backend.core.game import Game, Seat
from backend.core.ports import LobbyLine
from shared.board import Mark
from shared.messages import LobbyKind, Series

SHARDS: Final = 4
"""A lobby with one key would cap the whole game at one partition's writes a second."""

BY_PLAYER: Final = {Mark.X: "PlayerX", Mark.O: "PlayerO"}
"""The indexes that find the seat of a lost connection, and their keys."""
LOBBY_INDEX: Final = "Lobby"
LOBBY_LINE: Final = ("NameX", "NameO", "PlayerX", "PlayerO", "Clock")
"""What the lobby's index holds besides its keys."""


def shard_of(game_id: str) -> str:
    """The shard of the lobby that shows this game, whenever it shows it."""
    return str(zlib.crc32(game_id.encode()) % SHARDS)


def standing(kind: LobbyKind, since: int) -> str:
    """The lobby's sort key: the list, then the time.

    Because the list is part of it, a game that begins need not know whether it is listed.
    """
    return f"{kind}#{since:015d}"


def item_of(game: Game) -> Item:
    """The item that keeps this game."""
    return {name: attribute(value) for name, value in attributes_of(game).items()}


def attributes_of(game: Game) -> dict[str, Value]:
    """The attributes of the item, by name, as Python values."""
    fields: dict[str, Value | None] = {
        "GameId": game.id,
        "ttl": game.expires,
        "Rev": game.rev,
        "Status": game.status,
        "Moves": game.moves,
        "Winner": game.winner,
        "Clock": game.clock,
        "TurnAt": game.turn_at,
        "Since": standing("open" if game.status == "waiting" else "live", game.since),
        "Listed": game.listed or None,
        "Lobby": shard_of(game.id) if game.lobby else None,
        "SeriesX": game.series.x,
        "SeriesO": game.series.o,
        "SeriesDrawn": game.series.drawn,
        "Offer": game.offer,
        "Next": game.next,
        "Watchers": game.watchers or None,
        "EmoteAt": game.emoted,
        "Replaced": game.replaced,
    }
    for mark in Mark:
        fields |= seat_fields(mark, game.seat(mark))
    return {name: value for name, value in fields.items() if value is not None}


def seat_fields(mark: Mark, seat: Seat) -> dict[str, Value | None]:
    """The attributes of one seat; None is absent."""
    if not seat.taken:
        return {}
    side = mark.upper()
    return {
        f"Player{side}": seat.connection,
        f"Token{side}": bytes.fromhex(seat.token),
        f"Name{side}": seat.name,
        f"Bound{side}": seat.bound_at,
        f"Away{side}": seat.away,
        f"AwayAt{side}": seat.away_at,
    }


def game_of(item: Item) -> Game:
    """The game that an item keeps."""
    held = {name: value_of(stored) for name, stored in item.items()}
    return Game(
        id=held["GameId"],
        expires=held["ttl"],
        rev=held["Rev"],
        status=held["Status"],
        moves=held["Moves"],
        winner=_mark(held.get("Winner")),
        x=_seat(Mark.X, held),
        o=_seat(Mark.O, held),
        clock=held["Clock"],
        turn_at=held["TurnAt"],
        since=_time(held["Since"]),
        listed="Listed" in held,
        series=Series(x=held["SeriesX"], o=held["SeriesO"], drawn=held["SeriesDrawn"]),
        offer=_mark(held.get("Offer")),
        next=held.get("Next"),
        watchers=held.get("Watchers", frozenset()),
        emoted=held["EmoteAt"],
        replaced=held.get("Replaced") or None,
    )


def line_of(item: Item) -> LobbyLine:
    """The line of the lobby that an entry of its index makes."""
    held = {name: value_of(stored) for name, stored in item.items()}
    return LobbyLine(
        id=held["GameId"],
        since=_time(held["Since"]),
        clock=held["Clock"],
        names=(held.get("NameX"), held.get("NameO")),
        connections=(held.get("PlayerX"), held.get("PlayerO")),
    )


def _seat(mark: Mark, held: dict[str, Any]) -> Seat:
    side = mark.upper()
    if f"Token{side}" not in held:
        return Seat()
    return Seat(
        token=held[f"Token{side}"].hex(),
        name=held[f"Name{side}"],
        connection=held.get(f"Player{side}"),
        bound_at=held[f"Bound{side}"],
        away=held.get(f"Away{side}"),
        away_at=held.get(f"AwayAt{side}"),
    )


def _mark(text: str | None) -> Mark | None:
    return None if text is None else Mark(text)


def _time(sort_key: str) -> int:
    return int(sort_key.partition("#")[2])
