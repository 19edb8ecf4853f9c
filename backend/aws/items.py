"""A game as the item that DynamoDB keeps of it.

An attribute that does not apply is absent, never empty. Three of them are keys of sparse indexes:
``PlayerX``, ``PlayerO`` (there while somebody is connected) and ``Lobby`` (there while the game is
shown in the lobby). No move but the last touches any of them.
"""

import zlib
from typing import Any, Final

from backend.aws.attributes import Item, Value, attribute, value_of
from backend.core import fields
from backend.core.fields import FIELDS, FieldPath, values_of
from backend.core.game import Game, Seat
from backend.core.ports import LobbyLine
from shared.board import Mark
from shared.messages import LobbyKind

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


def _attribute_name(path: FieldPath) -> str:
    """``Moves``, ``SeriesDrawn``; of a seat ``TokenX``."""
    if path in _NAMES:
        return _NAMES[path]
    if path[0] in set(Mark):
        side, name = path
        return f"{_SEAT_NAMES.get(name, _camel(name))}{side.upper()}"
    return "".join(_camel(name) for name in path)


def _camel(name: str) -> str:
    return name.title().replace("_", "")


_NAMES: Final[dict[FieldPath, str]] = {
    ("id",): "GameId",
    ("expires",): "ttl",
    ("emoted",): "EmoteAt",
}
_SEAT_NAMES: Final = {"connection": "Player", "bound_at": "Bound"}
ATTRIBUTES: Final = {field.path: _attribute_name(field.path) for field in FIELDS}
"""The name of the attribute that keeps each field of a game."""


def item_of(game: Game) -> Item:
    """The item that keeps this game."""
    return {name: attribute(value) for name, value in attributes_of(game).items()}


def attributes_of(game: Game) -> dict[str, Value]:
    """The attributes of the item, by name, as Python values."""
    empty = {mark.value for mark in Mark if not game.seat(mark).taken}
    held = {
        ATTRIBUTES[path]: value
        for path, value in values_of(game).items()
        if path[0] not in empty and _applies(value)
    }
    held |= {f"Token{mark.upper()}": _token(game.seat(mark)) for mark in Mark if mark not in empty}
    held["Since"] = standing("open" if game.status == "waiting" else "live", game.since)
    if game.lobby:
        held["Lobby"] = shard_of(game.id)
    return held


def seat_attributes(mark: Mark, seat: Seat) -> dict[str, Value]:
    """The attributes of a seat that is taken."""
    values = {ATTRIBUTES[mark.value, *path]: value for path, value in values_of(seat).items()}
    values[f"Token{mark.upper()}"] = _token(seat)
    return {name: value for name, value in values.items() if _applies(value)}


def _applies(value: Any) -> bool:
    """Whether a value has an attribute: nothing, no and an empty set have none."""
    return not (value is None or value is False or value == [])


def _token(seat: Seat) -> bytes:
    return bytes.fromhex(seat.token)


def game_of(item: Item) -> Game:
    """The game that an item keeps."""
    values = {path: value_of(item[name]) for path, name in ATTRIBUTES.items() if name in item}
    for mark in Mark:
        if (token := values.get((mark.value, "token"))) is not None:
            values[mark.value, "token"] = token.hex()
    values["since",] = _time(values["since",])
    # An update copies it from an attribute that may be absent, and can then only write "".
    values["replaced",] = values.get(("replaced",)) or None
    return fields.game_of(values)


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


def _time(sort_key: str) -> int:
    return int(sort_key.partition("#")[2])
